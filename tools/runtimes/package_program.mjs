/**
 * What a program does with the npm package, on a runtime that is not Deno.
 * Installed beside the package and run by tools/runtimes.ts.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { AwsError, ServiceError, Session } from "@inia/aws";
import { GetObject, S3 } from "@inia/aws/s3";
import { STS } from "@inia/aws/sts";
import { download, file, upload } from "@inia/aws/transfer";

const [, , endpointUrl, accessKeyId, secretAccessKey] = process.argv;
const home = await mkdtemp(`${tmpdir()}/inia-package-`);
const say = (what, value) => console.log(`${what}: ${value}`);

const { exports } = createRequire(import.meta.url)("@inia/aws/package.json");
const entries = Object.keys(exports).filter((name) => !name.endsWith(".json"));
for (const name of entries) await import(`@inia/aws${name.slice(1)}`);
say("entries", entries.length);

await writeFile(
  `${home}/config`,
  [
    "[default]",
    "region = us-east-1",
    `endpoint_url = ${endpointUrl}`,
    "[profile process]",
    "region = us-east-1",
    `endpoint_url = ${endpointUrl}`,
    `credential_process = "${process.execPath}" "${home}/keys.mjs" "a b"`,
    "[profile failing]",
    `credential_process = "${process.execPath}" "${home}/fail.mjs"`,
    "[profile role]",
    "role_arn = arn:aws:iam::123456789012:role/demo",
    "source_profile = process",
    "region = us-east-1",
    `endpoint_url = ${endpointUrl}`,
    "",
  ].join("\n"),
);
const keys = {
  Version: 1,
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
};
await writeFile(
  `${home}/keys.mjs`,
  `if (process.argv[2] !== "a b") process.exit(9);
   console.log(${JSON.stringify(JSON.stringify(keys))});`,
);
await writeFile(
  `${home}/fail.mjs`,
  `console.error("no luck"); process.exit(3);`,
);
process.env.AWS_CONFIG_FILE = `${home}/config`;
process.env.AWS_SHARED_CREDENTIALS_FILE = `${home}/none`;
for (const name of Object.keys(process.env)) {
  if (/proxy|^AWS_(ACCESS|SECRET|SESSION|PROFILE|CA_)/i.test(name)) {
    delete process.env[name];
  }
}

const Bucket = `package-${Date.now()}`;
const session = new Session({ profile: "process" });
say("process", (await session.credentials()).accessKeyId === accessKeyId);
const s3 = session.client(S3);
await s3.createBucket({ Bucket });
await s3.putObject({ Bucket, Key: "a b/ü", Body: "miaow" });
const { Body } = await s3.getObject({ Bucket, Key: "a b/ü" });
say("get", await Body.text());
const listed = [];
for await (const { Key } of s3.listObjectsV2Items({ Bucket })) listed.push(Key);
say("list", listed);

const bytes = new Uint8Array(9_000_000).map((_, at) => at % 251);
await writeFile(`${home}/in`, bytes);
await upload(s3, { Bucket, Key: "big", Body: file(`${home}/in`) });
await download(s3, { Bucket, Key: "big" }, file(`${home}/out`));
say("file", Buffer.compare(await readFile(`${home}/out`), bytes));

const { url } = await s3.presign(GetObject, { Bucket, Key: "a b/ü" }, {
  expiresInSeconds: 60,
});
say("presign", await (await fetch(url)).text());

const { Credentials } = await session.client(STS).assumeRole({
  RoleArn: "arn:aws:iam::123456789012:role/demo",
  RoleSessionName: "package",
});
const assumed = new Session({ profile: "default", credentials: Credentials });
say("role", typeof (await assumed.client(S3).listBuckets()).Buckets?.length);
const byProfile = new Session({ profile: "role" });
const { Arn } = await byProfile.client(STS).getCallerIdentity();
say("role profile", Arn?.split("/").slice(0, 2).join("/"));

async function failure(what, run) {
  try {
    await run();
    say(what, "no error");
  } catch (error) {
    const kind = error instanceof ServiceError ? "service" : error.name;
    say(
      what,
      error instanceof AwsError ? `${kind} ${error.code ?? "-"}` : error,
    );
  }
}
await failure("missing", () => s3.getObject({ Bucket, Key: "none" }));
await failure("invalid", () => s3.getObject({ Bucket }));
await failure(
  "failing",
  () => new Session({ profile: "failing" }).credentials(),
);
await failure(
  "unknown profile",
  () => new Session({ profile: "x" }).credentials(),
);

const silent = http.createServer(() => {});
await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
const waiting = new Session({
  profile: "process",
  endpointUrl: `http://127.0.0.1:${silent.address().port}`,
  readTimeoutMs: 100,
  retry: { mode: "standard", maxAttempts: 1 },
});
await failure("timeout", () => waiting.client(S3).listBuckets());
silent.closeAllConnections();
silent.close();
await rm(home, { recursive: true });
