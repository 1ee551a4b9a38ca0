import * as zlib from "node:zlib";
import { base64, concat, hex, utf8 } from "../../src/foundation/bytes.ts";
import {
  checksum,
  checksumHeader,
  checksumLength,
  checksumToVerify,
  type CombinableChecksum,
  combineCrcs,
  type Crc,
  crc32,
  crc32c,
  crc64Nvme,
  isChecksumAlgorithm,
  isCombinable,
  md5,
  startChecksum,
} from "../../src/foundation/checksums.ts";
import { assertEquals } from "@std/assert";

const ALL = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;

Deno.test("checksum is the same of bytes and of their pieces", async () => {
  for (const algorithm of ALL) {
    const pieces = await startChecksum(algorithm);

    pieces.update(utf8("hello "));
    pieces.update(utf8("world"));

    const whole = await checksum(algorithm, utf8("hello world"));
    assertEquals(base64(pieces.digest()), whole);
    assertEquals(whole.length, checksumLength(algorithm));
  }
});

Deno.test("checksumHeader names the header in lower case", () => {
  assertEquals(checksumHeader("CRC64NVME"), "x-amz-checksum-crc64nvme");
});

Deno.test("isChecksumAlgorithm knows what can be computed", () => {
  assertEquals(
    ["CRC32", "crc32", "MD5", "XXHASH64", "BLAKE3", "toString"].filter(
      isChecksumAlgorithm,
    ),
    ["CRC32", "MD5", "XXHASH64"],
  );
});

Deno.test("checksumToVerify takes the first that covers the bytes", () => {
  const chosen = checksumToVerify({
    "x-amz-checksum-sha256": "sha256",
    "x-amz-checksum-crc32": "crc32",
    "x-amz-checksum-crc32c": "composite-3",
    "x-amz-checksum-blake3": "unknown",
  });

  assertEquals(chosen, { algorithm: "CRC32", value: "crc32" });
});

Deno.test("checksumToVerify finds none where none can be verified", () => {
  assertEquals(
    checksumToVerify({ "x-amz-checksum-crc32": "DUoRhQ==-3", etag: "x" }),
    undefined,
  );
});

/** The value of "123456789", by which catalogues tell CRCs apart. */
const CHECKS: readonly (readonly [start: () => Crc, check: string])[] = [
  [crc32, "cbf43926"],
  [crc32c, "e3069283"],
  [crc64Nvme, "ae8b14860a799888"],
];

Deno.test("CRCs have the check values of the catalogue", () => {
  for (const [start, check] of CHECKS) {
    const crc = start();

    crc.update(utf8("123456789"));

    assertEquals(hex(crc.digest()), check);
  }
});

Deno.test("CRCs do not depend on the pieces or where they lie in memory", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 37);

  for (const [start] of CHECKS) {
    const whole = start();
    whole.update(bytes);
    for (let cut = 0; cut <= 20; cut++) {
      const crc = start();

      crc.update(bytes.subarray(0, cut));
      crc.update(new Uint8Array());
      crc.update(bytes.subarray(cut));

      assertEquals(crc.digest(), whole.digest(), `cut at ${cut}`);
    }
  }
});

Deno.test("crc32 of a long body goes on by the platform's function where it began", () => {
  const bytes = Uint8Array.from(
    { length: 600_000 },
    (_, i) => i * 37 + (i >> 9),
  );

  for (const piece of [1_000, 65_536, 262_144, 600_000]) {
    const crc = crc32();
    for (let start = 0; start < bytes.length; start += piece) {
      crc.update(bytes.subarray(start, start + piece));
    }

    assertEquals(
      hex(crc.digest()),
      zlib.crc32(bytes).toString(16).padStart(8, "0"),
    );
  }
});

Deno.test("CRCs agree with the definition, bit by bit", () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => i * i + 11);
  const polynomials = [
    [crc32, 0xedb88320n, 32n],
    [crc32c, 0x82f63b78n, 32n],
    [crc64Nvme, 0x9a6c9329ac4bc9b5n, 64n],
  ] as const;

  for (const [start, polynomial, width] of polynomials) {
    const crc = start();

    crc.update(bytes);

    assertEquals(
      hex(crc.digest()),
      bitByBit(bytes, polynomial, width).toString(16)
        .padStart(Number(width) / 4, "0"),
    );
  }
});

function bitByBit(
  bytes: Uint8Array,
  polynomial: bigint,
  width: bigint,
): bigint {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1n ? crc >> 1n ^ polynomial : crc >> 1n;
    }
  }
  return crc ^ ones;
}

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

// RFC 1321, appendix A.5.
const SUITE = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
] as const;

Deno.test("md5 has the values of its RFC", async () => {
  for (const [message, hash] of SUITE) {
    assertEquals(hex(await md5(utf8(message))), hash);
  }
});
