import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import {
  presignUrl,
  signRequest,
  type SignRequestOptions,
} from "../../src/signing/sign_request.ts";
import { SigV4 } from "../../src/signing/request_signer.ts";
import { secondSignature } from "../second_signer.ts";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const AT = new Date("2024-02-29T12:34:56Z");
const S3 = {
  credentials: CREDENTIALS,
  region: "eu-west-1",
  service: "s3",
  at: AT,
};
const STS = { ...S3, service: "sts" };
const TIMESTAMP = "20240229T123456Z";
const BUCKET = "https://my-bucket.s3.amazonaws.com";

Deno.test("signRequest signs path and query as S3 reads them", async () => {
  const request = new Request(`${BUCKET}/a+(b)%2Bc/é?prefix=a+b&uploads&x=%2f`);

  const signed = await signRequest(request, S3);

  const { signature } = secondSignature({
    ...CREDENTIALS,
    ...S3,
    method: "GET",
    url: "/a%2B%28b%29%2Bc/%C3%A9?prefix=a%20b&uploads=&x=%2F",
    headers: [
      ["host", "my-bucket.s3.amazonaws.com"],
      ["x-amz-content-sha256", EMPTY],
      ["x-amz-date", TIMESTAMP],
    ],
    payloadHash: EMPTY,
    timestamp: TIMESTAMP,
  });
  assertEquals(signed.url, request.url);
  assertEquals(signatureOf(signed), signature);
});

Deno.test("signRequest signs the path of other services as it is sent", async () => {
  const url = "https://api.example.com/a//%7Eb(c)";

  const signed = await signRequest(new Request(url), STS);

  const { signature } = secondSignature({
    ...CREDENTIALS,
    ...STS,
    method: "GET",
    url,
    headers: [["host", "api.example.com"], ["x-amz-date", TIMESTAMP]],
    payloadHash: EMPTY,
    timestamp: TIMESTAMP,
  });
  assertEquals(signatureOf(signed), signature);
});

Deno.test("signRequest does not read a body for S3 over https", async () => {
  const request = new Request(`${BUCKET}/key`, {
    method: "PUT",
    body: "hello",
  });

  const signed = await signRequest(request, S3);

  assertEquals(signed.headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  assertEquals(await signed.text(), "hello");
});

Deno.test("signRequest covers any other body", async () => {
  const hash =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  const options = { method: "POST", body: "hello" };

  const toMinio = await signRequest(
    new Request("http://localhost:9000/bucket/key", options),
    S3,
  );
  const toSts = await signRequest(
    new Request("https://sts.amazonaws.com", options),
    STS,
  );

  assertEquals(toMinio.headers.get("x-amz-content-sha256"), hash);
  assertEquals(await toMinio.text(), "hello");
  assertEquals(toSts.headers.get("x-amz-content-sha256"), null);
  assertEquals(await toSts.text(), "hello");
});

Deno.test("signRequest takes the payload hash that the request has", async () => {
  const options = {
    method: "PUT",
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    body: new Blob(["hello"]).stream(),
    duplex: "half",
  };
  const request = new Request("http://localhost:9000/bucket/key", options);

  const signed = await signRequest(request, S3);

  assertEquals(signed.headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  assertEquals(await signed.text(), "hello");
});

Deno.test("signRequest keeps what else the request says", async () => {
  const request = new Request(`${BUCKET}/key`, {
    headers: { range: "bytes=0-9" },
    redirect: "manual",
  });

  const signed = await signRequest(request, S3);

  assertEquals(signed.headers.get("range"), "bytes=0-9");
  assertEquals(signed.redirect, "manual");
  assert(signed.headers.get("authorization")?.includes("host;range;x-amz-"));
});

Deno.test("signRequest refuses a body that is gone", async () => {
  const request = new Request(BUCKET, { method: "PUT", body: "hello" });
  await request.text();

  await assertRejects(
    () => signRequest(request, S3),
    TypeError,
    "its body was read before",
  );
});

Deno.test("signRequest and presignUrl tell what they are given in place of a request and options", async () => {
  const given: unknown[] = [undefined, null, "https://b-1.example/", {}, 1];
  for (const request of given) {
    const error = await assertRejects(
      () => signRequest(request as Request, S3),
      ConfigError,
      "Cannot sign the request: expected a Request, got ",
    );
    assertEquals(error.code, "InvalidOption");
  }
  for (const url of [undefined, null, {}, 1] as unknown[]) {
    await assertRejects(
      () => presignUrl(url as string, S3),
      ConfigError,
      "Cannot presign the URL: expected a URL or its text",
    );
  }
  const { credentials: _none, ...without } = S3;
  for (const options of [undefined, without] as unknown[]) {
    await assertRejects(
      () =>
        signRequest(
          new Request("https://b-1.example/"),
          options as SignRequestOptions,
        ),
      ConfigError,
      'Cannot sign the request: expected the option "credentials", got undefined',
    );
  }
});

Deno.test("signRequest refuses a method that no service has, and leaves the body", async () => {
  const request = new Request(BUCKET, { method: "OPTIONS", body: "hello" });

  await assertRejects(
    () => signRequest(request, STS),
    TypeError,
    'DELETE, GET, HEAD, PATCH, POST, PUT: current value is "OPTIONS"',
  );
  assertEquals(await request.text(), "hello");
});

Deno.test("signRequest refuses a URL that decodes to nothing", async () => {
  for (const url of [`${BUCKET}/100%`, `${BUCKET}/?a=%ff`]) {
    await assertRejects(
      () => signRequest(new Request(url), S3),
      TypeError,
      'write "%25" for the character itself',
    );
  }
});

Deno.test("signRequest signs for now unless told otherwise", async () => {
  const { credentials, region, service } = S3;
  const before = Date.now();

  const signed = await signRequest(
    new Request(BUCKET),
    { credentials, region, service, signer: new SigV4() },
  );

  const [, ...parts] = signed.headers.get("x-amz-date")
    ?.match(/^(....)(..)(..T..)(..)(..Z)$/) ?? [];
  const [year, month, hour, minute, second] = parts;
  const at = Date.parse(`${year}-${month}-${hour}:${minute}:${second}`);
  assert(at > before - 1_000 && at <= Date.now());
});

Deno.test("presignUrl adds the proof to the URL as it was given", async () => {
  const url = await presignUrl(`${BUCKET}/a+(b)?versionId=1#part`, {
    ...S3,
    method: "PUT",
    headers: { "Content-Type": "text/plain" },
    expiresInSeconds: 60,
  });

  const [unsigned = "", signature] = url.split("&X-Amz-Signature=");
  assertEquals(
    unsigned,
    `${BUCKET}/a+(b)?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20240229%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20240229T123456Z&X-Amz-Expires=60&X-Amz-SignedHeaders=content-type%3Bhost`,
  );
  assertEquals(
    signature,
    secondSignature({
      ...CREDENTIALS,
      ...S3,
      method: "PUT",
      url: unsigned.replace("/a+(b)", "/a%2B%28b%29"),
      headers: [
        ["content-type", "text/plain"],
        ["host", "my-bucket.s3.amazonaws.com"],
      ],
      payloadHash: "UNSIGNED-PAYLOAD",
      timestamp: TIMESTAMP,
    }).signature,
  );
});

Deno.test("presignUrl makes a URL for GET and one hour by default", async () => {
  const url = await presignUrl(new URL(`${BUCKET}/key`), S3);

  assertEquals(new URL(url).searchParams.get("X-Amz-Expires"), "3600");
  assertEquals(
    url,
    await presignUrl(`${BUCKET}/key`, { ...S3, method: "GET" }),
  );
});

Deno.test("presignUrl refuses a URL that is signed", async () => {
  const url = await presignUrl(BUCKET, S3);

  await assertRejects(() => presignUrl(url, S3), TypeError, "signed already");
});

const EMPTY =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function signatureOf({ headers }: Request): string | undefined {
  return headers.get("authorization")?.split("Signature=")[1];
}
