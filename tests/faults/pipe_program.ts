/**
 * Sends a file to a store in memory, and prints what arrived or what was thrown.
 * Arguments: `putObject` or `upload`, the path, and after how many milliseconds
 * the call is aborted.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { file, upload } from "../../src/transfer/mod.ts";

const [way, path = "", abortMs] = Deno.args;
const OBJECT = { Bucket: "pipes", Key: "k" };

const local = new LocalAws();
const session = new Session({
  ...local.clientConfig,
  transport: local.transport(),
});
const s3 = session.client(S3);
const controller = new AbortController();
try {
  await s3.createBucket({ Bucket: "pipes" });
  if (abortMs !== undefined) {
    setTimeout(() => controller.abort(new Error("enough")), Number(abortMs));
  }
  const options = { signal: controller.signal };
  if (way === "upload") {
    await upload(s3, { ...OBJECT, Body: file(path) }, options);
  } else {
    const Body = new URL(`file://${path}`);
    await s3.putObject({ ...OBJECT, Body }, options);
  }
  const { Body } = await s3.getObject(OBJECT);
  console.log(await Body.text());
} catch (error) {
  const { name, message, cause } = error as Error;
  console.log(JSON.stringify({ name, message, cause: String(cause) }));
}
// An open that nobody can end would keep the program.
Deno.exit();
