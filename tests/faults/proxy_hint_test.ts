import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import type { Transport } from "../../src/ports/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";

Deno.test("SignatureDoesNotMatch of a store that does not say what it read names the page on proxies", async () => {
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
    transport: silent(local.transport()),
    system: new FakeSystem({}),
  });
  const { code, message } = await assertRejects(
    () => session.client(S3).listBuckets(),
    ServiceError,
  );
  assertEquals(code, "SignatureDoesNotMatch");
  return message.includes("behind-a-proxy.md");
}

/** A store whose error documents have no more than code and message. */
function silent(inner: Transport): Transport {
  return {
    send: async (request, options) => {
      const response = await inner.send(request, options);
      const document = new TextDecoder().decode(await response.body?.bytes())
        .replace(/<(StringToSign|CanonicalRequest)>[^]*?<\/\1>/g, "");
      const { "content-length": _longer, ...headers } = response.headers;
      return {
        ...response,
        headers,
        body: {
          open: () => new Blob([document]).stream(),
          bytes: () => new Response(document).bytes(),
          cancel: () => Promise.resolve(),
        },
      };
    },
    [Symbol.dispose]: () => inner[Symbol.dispose](),
  };
}
