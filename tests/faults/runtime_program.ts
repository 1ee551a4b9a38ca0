/**
 * A program without `Deno`: settings from the environment and the files of the
 * machine, a file uploaded and downloaded, and options that `fetch` cannot keep.
 * Bundled and run by runtimes_test.ts, in Node and in Bun.
 *
 * @module
 */
import { AwsError, Session, type SessionOptions } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { download, file, upload } from "../../src/transfer/mod.ts";

const { argv } = Reflect.get(globalThis, "process") as {
  readonly argv: readonly string[];
};
const [, , folder = ""] = argv;
const Bucket = "runtimes";

async function tell(what: string, run: () => Promise<unknown>): Promise<void> {
  try {
    console.log(`${what}: ${await run()}`);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    console.log(`${what}: ${"code" in error ? error.code : error.message}`);
  }
}

const session = new Session();
const s3 = session.client(S3);
await tell("keys", async () => (await session.credentials()).accessKeyId);
for (const profile of ["other", "process"]) {
  await tell(profile, async () => {
    const other = new Session({ profile });
    return (await other.credentials()).accessKeyId;
  });
}
await s3.createBucket({ Bucket });
await tell("text", async () => {
  await s3.putObject({ Bucket, Key: "text", Body: "hello" });
  return await (await s3.getObject({ Bucket, Key: "text" })).Body.text();
});
await tell("file", async () => {
  await upload(s3, { Bucket, Key: "file", Body: file(`${folder}/in`) });
  const { ContentLength } = await s3.headObject({ Bucket, Key: "file" });
  await download(s3, { Bucket, Key: "file" }, file(`${folder}/out`));
  return ContentLength;
});
await tell("missing", async () => {
  await upload(s3, { Bucket, Key: "x", Body: file(`${folder}/nothing`) });
});
const refused: Readonly<Record<string, SessionOptions>> = {
  proxy: { proxy: "http://127.0.0.1:9" },
  caCerts: { caCerts: ["-----BEGIN CERTIFICATE-----"] },
  connectTimeoutMs: { connectTimeoutMs: 1_000 },
};
for (const [name, options] of Object.entries(refused)) {
  await tell(name, async () => {
    await new Session(options).client(S3).listBuckets();
    return "not refused";
  });
}

const { env } = (globalThis as unknown as {
  readonly process: { readonly env: Record<string, string> };
}).process;
env["HTTP_PROXY"] = "http://127.0.0.1:9";
env["NODE_USE_ENV_PROXY"] = "1";
for (const exception of ["10.0.0.1", "127.0.0.1"]) {
  env["NO_PROXY"] = exception;
  await tell(`past the proxy but for ${exception}`, async () => {
    await new Session({ proxy: false }).client(S3).listBuckets();
    return "sent";
  });
}
