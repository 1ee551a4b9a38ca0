/**
 * What a signature costs beside the least that Web Crypto asks for one.
 *
 * @module
 */
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import { hmacKey, hmacSha256, sha256 } from "../../src/foundation/digest.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { SigV4 } from "../../src/signing/sigv4.ts";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const SCOPE = {
  service: "s3",
  region: "eu-west-1",
  at: new Date("2024-02-29T12:34:56Z"),
};
const GET: HttpRequest = {
  method: "GET",
  origin: "https://my-bucket.s3.eu-west-1.amazonaws.com",
  path: "/photos/2024/cat.jpg",
  query: [],
  headers: { "user-agent": "bench", range: "bytes=0-9" },
  body: undefined,
};

const signer = new SigV4();
const key = await hmacKey(new Uint8Array(32));
const canonical = utf8("x".repeat(400));
const text = "y".repeat(140);

Deno.bench({
  name: "the least: one SHA-256, one HMAC",
  group: "signature",
  baseline: true,
  fn: async () => {
    hex(await sha256(canonical));
    hex(await hmacSha256(key, text));
  },
});

Deno.bench({
  name: "SigV4.sign, GET object",
  group: "signature",
  fn: async () => {
    await signer.sign(GET, CREDENTIALS, SCOPE);
  },
});

Deno.bench({
  name: "SigV4.presign, GET object",
  group: "signature",
  fn: async () => {
    await signer.presign(GET, CREDENTIALS, SCOPE, 3_600);
  },
});

Deno.bench({
  name: "SigV4.sign with a key of a new day",
  group: "signature",
  fn: async () => {
    await new SigV4().sign(GET, CREDENTIALS, SCOPE);
  },
});
