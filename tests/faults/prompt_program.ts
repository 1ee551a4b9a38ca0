/**
 * Runs on a terminal without permissions; run by prompt_test.ts. Its arguments:
 * what it does, where the endpoint is, and the transport.
 *
 * @module
 */
import { AwsError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

const [what = "", endpointUrl = "", transport = ""] = Deno.args;
const session = new Session({
  system: new FakeSystem(),
  region: "us-east-1",
  endpointUrl,
  retry: { maxAttempts: 1 },
  transport: transport === "socket" ? "socket" : "fetch",
  ...what === "keys"
    ? {}
    : { credentials: { accessKeyId: "AKID", secretAccessKey: "secret" } },
});
const s3 = session.client(S3);
const call = (): Promise<unknown> =>
  s3.headObject({ Bucket: "photos", Key: "cat" });
try {
  if (what === "local") await LocalAws.start();
  else if (what === "keys") await session.credentials();
  else {
    await Promise.all([call(), call(), call()]);
    await call();
  }
  console.log("all done");
} catch (error) {
  if (!(error instanceof AwsError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}
session[Symbol.dispose]();
Deno.exit();
