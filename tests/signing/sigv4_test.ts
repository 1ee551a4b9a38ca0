import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { encodeParam, utf8 } from "../../src/foundation/bytes.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { SigV4 } from "../../src/signing/request_signer.ts";
import { secondSignature } from "../second_signer.ts";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const TEMPORARY = { ...CREDENTIALS, sessionToken: "a/token+==" };

const AT = new Date("2024-02-29T12:34:56.789Z");
const S3 = { service: "s3", region: "eu-west-1", at: AT };
const STS = { service: "sts", region: "eu-west-1", at: AT };

const GET: HttpRequest = {
  method: "GET",
  origin: "https://example.com",
  path: "/a//b/../%C3%A9",
  query: [["uploads"], ["prefix", "a b"]],
  headers: { range: "bytes=0-9", "user-agent": "x" },
  body: undefined,
};
const EMPTY =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Deno.test("SigV4.sign adds date, payload hash and authorization for S3", async () => {
  const signed = await new SigV4().sign(GET, CREDENTIALS, S3);

  const { signature } = secondSignature({
    ...CREDENTIALS,
    ...S3,
    method: "GET",
    url: "https://example.com/a//b/../%C3%A9?uploads&prefix=a%20b",
    headers: [
      ["host", "example.com"],
      ["range", "bytes=0-9"],
      ["x-amz-content-sha256", EMPTY],
      ["x-amz-date", "20240229T123456Z"],
    ],
    payloadHash: EMPTY,
    timestamp: "20240229T123456Z",
  });
  assertEquals(signed, {
    ...GET,
    headers: {
      range: "bytes=0-9",
      "user-agent": "x",
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20240229T123456Z",
      authorization:
        `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20240229/eu-west-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
    },
  });
});

Deno.test("SigV4.sign leaves the payload hash out for other services", async () => {
  const request: HttpRequest = { ...GET, method: "POST", body: utf8("hello") };

  const signed = await new SigV4().sign(request, TEMPORARY, STS);

  const { signature } = secondSignature({
    ...CREDENTIALS,
    ...STS,
    method: "POST",
    url: "https://example.com/a//b/../%C3%A9?uploads&prefix=a%20b",
    headers: [
      ["host", "example.com"],
      ["range", "bytes=0-9"],
      ["x-amz-date", "20240229T123456Z"],
      ["x-amz-security-token", "a/token+=="],
    ],
    payloadHash:
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    timestamp: "20240229T123456Z",
  });
  assertEquals(
    signed.headers.authorization?.split("Signature=")[1],
    signature,
  );
  assertEquals(signed.headers["x-amz-security-token"], "a/token+==");
  assertEquals(signed.headers["x-amz-content-sha256"], undefined);
});

Deno.test("SigV4.sign signs anew what was signed before", async () => {
  const signer = new SigV4();
  const first = await signer.sign(GET, TEMPORARY, S3);

  const again = await signer.sign(first, TEMPORARY, S3);

  assertEquals(again, first);
});

Deno.test("SigV4.sign follows the rules of the S3 family unless told otherwise", async () => {
  const signer = new SigV4();
  const family = ["s3", "s3express", "s3-object-lambda", "s3-outposts"];

  for (const service of family) {
    const scope = { ...S3, service };
    assertEquals(
      await signer.sign(GET, CREDENTIALS, scope),
      await signer.sign(GET, CREDENTIALS, { ...scope, rules: "s3" }),
    );
  }
  const [bySts, asS3] = await Promise.all([
    signer.sign(GET, CREDENTIALS, STS),
    signer.sign(GET, CREDENTIALS, { ...STS, rules: "s3" }),
  ]);
  assertNotEquals(bySts.headers, asS3.headers);
});

Deno.test("SigV4.presign appends its parameters in the usual order", async () => {
  const request: HttpRequest = {
    ...GET,
    headers: { "x-amz-acl": "private", "user-agent": "x" },
  };

  const signed = await new SigV4().presign(request, TEMPORARY, S3, 60);

  const { signature } = secondSignature({
    ...CREDENTIALS,
    ...S3,
    method: "GET",
    url: `https://example.com/a//b/../%C3%A9?${
      signed.query.slice(0, -1).map(encodeParam).join("&")
    }`,
    headers: [["host", "example.com"], ["x-amz-acl", "private"]],
    payloadHash: "UNSIGNED-PAYLOAD",
    timestamp: "20240229T123456Z",
  });
  assertEquals(signed.headers, request.headers);
  assertEquals(signed.query, [
    ["uploads"],
    ["prefix", "a b"],
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    [
      "X-Amz-Credential",
      "AKIAIOSFODNN7EXAMPLE/20240229/eu-west-1/s3/aws4_request",
    ],
    ["X-Amz-Date", "20240229T123456Z"],
    ["X-Amz-Expires", "60"],
    ["X-Amz-SignedHeaders", "host;x-amz-acl"],
    ["X-Amz-Security-Token", "a/token+=="],
    ["X-Amz-Signature", signature],
  ]);
});

Deno.test("SigV4.presign turns proof in the header fields into parameters", async () => {
  const signer = new SigV4();
  const signed = await signer.sign(GET, TEMPORARY, S3);

  const url = await signer.presign(signed, TEMPORARY, S3, 60);

  assertEquals(url.headers, GET.headers);
  assertEquals(url.query[2], ["X-Amz-Content-Sha256", EMPTY]);
});

Deno.test("SigV4.presign refuses a life that no server grants", async () => {
  const signer = new SigV4();

  for (const seconds of [0, -1, 1.5, 604_801, Number.NaN]) {
    await assertRejects(
      async () => await signer.presign(GET, CREDENTIALS, S3, seconds),
      ConfigError,
      `Cannot presign for ${seconds} s: expiresInSeconds must be a whole number from 1 to 604800, which is seven days`,
    );
  }
  for (const seconds of [1, 604_800]) {
    await signer.presign(GET, CREDENTIALS, S3, seconds);
  }
});

Deno.test("SigV4 refuses what is signed in the query, in any case of letters", async () => {
  const request: HttpRequest = { ...GET, query: [["x-amz-SIGNATURE", "0f"]] };

  await assertRejects(
    async () => await new SigV4().sign(request, CREDENTIALS, S3),
    TypeError,
    'its query holds "x-amz-SIGNATURE"',
  );
});

Deno.test("SigV4 signs parameters that only look like a signature's", async () => {
  const request: HttpRequest = {
    ...GET,
    query: [["x-amz-request-payer", "requester"]],
  };

  const signed = await new SigV4().presign(request, CREDENTIALS, S3, 60);

  assertEquals(signed.query[0], ["x-amz-request-payer", "requester"]);
});

Deno.test("SigV4.sign refuses a stream that has to be hashed", async () => {
  const body = {
    length: undefined,
    replayable: false,
    open: () => new ReadableStream<Uint8Array>(),
  };

  await assertRejects(
    async () =>
      await new SigV4().sign(
        { ...GET, method: "POST", body },
        CREDENTIALS,
        STS,
      ),
    TypeError,
    "its body is a stream",
  );
});

Deno.test("SigV4 carries a token under the name that the endpoint wants", async () => {
  const express = {
    ...S3,
    service: "s3express",
    tokenHeader: "x-amz-s3session-token",
  };

  const signed = await new SigV4().sign(GET, TEMPORARY, express);
  const presigned = await new SigV4().presign(GET, TEMPORARY, express, 60);

  assertEquals(signed.headers["x-amz-s3session-token"], "a/token+==");
  assertEquals(signed.headers["x-amz-security-token"], undefined);
  assertEquals(
    /SignedHeaders=([^,]+)/.exec(signed.headers["authorization"] ?? "")?.[1],
    "host;range;x-amz-content-sha256;x-amz-date;x-amz-s3session-token",
  );
  assertEquals(presigned.query.at(-2), [
    "X-Amz-S3session-Token",
    "a/token+==",
  ]);
  await assertRejects(
    async () => await new SigV4().sign(presigned, TEMPORARY, express),
    TypeError,
    "it is signed already",
  );
});

Deno.test("SigV4.sign keeps callers, scopes, times and fields apart that take turns", async () => {
  const other = { ...CREDENTIALS, accessKeyId: "AKIDOTHER" };
  const later = { ...S3, at: new Date(S3.at.getTime() + 1_000) };
  const plain: HttpRequest = { ...GET, headers: {} };
  const turns = [
    [GET, CREDENTIALS, S3],
    [GET, other, S3],
    [plain, other, S3],
    [GET, other, later],
    [GET, TEMPORARY, STS],
    [GET, CREDENTIALS, S3],
    [{ ...GET, origin: "http://localhost:9000" }, CREDENTIALS, S3],
  ] satisfies Parameters<SigV4["sign"]>[];
  const signer = new SigV4();

  for (const turn of turns) {
    assertEquals(await signer.sign(...turn), await new SigV4().sign(...turn));
  }
});
