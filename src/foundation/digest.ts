/**
 * SHA-256 and HMAC by Web Crypto.
 *
 * @module
 */
import { utf8 } from "./bytes.ts";

/** SHA-256 of bytes. */
export async function sha256(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** A key for {@linkcode hmacSha256}. */
export async function hmacKey(
  key: Uint8Array<ArrayBuffer>,
): Promise<CryptoKey> {
  return await crypto.subtle.importKey(
    "raw",
    key,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
}

/** HMAC-SHA-256 of a text. */
export async function hmacSha256(
  key: CryptoKey,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await crypto.subtle.sign("HMAC", key, utf8(text)),
  );
}
