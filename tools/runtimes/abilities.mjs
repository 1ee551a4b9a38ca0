/**
 * What a runtime has of the npm package, each tried: `abilities(place)` returns
 * "yes", or what came instead. Run by tools/runtimes.ts in programs beside the
 * installed package, and bundled in a page.
 */
import { Session } from "@inia/aws";
import { GetObject, S3 } from "@inia/aws/s3";
import { STS } from "@inia/aws/sts";
import { download, file, upload } from "@inia/aws/transfer";

const TRIALS = {
  "calls over `fetch`": async ({ s3, Bucket }) => {
    await s3.putObject({ Bucket, Key: "text", Body: "miaow" });
    const { Body } = await s3.getObject({ Bucket, Key: "text" });
    return await Body.text() === "miaow";
  },
  "presigned URLs": async ({ s3, Bucket }) => {
    const { url } = await s3.presign(GetObject, { Bucket, Key: "text" }, {
      expiresInSeconds: 60,
    });
    return await (await fetch(url)).text() === "miaow";
  },
  "uploads in parts, checked": async ({ s3, Bucket }) => {
    const Body = new Uint8Array(9_000_000);
    const { method } = await upload(s3, { Bucket, Key: "parts", Body });
    return method === undefined || method === "multipart";
  },
  "a stream as a body": async ({ s3, Bucket }) => {
    const Body = new Blob(["miaow"]).stream();
    await s3.putObject({ Bucket, Key: "stream", Body, ContentLength: 5 });
    const { ContentLength } = await s3.headObject({ Bucket, Key: "stream" });
    return ContentLength === 5;
  },
  "compressed objects as they are stored": async ({ s3, Bucket }) => {
    const stream = new Blob(["miaow".repeat(9)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const sent = new Uint8Array(await new Response(stream).arrayBuffer());
    await s3.putObject({
      Bucket,
      Key: "gzip",
      Body: sent,
      ContentEncoding: "gzip",
    });
    const { Body } = await s3.getObject({ Bucket, Key: "gzip" });
    return (await Body.bytes()).length === sent.length || "decompressed";
  },
  "settings in the environment": async ({ keys }) => {
    setEnvironment({
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    });
    try {
      const { accessKeyId } = await new Session().credentials();
      return accessKeyId === keys.accessKeyId;
    } finally {
      setEnvironment({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
    }
  },
  "profiles and files of keys": async () => {
    const { accessKeyId } = await new Session({ profile: "keys" })
      .credentials();
    return accessKeyId === "AKIDFILE";
  },
  "`credential_process`": async () => {
    const { accessKeyId } = await new Session({ profile: "process" })
      .credentials();
    return accessKeyId === "AKIDPROCESS";
  },
  "roles of profiles": async () => {
    const sts = new Session({ profile: "role" }).client(STS);
    return (await sts.getCallerIdentity()).Arn.includes("assumed-role");
  },
  "uploads from files, downloads to files": async ({ s3, Bucket, folder }) => {
    const { readFile, writeFile } = await import("node:fs/promises");
    await writeFile(`${folder}/in`, "miaow");
    const from = file(`${folder}/in`);
    await upload(s3, { Bucket, Key: "file", Body: from });
    await download(s3, { Bucket, Key: "file" }, file(`${folder}/out`));
    return await readFile(`${folder}/out`, "utf8") === "miaow";
  },
  "sockets instead of `fetch`": async ({ keys, endpointUrl, Bucket }) => {
    const session = new Session({
      region: "us-east-1",
      credentials: keys,
      endpointUrl,
      transport: "socket",
    });
    const s3 = session.client(S3);
    const { Body } = await s3.getObject({ Bucket, Key: "text" });
    return await Body.text() === "miaow";
  },
  "option `connectTimeoutMs`": (place) =>
    taken(place, { connectTimeoutMs: 1_000 }),
  "option `proxy`": (place) => taken(place, { proxy: "http://127.0.0.1:9" }),
  "option `caCerts`": (place) => taken(place, { caCerts: [CERTIFICATE] }),
  "client certificates": async (place) => {
    const { FetchTransport } = await import("@inia/aws/transport");
    const clientCertificate = { cert: CERTIFICATE, key: CERTIFICATE };
    const transport = () => new FetchTransport({ clientCertificate });
    return await taken(place, {}, transport);
  },
  "`LocalAws` without a port": async ({ keys }) => {
    const { LocalAws } = await import("@inia/aws/testing");
    const local = new LocalAws({ credentials: [keys] });
    const session = new Session({
      ...local.clientConfig,
      transport: local.transport(),
    });
    const { Buckets } = await session.client(S3).listBuckets();
    return Buckets.length === 0;
  },
  "`LocalAws` on a port": async () => {
    const { LocalAws } = await import("@inia/aws/testing");
    const local = await LocalAws.start();
    await local[Symbol.asyncDispose]();
    return local.clientConfig.endpointUrl.startsWith("http:");
  },
  "the command line": async () => {
    const { main } = await import("@inia/aws/cli");
    return await main(["ls", "--help"]) === 0;
  },
};

/** Made for this program; nobody trusts it. */
const CERTIFICATE =
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** Whether an option is taken, be the call as it may. */
async function taken({ keys, endpointUrl, Bucket }, options, transport) {
  try {
    const session = new Session({
      region: "us-east-1",
      credentials: keys,
      endpointUrl,
      retry: { mode: "standard", maxAttempts: 1 },
      ...transport && { transport: transport() },
      ...options,
    });
    await session.client(S3).getObject({ Bucket, Key: "text" });
  } catch (error) {
    if (error.code === "NotOnThisRuntime") return "refused";
  }
  return true;
}

function setEnvironment(variables) {
  const { env } = globalThis.process ?? {};
  for (const [name, value] of Object.entries(variables)) {
    if (env !== undefined) env[name] = value;
  }
}

/** Files of settings in a folder, where there are files. */
async function writeProfiles({ endpointUrl, keys, folder }) {
  const { writeFile } = await import("node:fs/promises");
  const { execPath } = globalThis.process;
  const command = execPath.endsWith("deno")
    ? `"${execPath}" run "${folder}/keys.mjs"`
    : `"${execPath}" "${folder}/keys.mjs"`;
  const made = {
    Version: 1,
    AccessKeyId: "AKIDPROCESS",
    SecretAccessKey: "x",
  };
  await writeFile(
    `${folder}/keys.mjs`,
    `console.log(${JSON.stringify(JSON.stringify(made))});`,
  );
  await writeFile(
    `${folder}/config`,
    `[profile process]
credential_process = ${command}
[profile role]
region = us-east-1
endpoint_url = ${endpointUrl}
role_arn = arn:aws:iam::123456789012:role/demo
source_profile = source
`,
  );
  await writeFile(
    `${folder}/credentials`,
    `[keys]
aws_access_key_id = AKIDFILE
aws_secret_access_key = x
[source]
aws_access_key_id = ${keys.accessKeyId}
aws_secret_access_key = ${keys.secretAccessKey}
`,
  );
  setEnvironment({
    AWS_CONFIG_FILE: `${folder}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials`,
  });
}

/** Tries all; `folder` is there on all runtimes but browsers. */
export async function abilities(place) {
  // A setting of the machine is none of this program.
  for (const name of Object.keys(globalThis.process?.env ?? {})) {
    if (/proxy|^AWS_/i.test(name)) delete globalThis.process.env[name];
  }
  if (place.folder !== undefined) await writeProfiles(place);
  const s3 = new Session({
    region: "us-east-1",
    credentials: place.keys,
    endpointUrl: place.endpointUrl,
  }).client(S3);
  const seen = {};
  for (const [name, run] of Object.entries(TRIALS)) {
    try {
      const result = await run({ ...place, s3 });
      seen[name] = result === true ? "yes" : result || "no";
    } catch (error) {
      const { code } = error;
      seen[name] = typeof code === "string" ? code : error.name;
    }
  }
  return seen;
}

if (globalThis.process?.argv !== undefined) {
  const [, , text] = globalThis.process.argv;
  console.log(`\n${JSON.stringify(await abilities(JSON.parse(text)))}`);
  globalThis.process.exit(0);
}
