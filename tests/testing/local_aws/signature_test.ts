import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../../src/foundation/bytes.ts";
import { LocalClient, USER } from "./local_client.ts";

Deno.test("LocalAws lets in who signs with a key it knows", async () => {
  const client = new LocalClient();

  const { status } = await client.send("GET", "/");

  assertEquals(status, 200);
});

Deno.test("LocalAws takes no request without a signature", async () => {
  const client = new LocalClient();

  const { status, code } = await client.sendRaw({
    method: "GET",
    origin: "http://localhost",
    path: "/",
    query: [],
    headers: {},
    body: undefined,
  });

  assertEquals([status, code], [403, "AccessDenied"]);
});

Deno.test("LocalAws refuses the wrong secret and shows what it signed", async () => {
  const client = new LocalClient();
  client.credentials = { ...USER, secretAccessKey: "wrong" };

  const { status, code, text } = await client.send("GET", "/");

  assertEquals([status, code], [403, "SignatureDoesNotMatch"]);
  assertStringIncludes(
    text,
    "<StringToSign>AWS4-HMAC-SHA256\n20261122T100000Z",
  );
});

Deno.test("LocalAws does not show a token in its refusal", async () => {
  const client = new LocalClient();
  const answer = await client.sts({ Action: "GetSessionToken" });
  const [, accessKeyId = ""] =
    /<AccessKeyId>(.*)<\/AccessKeyId>/.exec(answer.text) ?? [];
  const [, sessionToken = ""] =
    /<SessionToken>(.*)<\/SessionToken>/.exec(answer.text) ?? [];
  client.credentials = { accessKeyId, secretAccessKey: "wrong", sessionToken };

  const { code, text } = await client.send("GET", "/");

  assertEquals(code, "SignatureDoesNotMatch");
  assertEquals(text.includes(sessionToken), false);
  assertStringIncludes(text, "x-amz-security-token:(withheld)");
});

Deno.test("LocalAws refuses an unknown key", async () => {
  const client = new LocalClient();
  client.credentials = { ...USER, accessKeyId: "AKIAUNKNOWN" };

  const { status, code } = await client.send("GET", "/");

  assertEquals([status, code], [403, "InvalidAccessKeyId"]);
});

Deno.test("LocalAws refuses a signature for another region or service", async () => {
  const client = new LocalClient();
  client.region = "eu-west-1";
  const region = await client.send("GET", "/");
  client.region = "us-east-1";
  client.service = "sts";
  const service = await client.send("GET", "/", {
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
  });

  assertEquals([region.status, region.code], [
    400,
    "AuthorizationHeaderMalformed",
  ]);
  assertStringIncludes(region.text, "<Region>us-east-1</Region>");
  assertEquals(service.code, "AuthorizationHeaderMalformed");
});

Deno.test("LocalAws bears clocks that are 15 minutes apart, and no more", async () => {
  const client = new LocalClient();
  const signed = await client.sign("GET", "/");

  client.clock.advance(15 * 60_000);
  const near = await client.sendRaw(signed);
  client.clock.advance(1_000);
  const far = await client.sendRaw(signed);

  assertEquals(near.status, 200);
  assertEquals([far.status, far.code], [403, "RequestTimeTooSkewed"]);
});

Deno.test("LocalAws notices what was changed after signing", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const put = { headers: { "x-amz-meta-a": "1" }, body: "miaow" } as const;

  const path = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({ ...signed, path: "/photos/dog" }),
  });
  const query = await client.send("GET", "/photos", {
    spoil: (signed) => ({ ...signed, query: [["prefix", "a"]] }),
  });
  const header = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({
      ...signed,
      headers: { ...signed.headers, "x-amz-meta-a": "2" },
    }),
  });
  const more = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({
      ...signed,
      headers: { ...signed.headers, "x-amz-meta-b": "2" },
    }),
  });
  const body = await client.send("PUT", "/photos/cat", {
    ...put,
    spoil: (signed) => ({ ...signed, body: utf8("hiss") }),
  });

  assertEquals(path.code, "SignatureDoesNotMatch");
  assertEquals(query.code, "SignatureDoesNotMatch");
  assertEquals(header.code, "SignatureDoesNotMatch");
  assertEquals(more.code, "AccessDenied");
  assertStringIncludes(
    more.text,
    "<HeadersNotSigned>x-amz-meta-b</HeadersNotSigned>",
  );
  assertEquals(body.code, "XAmzContentSHA256Mismatch");
});

Deno.test("LocalAws wants the parts of the header field whole", async () => {
  const client = new LocalClient();
  const send = (authorization: string) =>
    client.send("GET", "/", {
      spoil: (signed) => ({
        ...signed,
        headers: { ...signed.headers, authorization },
      }),
    });

  assertEquals(
    (await send("AWS4-HMAC-SHA256 x")).code,
    "AuthorizationHeaderMalformed",
  );
  assertEquals((await send("AWS key:signature")).code, "InvalidRequest");
});

Deno.test("LocalAws takes a presigned URL until it ends", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  await client.send("PUT", "/photos/a%20b", { body: "miaow" });
  const signed = await client.presign("/photos/a%20b", {
    query: [["response-content-type", "text/plain"]],
  });

  const first = await client.sendRaw(signed);
  const other = await client.sendRaw({ ...signed, path: "/photos/other" });
  const longer = await client.sendRaw({
    ...signed,
    query: signed.query.map(([name, value]) =>
      name === "X-Amz-Expires" ? [name, "600"] : [name, value ?? ""]
    ),
  });
  client.clock.advance(61_000);
  const late = await client.sendRaw(signed);

  assertEquals([first.status, first.text], [200, "miaow"]);
  assertEquals(first.headers["content-type"], "text/plain");
  assertEquals(other.code, "SignatureDoesNotMatch");
  assertEquals(longer.code, "SignatureDoesNotMatch");
  assertEquals(late.code, "AccessDenied");
  assertStringIncludes(late.text, "has expired");
});

Deno.test("LocalAws refuses a presigned URL that is not whole", async () => {
  const client = new LocalClient();
  const signed = await client.presign("/photos");
  const without = (dropped: string) =>
    client.sendRaw({
      ...signed,
      query: signed.query.filter(([name]) => name !== dropped),
    });

  for (const name of ["X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"]) {
    const { code } = await without(name);
    assertEquals(code, "AuthorizationQueryParametersError", name);
  }
});

Deno.test("LocalAws refuses two signatures at once", async () => {
  const client = new LocalClient();
  const presigned = await client.presign("/");

  const { code } = await client.send("GET", "/", {
    spoil: (signed) => ({ ...signed, query: presigned.query }),
  });

  assertEquals(code, "InvalidArgument");
});
