/**
 * What each checksum costs for 64 KiB of a stream, beside the platform's own:
 * `node:zlib`, Web Crypto (which takes only a whole), `@std/crypto`.
 *
 * @module
 */
import { crc32 as zlibCrc32 } from "node:zlib";
import { crypto as stdCrypto } from "@std/crypto";
import {
  type ChecksumAlgorithm,
  startChecksum,
} from "../../src/foundation/checksums.ts";
import { growingHash } from "../../src/foundation/growing_hashes.ts";

const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
];
const PIECE = new Uint8Array(65_536).map((_, i) => i * 31);
const group = "64 KiB";

for (const algorithm of ALGORITHMS) {
  const checksum = await startChecksum(algorithm);
  Deno.bench({
    name: algorithm,
    group,
    fn: () => checksum.update(PIECE),
  });
}

// A new one each time stays below the length from which the platform's is used.
Deno.bench({
  name: "CRC32 in TypeScript",
  group,
  baseline: true,
  fn: async () => {
    (await startChecksum("CRC32")).update(PIECE);
  },
});
for (const name of ["SHA1", "SHA256", "SHA512", "MD5"] as const) {
  const hash = growingHash(name, null);
  Deno.bench({
    name: `${name} by WebAssembly`,
    group,
    fn: () => hash.update(PIECE),
  });
}

Deno.bench({
  name: "node:zlib, CRC32",
  group,
  fn: () => {
    zlibCrc32(PIECE);
  },
});
for (const name of ["SHA-1", "SHA-256", "SHA-512"]) {
  Deno.bench({
    name: `Web Crypto, ${name}`,
    group,
    fn: async () => {
      await crypto.subtle.digest(name, PIECE);
    },
  });
}
Deno.bench({
  name: "@std/crypto, MD5",
  group,
  fn: () => {
    stdCrypto.subtle.digestSync("MD5", PIECE);
  },
});
