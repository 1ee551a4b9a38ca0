/** Downloads a line to the path that is its argument, and prints what fails. */
import { ConfigError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { download, file } from "../../src/transfer/mod.ts";

const local = new LocalAws();
using session = new Session({
  ...local.clientConfig,
  transport: local.transport(),
});
const s3 = session.client(S3);
const object = { Bucket: "photos", Key: "cat.txt" };
await s3.createBucket({ Bucket: "photos" });
await s3.putObject({ ...object, Body: "miaow\n" });
try {
  await download(s3, object, file(Deno.args[0] ?? ""));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.log(error.code, error.message);
}
