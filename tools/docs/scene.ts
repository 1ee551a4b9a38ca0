/**
 * What the pages take for granted: a server with their buckets and objects, a
 * home with their profiles, a folder with their files.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";

/** Where a block runs. */
export interface Scene extends AsyncDisposable {
  /** The folder it runs in, which is its home as well. */
  readonly folder: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** The region of the pages. */
const REGION = "eu-west-1";

/** The buckets that the pages speak of, with their objects. */
const BUCKETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "photos": { "cat.txt": "miaow", "cat.mp4": "a film" },
  "archive": {},
  "logs": { "today.txt": "one\ntwo\n" },
  "scratch": { "note.txt": "x" },
  "app1-transcoder-out": { "HLS/1M/sample.m3u8": "#EXTM3U\n#EXT-X-ENDLIST\n" },
};

/** The profiles that the pages speak of. */
const PROFILES = ["dev", "backup"];

/** The files that the pages speak of. */
const FILES: Readonly<Record<string, string>> = { "cat.mp4": "a film" };

/** Makes a scene of its own for one block. */
export async function setScene(): Promise<Scene> {
  const server = await LocalAws.start({ region: REGION });
  const folder = await Deno.makeTempDir({ prefix: "inia-docs-" });
  await fill(server);
  await writeFiles(folder, server);
  const { endpointUrl, credentials } = server.clientConfig;
  return {
    folder,
    env: {
      HOME: folder,
      TMPDIR: folder,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL: endpointUrl,
      AWS_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function fill(server: LocalAws): Promise<void> {
  using session = new Session({
    ...server.clientConfig,
    transport: server.transport(),
  });
  const s3 = session.client(S3);
  const CreateBucketConfiguration = { LocationConstraint: REGION };
  for (const [Bucket, objects] of Object.entries(BUCKETS)) {
    await s3.createBucket({ Bucket, CreateBucketConfiguration });
    for (const [Key, Body] of Object.entries(objects)) {
      await s3.putObject({ Bucket, Key, Body });
    }
  }
}

async function writeFiles(folder: string, server: LocalAws): Promise<void> {
  const { endpointUrl, region, credentials } = server.clientConfig;
  await Deno.mkdir(`${folder}/.aws`);
  const keys = [
    `aws_access_key_id = ${credentials.accessKeyId}`,
    `aws_secret_access_key = ${credentials.secretAccessKey}`,
  ];
  const config = PROFILES.flatMap((name) => [
    `[profile ${name}]`,
    `region = ${region}`,
    `endpoint_url = ${endpointUrl}`,
  ]);
  const secrets = PROFILES.flatMap((name) => [`[${name}]`, ...keys]);
  await Deno.writeTextFile(`${folder}/.aws/config`, config.join("\n"));
  await Deno.writeTextFile(`${folder}/.aws/credentials`, secrets.join("\n"));
  for (const [name, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}
