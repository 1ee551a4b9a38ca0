import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { BodySource, HttpRequest } from "../../src/ports/http.ts";
import { payloadHash, presignedPayloadHash } from "../../src/signing/steps.ts";

const EMPTY =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HELLO =
  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

const REQUEST: HttpRequest = {
  method: "PUT",
  origin: "https://example.com",
  path: "/",
  query: [],
  headers: {},
  body: undefined,
};

const STREAM: BodySource = {
  length: 5,
  replayable: true,
  open: () => {
    throw new Error("The body was opened");
  },
};

Deno.test("payloadHash hashes bytes", async () => {
  assertEquals(await payloadHash(REQUEST, "sts"), EMPTY);
  assertEquals(
    await payloadHash({ ...REQUEST, body: new Uint8Array() }, "sts"),
    EMPTY,
  );
  assertEquals(
    await payloadHash({ ...REQUEST, body: utf8("hello") }, "s3"),
    HELLO,
  );
});

Deno.test("payloadHash takes what the header says, whatever the body", async () => {
  const headers = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  };

  assertEquals(
    await payloadHash({ ...REQUEST, headers, body: STREAM }, "sts"),
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  );
});

Deno.test("payloadHash leaves a stream to S3 unsigned over https only", () => {
  const stream = { ...REQUEST, body: STREAM };

  assertEquals(payloadHash(stream, "s3"), "UNSIGNED-PAYLOAD");
  assertThrows(
    () => payloadHash({ ...stream, origin: "http://localhost" }, "s3"),
    TypeError,
    "over http",
  );
  assertThrows(
    () => payloadHash(stream, "sts"),
    TypeError,
    `"sts" wants the body's SHA-256`,
  );
});

Deno.test("presignedPayloadHash covers the body of any service but S3", async () => {
  const hello = { ...REQUEST, body: utf8("hello") };

  assertEquals(await presignedPayloadHash(hello, "sts"), HELLO);
  assertEquals(await presignedPayloadHash(hello, "s3"), "UNSIGNED-PAYLOAD");
  assertEquals(
    await presignedPayloadHash({ ...REQUEST, body: STREAM }, "sts"),
    "UNSIGNED-PAYLOAD",
  );
});
