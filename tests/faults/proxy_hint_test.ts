import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

Deno.test("SignatureDoesNotMatch of an endpoint of one's own names the page on proxies", async () => {
  assertEquals(await refusalNamesPage({}), true);
});

Deno.test("SignatureDoesNotMatch of Amazon names no proxy", async () => {
  assertEquals(
    await refusalNamesPage({ endpointUrl: "https://s3.amazonaws.com" }),
    false,
  );
});

async function refusalNamesPage(options: object): Promise<boolean> {
  const local = new LocalAws();
  const { accessKeyId } = local.clientConfig.credentials;
  using session = new Session({
    ...local.clientConfig,
    ...options,
    credentials: { accessKeyId, secretAccessKey: "wrong" },
    transport: local.transport(),
    system: new FakeSystem({}),
  });
  const { code, message } = await assertRejects(
    () => session.client(S3).listBuckets(),
    ServiceError,
  );
  assertEquals(code, "SignatureDoesNotMatch");
  return message.includes("behind-a-proxy.md");
}
