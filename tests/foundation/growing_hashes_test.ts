import { createHash } from "node:crypto";
import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../src/foundation/bytes.ts";
import {
  growingHash,
  type GrowingHashName,
} from "../../src/foundation/growing_hashes.ts";

const NATIVE: Readonly<Partial<Record<GrowingHashName, string>>> = {
  MD5: "md5",
  SHA1: "sha1",
  SHA256: "sha256",
  SHA512: "sha512",
};

// Made by xxhsum 0.8.1, Debian's package xxhash: `xxhsum -H1`, `-H3`, `-H2`.
const XXHASHES: readonly (readonly [
  input: Uint8Array,
  xxhash64: string,
  xxhash3: string,
  xxhash128: string,
])[] = [
  [
    utf8(""),
    "ef46db3751d8e999",
    "2d06800538d394c2",
    "99aa06d3014798d86001c324468d497f",
  ],
  [
    utf8("a"),
    "d24ec4f1a98c6e5b",
    "e6c632b61e964e1f",
    "a96faf705af16834e6c632b61e964e1f",
  ],
  [
    utf8("hello"),
    "26c7827d889f6da3",
    "9555e8555c62dcfd",
    "b5e9c1ad071b3e7fc779cfaa5e523818",
  ],
  [
    utf8("123456789"),
    "8cb841db40e6ae83",
    "72dcb18b67a17dff",
    "33119477ede5dcd5e9716427681d5860",
  ],
  [
    Uint8Array.from({ length: 256 }, (_, i) => i),
    "1facbe8406cd904b",
    "9408a4433b952d71",
    "f1f8a93f50849ac39408a4433b952d71",
  ],
  [
    new Uint8Array(1_048_576),
    "87d2a1b6e1163ef1",
    "918780b90550bf34",
    "b6ef17a3448492b6918780b90550bf34",
  ],
];

const NAMES = ["XXHASH64", "XXHASH3", "XXHASH128"] as const;

Deno.test("growingHash agrees with xxhsum", () => {
  for (const [input, ...expected] of XXHASHES) {
    for (const [i, name] of NAMES.entries()) {
      const hash = growingHash(name);
      hash.update(input);
      assertEquals(hex(hash.digest()), expected[i], `${name}, ${input.length}`);
    }
  }
});

Deno.test("growingHash of each length does not depend on the pieces", () => {
  const lengths = Array.from({ length: 300 }, (_, length) => length);
  for (const length of [...lengths, 1_024, 1_025, 2_049, 65_537, 140_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
    for (const name of NAMES) {
      const whole = growingHash(name);
      whole.update(bytes);
      const pieces = growingHash(name);
      const size = Math.max(7, length / 9 | 0);
      for (let start = 0; start < length; start += size) {
        pieces.update(bytes.subarray(start, start + size));
      }
      assertEquals(pieces.digest(), whole.digest(), `${name}, ${length}`);
    }
  }
});

Deno.test("growingHash by WebAssembly agrees with the platform", () => {
  const lengths = Array.from({ length: 300 }, (_, length) => length);
  for (const length of [...lengths, 65_535, 65_536, 65_537, 140_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
    for (const [name, native] of Object.entries(NATIVE)) {
      const hash = growingHash(name as GrowingHashName, null);
      for (let start = 0; start < length; start += 50_021) {
        hash.update(bytes.subarray(start, start + 50_021));
      }
      const expected = createHash(native).update(bytes).digest();
      assertEquals(
        hex(hash.digest()),
        expected.toString("hex"),
        `${name}, ${length}`,
      );
    }
  }
});

Deno.test("growingHash takes the platform's hashes where it has them", () => {
  const asked: string[] = [];
  for (const name of ["MD5", "SHA1", "SHA256", "SHA512", "XXHASH3"] as const) {
    const hash = growingHash(name, (native) => {
      asked.push(native);
      return createHash(native);
    });
    hash.update(utf8("text"));
    hash.digest();
  }

  assertEquals(asked, ["md5", "sha1", "sha256", "sha512"]);
});
