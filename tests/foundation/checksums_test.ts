import { assertEquals } from "@std/assert";
import { base64, utf8 } from "../../src/foundation/bytes.ts";
import {
  checksum,
  checksumHeader,
  checksumLength,
  checksumToVerify,
  isChecksumAlgorithm,
  startChecksum,
} from "../../src/foundation/checksums.ts";

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
