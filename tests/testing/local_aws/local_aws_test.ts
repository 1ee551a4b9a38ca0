import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { presignUrl, signRequest } from "../../../src/signing/mod.ts";
import { LocalAws } from "../../../src/testing/local_aws/local_aws.ts";

Deno.test("LocalAws.start listens until it is disposed of", async () => {
  let url = "";
  {
    await using local = await LocalAws.start({ region: "eu-west-1" });
    const { endpointUrl, ...scope } = local.clientConfig;
    url = `${endpointUrl}/`;
    const request = await signRequest(new Request(url), {
      ...scope,
      service: "s3",
    });

    const response = await fetch(request);

    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "application/xml");
    await response.body?.cancel();
  }
  await assertRejects(() => fetch(url), TypeError);
});

Deno.test("LocalAws.start checks the path as it was sent", async () => {
  await using local = await LocalAws.start();
  const { endpointUrl, ...scope } = local.clientConfig;
  const url = await presignUrl(`${endpointUrl}/photos/a%2Fb%20c`, {
    ...scope,
    service: "s3",
  });

  const same = await fetch(url);
  const other = await fetch(url.replace("%20", "%21"));

  assertEquals((await same.text()).includes("NoSuchBucket"), true);
  assertEquals((await other.text()).includes("SignatureDoesNotMatch"), true);
});

Deno.test("LocalAws.transport ends with the signal's reason", async () => {
  using local = new LocalAws();
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(
    () =>
      local.transport().send({
        method: "GET",
        origin: "http://localhost",
        path: "/",
        query: [],
        headers: {},
        body: undefined,
      }, { signal }),
    Error,
    "enough",
  );
});

Deno.test("LocalAws needs a user", () => {
  assertThrows(
    () => new LocalAws({ credentials: [] }),
    RangeError,
    "Cannot start LocalAws: credentials is empty",
  );
});
