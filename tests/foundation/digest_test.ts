import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import {
  HmacKey,
  sha256,
  sha256Hex,
  sha256HexOf,
} from "../../src/foundation/digest.ts";

/** Bytes that differ at each place, and from length to length. */
function sample(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8) + length);
}

Deno.test("sha256Hex agrees with Web Crypto at every length to 1 100", async () => {
  for (let length = 0; length <= 1_100; length++) {
    const text = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(31)
      .slice(0, length);
    assertEquals(sha256Hex(text), hex(await sha256(utf8(text))), `${length}`);
  }
});

Deno.test("sha256Hex hashes a text as UTF-8, whatever its length before", async () => {
  for (const text of ["€".repeat(5_000), "ä", "\u{1F600}x", "\ud800", ""]) {
    assertEquals(sha256Hex(text), hex(await sha256(utf8(text))));
  }
});

Deno.test("sha256HexOf agrees with Web Crypto, also where it hands over to it", async () => {
  const lengths = Array.from({ length: 1_101 }, (_, length) => length);
  for (const length of [...lengths, 2_047, 2_048, 2_049, 70_000]) {
    const bytes = sample(length);
    assertEquals(await sha256HexOf(bytes), hex(await sha256(bytes)));
  }
});

Deno.test("sha256 agrees with Web Crypto at the lengths of parts", async () => {
  const mebibyte = 1_024 * 1_024;
  for (const length of [4 * mebibyte - 1, 4 * mebibyte, 5 * mebibyte + 3]) {
    const bytes = sample(length).subarray(1);
    const expected = await crypto.subtle.digest("SHA-256", bytes);
    assertEquals(hex(await sha256(bytes)), hex(new Uint8Array(expected)));
  }
});

Deno.test("sha256HexOf answers at once for short bytes", () => {
  assertEquals(typeof sha256HexOf(sample(2_047)), "string");
});

Deno.test("HmacKey agrees with Web Crypto for keys and texts of many lengths", async () => {
  for (let length = 1; length <= 200; length++) {
    const key = sample(length);
    const text = "x".repeat(length * 5 % 331);
    const webKey = await crypto.subtle.importKey(
      "raw",
      key,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const expected = hex(
      new Uint8Array(await crypto.subtle.sign("HMAC", webKey, utf8(text))),
    );
    const ours = new HmacKey(key);
    assertEquals(ours.signHex(text), expected);
    assertEquals(hex(ours.sign(text)), expected);
  }
});

Deno.test("sha256Hex writes its hash where the platform has no toHex, as Node 22", () => {
  const expected = sha256Hex("abc");
  const { prototype } = Uint8Array;
  const method = Object.getOwnPropertyDescriptor(prototype, "toHex");
  Reflect.deleteProperty(prototype, "toHex");
  try {
    assertEquals(sha256Hex("abc"), expected);
  } finally {
    if (method) Object.defineProperty(prototype, "toHex", method);
  }
});
