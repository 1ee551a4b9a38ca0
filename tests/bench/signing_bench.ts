/**
 * What a signature costs beside the least number of hashes that it needs, and
 * what those cost elsewhere.
 *
 * @module
 */
import { crypto as stdCrypto } from "@std/crypto";
import {
  HmacKey,
  sha256,
  sha256Hex,
  sha256HexOf,
} from "../../src/foundation/digest.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { SigV4 } from "../../src/signing/request_signer.ts";

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
const key = new HmacKey(new Uint8Array(32));
const webKey = await crypto.subtle.importKey(
  "raw",
  new Uint8Array(32),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign"],
);
const canonical = "x".repeat(400);
const text = "y".repeat(140);
const encoder = new TextEncoder();

Deno.bench({
  name: "the least: one SHA-256, one HMAC",
  group: "signature",
  baseline: true,
  fn: () => {
    sha256Hex(canonical);
    key.signHex(text);
  },
});

Deno.bench({
  name: "the same by Web Crypto",
  group: "signature",
  fn: async () => {
    await crypto.subtle.digest("SHA-256", encoder.encode(canonical));
    await crypto.subtle.sign("HMAC", webKey, encoder.encode(text));
  },
});

Deno.bench({
  name: "the same by digestSync of @std/crypto",
  group: "signature",
  fn: () => {
    stdCrypto.subtle.digestSync("SHA-256", encoder.encode(canonical));
    for (const length of [204, 96]) {
      stdCrypto.subtle.digestSync("SHA-256", new Uint8Array(length));
    }
  },
});

for (const length of [256, 1_024, 2_048, 4_096, 16_384]) {
  const bytes = new Uint8Array(length);
  const group = `SHA-256 of ${length} bytes`;
  Deno.bench({
    name: "ours, as bodies take it",
    group,
    baseline: true,
    fn: async () => {
      await sha256HexOf(bytes);
    },
  });
  Deno.bench({
    name: "Web Crypto",
    group,
    fn: async () => {
      await sha256(bytes);
    },
  });
}

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
