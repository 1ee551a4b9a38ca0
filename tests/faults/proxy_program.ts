/**
 * Makes one call in an environment that names a proxy; run by
 * proxy_direct_test.ts. Its arguments: what is called, where, and by which
 * transport.
 *
 * @module
 */
import { AwsError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";

const [kind = "", endpointUrl = "", transport = ""] = Deno.args;
const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
using session = new Session({
  transport: transport === "socket" ? "socket" : "fetch",
  region: "us-east-1",
  endpointUrl: kind === "container" ? "http://127.0.0.1:9" : endpointUrl,
  retry: { maxAttempts: 1 },
  ...kind === "container"
    ? {
      system: new FakeSystem({
        env: {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpointUrl}/keys`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN: "token-of-the-task",
        },
      }),
    }
    : { system: new FakeSystem(), credentials: keys, proxy: false },
});
try {
  if (kind === "container") {
    const { accessKeyId } = await session.credentials();
    console.log(accessKeyId);
  } else {
    await session.client(S3).headObject({ Bucket: "photos", Key: "cat" });
    console.log("done");
  }
} catch (error) {
  if (!(error instanceof AwsError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}
