import { assertEquals } from "@std/assert";
import { concat } from "../../src/foundation/bytes.ts";
import { checksum } from "../../src/foundation/checksums.ts";
import {
  type CombinableChecksum,
  combineCrcs,
  isCombinable,
} from "../../src/foundation/crc_combine.ts";

const ALGORITHMS: readonly CombinableChecksum[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
];

/** Lengths of parts, empty ones and a lone one among them. */
const CUTS: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [0, 5, 0],
  [1, 2, 3, 1_000, 1],
  [4_096, 4_096, 4_096, 17],
];

for (const algorithm of ALGORITHMS) {
  Deno.test(`combineCrcs gives the ${algorithm} of the whole`, async () => {
    for (const lengths of CUTS) {
      const parts = lengths.map((length, seed) => bytesOf(length, seed));
      const checked = await Promise.all(parts.map(async (part) => ({
        value: await checksum(algorithm, part),
        length: part.length,
      })));

      assertEquals(
        combineCrcs(algorithm, checked),
        await checksum(algorithm, concat(parts)),
      );
    }
  });
}

Deno.test("isCombinable tells the CRCs from the other checksums", () => {
  assertEquals(ALGORITHMS.every(isCombinable), true);
  assertEquals(["SHA1", "SHA256", "toString"].some(isCombinable), false);
});

function bytesOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) % 251);
}
