/**
 * Everyday sessions of clients that nobody here wrote, against `LocalAws`.
 * Each is installed in a folder that is removed, with the version that stands
 * here, from npm or Debian; boto3 and awscli are those of the machine. One that
 * is not to be had is skipped with a word.
 *
 * ```sh
 * deno task test:clients
 * deno task test:clients minio rclone
 * ```
 *
 * @module
 */
import { client } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { LocalAws } from "../src/testing/mod.ts";

/** What a session has done. */
interface Told {
  /** Steps that were made. */
  readonly steps: readonly string[];
  /** Steps that were not made. */
  readonly lacks: readonly string[];
  /** Keys that were written. */
  readonly keys: readonly string[];
}

/** A client. */
interface Client {
  readonly name: string;
  /** Packages of npm, each with its version. */
  readonly npm?: readonly string[];
  /** Packages of Debian, each with its version. */
  readonly debian?: readonly string[];
  /** How to see that it is there, and its version. */
  readonly probe?: (folder: string) => readonly string[];
  /** Tells its session. */
  readonly tell: (place: Place) => Promise<Told>;
}

/** Where a client works. */
interface Place {
  readonly endpoint: string;
  readonly bucket: string;
  /** Where it is installed, for files of its own too. */
  readonly folder: string;
  readonly run: (...command: readonly string[]) => Promise<string>;
}

const KEY_ID = "AKIAIOSFODNN7EXAMPLE";
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const MIB = 1_024 * 1_024;
const HERE = new URL("clients/", import.meta.url);
const BUN = "node_modules/@oven/bun-linux-x64/bin/bun";

/** Files of the sessions of programs for a command line. */
const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  'a "b" & <c>': new TextEncoder().encode("odd"),
  "empty": new Uint8Array(),
  "folder/big": Uint8Array.from(
    { length: 16 * MIB + 1 },
    (_, index) => index % 251,
  ),
  "folder/naïve 日本 +%25.txt": new TextEncoder().encode("odder"),
  "folder/small.txt": new TextEncoder().encode("miaow"),
};

const NAMES = Object.keys(FILES);

/** What the server must have seen of a step. */
const PROOFS: Readonly<Record<string, string>> = {
  multipart: "CompleteMultipartUpload",
  copy: "CopyObject",
  "delete many": "DeleteObjects",
};

const RCLONE = "rclone=1.60.1+dfsg-2+b5";

const CLIENTS: readonly Client[] = [
  {
    name: "boto3",
    probe: () => ["python3", "-c", "import boto3; print(boto3.__version__)"],
    tell: async ({ endpoint, bucket, folder, run }) => {
      await Deno.copyFile(new URL("boto3_session.py", HERE), `${folder}/s.py`);
      return JSON.parse(await run("python3", "s.py", endpoint, bucket));
    },
  },
  { name: "awscli", probe: () => ["aws", "--version"], tell: tellAwscli },
  {
    name: "rclone",
    debian: [RCLONE],
    probe: (folder) => [`${folder}/usr/bin/rclone`, "version"],
    tell: tellRclone,
  },
  {
    name: "s3cmd",
    debian: [
      "s3cmd=2.3.0-1",
      "python3-dateutil=2.8.2-2",
      "python3-six=1.16.0-4",
    ],
    probe: (
      folder,
    ) => ["/usr/bin/python3", `${folder}/usr/bin/s3cmd`, "--version"],
    tell: tellS3cmd,
  },
  {
    name: "page",
    debian: [RCLONE],
    probe: () => ["bash", "-c", 'aws --version && python3 -c "import boto3"'],
    tell: tellPage,
  },
  ofNpm("aws-sdk", [
    "@aws-sdk/client-s3@3.1175.0",
    "@aws-sdk/lib-storage@3.1175.0",
    "@aws-sdk/s3-request-presigner@3.1169.0",
    "@aws-sdk/s3-presigned-post@3.1164.0",
  ]),
  ofNpm("minio", ["minio@8.0.7"]),
  ofNpm("aws4fetch", ["aws4fetch@1.0.20"]),
  ofNpm("bun", ["bun@1.4.5"], BUN),
  ofNpm("lean-s3", ["lean-s3@0.6.3"]),
  ofNpm("s3mini", ["s3mini@1.0.2"]),
];

let failed = false;
for (const one of CLIENTS) {
  if (Deno.args.length > 0 && !Deno.args.includes(one.name)) continue;
  const folder = await Deno.makeTempDir({ prefix: "inia-clients-" });
  try {
    console.log(`${one.name}: ${await outcome(one, folder)}`);
  } catch (error) {
    failed = true;
    console.log(`${one.name}: FAILED\n${String(error)}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
if (failed) Deno.exitCode = 1;

/** One line on a client: skipped and why, or what it has done. */
async function outcome(one: Client, folder: string): Promise<string> {
  const { name, npm = [], debian = [], probe } = one;
  const packages = [...npm, ...debian].join(", ");
  const env = {
    AWS_ACCESS_KEY_ID: KEY_ID,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    HOME: folder,
    // rclone refuses a bundle of certificates that the machine may name.
    AWS_CA_BUNDLE: "",
    LC_ALL: "C.UTF-8",
    PYTHONPATH: `${folder}/usr/lib/python3/dist-packages`,
  };
  let version = packages;
  try {
    await install(folder, npm, debian);
    if (probe !== undefined) {
      const text = await runIn(folder, env, probe(folder));
      if (packages === "") version = text.split("\n")[0] ?? "";
    }
  } catch (error) {
    const [reason] = String(error).split("\n");
    return `skipped, ${packages || "it"} is not to be had (${reason})`;
  }
  await using local = await LocalAws.start();
  const bucket = `${name}-bucket`;
  const { steps, lacks, keys } = await one.tell({
    endpoint: local.endpointUrl,
    bucket,
    folder,
    run: (...command) => runIn(folder, env, command),
  });
  await checkStore(local, bucket, { steps, lacks, keys });
  const without = lacks.length === 0 ? "" : `; not tried: ${lacks.join(", ")}`;
  return `ok, ${version}: ${steps.join(", ")}${without}`;
}

/** What the server says about a session: the client may be wrong twice. */
async function checkStore(
  local: LocalAws,
  bucket: string,
  { steps, lacks, keys }: Told,
): Promise<void> {
  for (const { operation, key, status, code } of local.requests()) {
    if (status >= 500 || operation === "") {
      throw new Error(`${operation} of "${key}": ${status} ${code ?? ""}`);
    }
  }
  for (const [step, operation] of Object.entries(PROOFS)) {
    const isSeen = local.requests().some((request) =>
      request.operation === operation && request.status < 300
    );
    if (steps.includes(step) && !isSeen) {
      throw new Error(`It says "${step}", but the server saw no ${operation}`);
    }
  }
  for (const key of keys) {
    const written = local.requests().some((request) =>
      request.key === key && request.status === 200 &&
      /^(?:CompleteMultipartUpload|PutObject)$/.test(request.operation)
    );
    if (!written) throw new Error(`The server knows no key ${key}`);
  }
  await using s3 = client(S3, local.clientConfig);
  const { Buckets = [] } = await s3.listBuckets();
  const left = Buckets.some(({ Name }) => Name === bucket);
  if (left !== lacks.includes("remove bucket")) {
    throw new Error(`The bucket ${left ? "is still there" : "is gone"}`);
  }
}

function ofNpm(
  name: string,
  npm: readonly string[],
  program = "node",
): Client {
  return {
    name,
    npm,
    probe: (folder) => [
      program === "node" ? program : `${folder}/${program}`,
      "--version",
    ],
    tell: async ({ endpoint, bucket, folder, run }) => {
      await Deno.copyFile(
        new URL("session.mjs", HERE),
        `${folder}/session.mjs`,
      );
      const node = program === "node" ? program : `${folder}/${program}`;
      if (name === "bun") {
        // Its client makes no buckets.
        await using s3 = client(S3, {
          region: "us-east-1",
          endpointUrl: endpoint,
          credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET },
        });
        await s3.createBucket({ Bucket: bucket });
      }
      return JSON.parse(
        await run(node, "session.mjs", name, endpoint, bucket, KEY_ID, SECRET),
      );
    },
  };
}

async function tellAwscli(
  { endpoint, bucket, folder, run }: Place,
): Promise<Told> {
  const aws = (...step: readonly string[]): Promise<string> =>
    run("aws", "--endpoint-url", endpoint, ...step);
  const s3 = `s3://${bucket}`;
  await writeFiles(`${folder}/from`);
  await aws("s3", "mb", s3);
  await aws("s3", "sync", "from", s3);
  const listed = JSON.parse(
    await aws("s3api", "list-objects-v2", "--bucket", bucket),
  );
  same(listed.Contents.map(({ Key }: { Key: string }) => Key), NAMES, "keys");
  const [odd = ""] = NAMES;
  const object = ["--bucket", bucket, "--key", odd];
  const head = JSON.parse(await aws("s3api", "head-object", ...object));
  same(head.ETag, '"a2b6f2a6066ed8700d83335fc50a2b8e"', "ETag");
  await aws("s3api", "get-object", ...object, "--range", "bytes=1-2", "part");
  same(await Deno.readTextFile(`${folder}/part`), "dd", "range");
  await aws(
    "s3",
    "cp",
    `${s3}/${odd}`,
    `${s3}/copy`,
    "--metadata",
    "mood=calm",
    "--metadata-directive",
    "REPLACE",
  );
  const copied = JSON.parse(
    await aws("s3api", "head-object", "--bucket", bucket, "--key", "copy"),
  );
  same(copied.Metadata, { mood: "calm" }, "metadata");
  const url = (await aws("s3", "presign", `${s3}/copy`)).trim();
  same(await (await fetch(url)).text(), "odd", "presigned URL");
  const missing = await aws(
    "s3api",
    "get-object",
    "--bucket",
    bucket,
    "--key",
    "no",
    "x",
  )
    .catch(String);
  if (!missing.includes("NoSuchKey")) throw new Error(missing);
  await aws("s3", "rm", `${s3}/copy`);
  await aws("s3", "sync", s3, "to");
  await checkFiles(`${folder}/to`);
  // An upload that is not finished does not keep a bucket.
  await aws(
    "s3api",
    "create-multipart-upload",
    "--bucket",
    bucket,
    "--key",
    "u",
  );
  await aws("s3", "rb", s3, "--force");
  return told(["form", "presigned put", "delete many"]);
}

async function tellRclone(
  { endpoint, bucket, folder, run }: Place,
): Promise<Told> {
  const remote = `:s3,provider=Other,env_auth=true,endpoint="${endpoint}":`;
  const at = `${remote}${bucket}`;
  const rclone = (...step: readonly string[]): Promise<string> =>
    run(
      `${folder}/usr/bin/rclone`,
      "--config=/dev/null",
      "--s3-upload-cutoff=8M",
      "--s3-chunk-size=8M",
      ...step,
    );
  await writeFiles(`${folder}/from`);
  await rclone("mkdir", at);
  await rclone("sync", "from", at);
  await rclone("check", "from", at, "--download");
  const listed: readonly { readonly Path: string; readonly IsDir: boolean }[] =
    JSON.parse(await rclone("lsjson", "-R", at));
  same(
    listed.filter(({ IsDir }) => !IsDir).map(({ Path }) => Path).toSorted(),
    NAMES.toSorted(),
    "keys",
  );
  same(await rclone("cat", `${at}/folder/small.txt`), "miaow", "contents");
  same(
    await rclone("cat", "--offset=1", "--count=2", `${at}/folder/small.txt`),
    "ia",
    "range",
  );
  const md5 = await rclone("md5sum", `${at}/folder/small.txt`);
  same(md5.split(" ")[0], "d52cc7e73b4bd32c49ef6e911bcc18e9", "ETag");
  await rclone("copyto", `${at}/folder/small.txt`, `${at}/copy`);
  const url = (await rclone("link", `${at}/copy`)).trim();
  same(await (await fetch(url)).text(), "miaow", "presigned URL");
  await rclone("deletefile", `${at}/copy`);
  await rclone("sync", at, "to");
  await checkFiles(`${folder}/to`);
  await rclone("purge", at);
  return told(["form", "presigned put", "404", "metadata", "delete many"]);
}

async function tellS3cmd(
  { endpoint, bucket, folder, run }: Place,
): Promise<Told> {
  const { host } = new URL(endpoint);
  const s3 = `s3://${bucket}`;
  const s3cmd = (...step: readonly string[]): Promise<string> =>
    run(
      "/usr/bin/python3",
      `${folder}/usr/bin/s3cmd`,
      "--config=/dev/null",
      "--no-ssl",
      "--multipart-chunk-size-mb=8",
      `--host=${host}`,
      `--host-bucket=${host}`,
      `--access_key=${KEY_ID}`,
      `--secret_key=${SECRET}`,
      ...step,
    );
  await writeFiles(`${folder}/from`);
  await s3cmd("mb", s3);
  await s3cmd("sync", "from/", s3);
  const listed = (await s3cmd("ls", "--recursive", s3)).trim().split("\n");
  same(
    listed.map((line) => line.split(`${s3}/`)[1]).toSorted(),
    NAMES.toSorted(),
    "keys",
  );
  const info = await s3cmd("info", `${s3}/folder/small.txt`);
  if (!info.includes("d52cc7e73b4bd32c49ef6e911bcc18e9")) {
    throw new Error(info);
  }
  await s3cmd("cp", `${s3}/folder/small.txt`, `${s3}/copy`);
  const url = (await s3cmd("signurl", `${s3}/copy`, "+60")).trim();
  same(await (await fetch(url)).text(), "miaow", "presigned URL");
  await s3cmd("rm", `${s3}/copy`);
  await s3cmd("sync", `${s3}/`, "to/");
  await checkFiles(`${folder}/to`);
  await s3cmd("rb", "--recursive", "--force", s3);
  return told(["form", "presigned put", "404", "range", "metadata"]);
}

/** What docs/local-store.md says of other clients, as it stands there. */
async function tellPage({ endpoint, folder, run }: Place): Promise<Told> {
  const page = await Deno.readTextFile(
    new URL("../docs/local-store.md", import.meta.url),
  );
  const section = /^## From other clients$[\s\S]*?(?=^## )/m.exec(page)?.[0];
  const blocks = [
    ...(section ?? "").matchAll(/^```(sh|python)\n([\s\S]*?)^```$/gm),
  ].map(([_, language, code = ""]) => ({
    program: language === "sh" ? "bash -e" : "python3",
    code: code.replaceAll("http://127.0.0.1:9000", endpoint),
  }));
  const [variables, ...clients] = blocks;
  let printed = "";
  for (const { program, code } of clients) {
    await Deno.writeTextFile(`${folder}/block`, code);
    printed += await run(
      "bash",
      "-ec",
      `${variables?.code}\nPATH="$PWD/usr/bin:$PATH"\n${program} block`,
    );
  }
  const expected = ["miaow", "arn:aws:iam::", " cat.txt\n", "6 cat.txt"];
  const missing = expected.filter((text) => !printed.includes(text));
  same(missing, [], `output ${JSON.stringify(printed)}`);
  return { steps: ["boto3", "awscli", "rclone"], lacks: [], keys: ["cat.txt"] };
}

/** The steps of a program for a command line. */
function told(lacks: readonly string[]): Told {
  const all = [
    "bucket",
    "put",
    "multipart",
    "list",
    "head",
    "get",
    "range",
    "metadata",
    "copy",
    "presigned get",
    "presigned put",
    "form",
    "404",
    "delete many",
    "remove bucket",
  ];
  return {
    steps: all.filter((step) => !lacks.includes(step)),
    lacks,
    keys: NAMES,
  };
}

async function install(
  folder: string,
  npm: readonly string[],
  debian: readonly string[],
): Promise<void> {
  if (npm.length > 0) {
    await Deno.writeTextFile(`${folder}/package.json`, '{"private":true}');
    await runIn(folder, {}, [
      "npm",
      "install",
      "--silent",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      ...npm,
    ]);
  }
  if (debian.length === 0) return;
  await runIn(folder, {}, ["apt-get", "download", ...debian]);
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".deb")) {
      await runIn(folder, {}, ["dpkg", "-x", name, "."]);
    }
  }
}

async function writeFiles(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/folder`, { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) {
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
}

async function checkFiles(folder: string): Promise<void> {
  for (const [name, bytes] of Object.entries(FILES)) {
    const found = await Deno.readFile(`${folder}/${name}`);
    if (
      found.length !== bytes.length ||
      found.some((byte, at) => byte !== bytes[at])
    ) {
      throw new Error(`${name} came back with other contents`);
    }
  }
}

function same(found: unknown, expected: unknown, what: string): void {
  const texts = [found, expected].map((value) => JSON.stringify(value));
  if (texts[0] === texts[1]) return;
  throw new Error(`Wrong ${what}: found ${texts[0]}, expected ${texts[1]}`);
}

async function runIn(
  cwd: string,
  env: Readonly<Record<string, string>>,
  [program = "", ...args]: readonly string[],
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env,
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const text = decoder.decode(stderr) || decoder.decode(stdout);
  throw new Error(`${program} has failed: ${text.trim().slice(0, 2_000)}`);
}
