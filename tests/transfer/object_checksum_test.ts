import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checksum } from "../../src/foundation/checksums.ts";
import { ChecksumError } from "../../src/foundation/errors.ts";
import {
  checksumOf,
  wholeChecksum,
} from "../../src/transfer/object_checksum.ts";
import { upload } from "../../src/transfer/upload.ts";
import { type Answer, fakeS3, noise } from "./stubs.ts";

const PART = 5 * 1_024 * 1_024;
const CONTENT = noise(2 * PART + 9);
const WHOLE = await checksum("CRC32", CONTENT);

/** Answers of a store that checks its parts. */
const STORE: Readonly<Record<string, Answer>> = {
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  UploadPart: async ({ Body, ChecksumAlgorithm }) => {
    const bytes = Body as Uint8Array<ArrayBuffer>;
    return ChecksumAlgorithm === "SHA256"
      ? { ETag: '"1"', ChecksumSHA256: await checksum("SHA256", bytes) }
      : { ETag: '"1"', ChecksumCRC32: await checksum("CRC32", bytes) };
  },
  CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  AbortMultipartUpload: () => ({}),
};

const INPUT = { Bucket: "photos", Key: "cat.txt", Body: CONTENT };
const OPTIONS = { partSize: PART, concurrency: 2 };

/** What a client knows that talks to Amazon. */
const AMAZON = { checksums: () => Promise.resolve(true) };

Deno.test("upload tells the checksum of the whole where the service takes checksums", async () => {
  const { s3, calls } = fakeS3(STORE, AMAZON);

  await upload(s3, INPUT, OPTIONS);

  const [first, part, , , last] = calls.map(({ input }) => input);
  assertEquals(first?.["ChecksumAlgorithm"], "CRC32");
  assertEquals(first?.["ChecksumType"], "FULL_OBJECT");
  assertEquals(part?.["ChecksumAlgorithm"], "CRC32");
  assertEquals(last?.["ChecksumCRC32"], WHOLE);
  assertEquals(last?.["ChecksumType"], "FULL_OBJECT");
});

Deno.test("upload lets S3 have the checksum of checksums where nothing else goes", async () => {
  const { s3, calls } = fakeS3(STORE, AMAZON);

  await upload(s3, { ...INPUT, ChecksumAlgorithm: "SHA256" }, OPTIONS);

  const [first, , , , last] = calls.map(({ input }) => input);
  assertEquals(first?.["ChecksumAlgorithm"], "SHA256");
  assertEquals(first?.["ChecksumType"], undefined);
  assertEquals(last?.["ChecksumType"], undefined);
  const { Parts } = last?.["MultipartUpload"] as { Parts: object[] };
  assertEquals(Parts.every((part) => "ChecksumSHA256" in part), true);
});

Deno.test("upload refuses to complete what has not the checksum that was given", async () => {
  const { s3, calls } = fakeS3(STORE);

  await upload(s3, { ...INPUT, ChecksumCRC32: WHOLE }, OPTIONS);
  await assertRejects(
    () => upload(s3, { ...INPUT, ChecksumCRC32: "AAAAAA==" }, OPTIONS),
    ChecksumError,
  );

  const names = calls.map(({ name }) => name);
  assertEquals(
    names.filter((name) => name === "CompleteMultipartUpload").length,
    1,
  );
  assertEquals(names.at(-1), "AbortMultipartUpload");
});

Deno.test("checksumOf takes what is given before what is usual", async () => {
  const amazon = fakeS3({}, AMAZON).s3.core;
  const other = fakeS3({}).s3.core;

  const chosen = await Promise.all([
    checksumOf({ ChecksumCRC64NVME: "x", ChecksumAlgorithm: "SHA1" }, amazon),
    checksumOf({ ChecksumAlgorithm: "SHA1" }, other),
    checksumOf({}, amazon),
    checksumOf({}, other),
  ]);

  assertEquals(chosen, ["CRC64NVME", "SHA1", "CRC32", undefined]);
});

Deno.test("wholeChecksum is silent where a part has no checksum, unless one is given", () => {
  const parts = [
    { receipt: { ChecksumCRC32: "AAAAAA==" }, length: 1 },
    { receipt: {}, length: 1 },
  ];

  const checked = (algorithm?: string, object = {}) => ({
    object,
    algorithm,
    checksumType: algorithm === "SHA1" ? "COMPOSITE" : "FULL_OBJECT",
  });

  assertEquals(wholeChecksum(checked("CRC32"), parts), {});
  assertEquals(wholeChecksum(checked(), parts), {});
  assertEquals(wholeChecksum(checked("SHA1"), parts), {});
  const stated = checked("CRC32", { ChecksumCRC32: "x" });
  assertEquals(wholeChecksum(stated, parts), {
    ChecksumCRC32: "x",
    ChecksumType: "FULL_OBJECT",
  });
  assertThrows(
    () => wholeChecksum(stated, parts.slice(0, 1)),
    ChecksumError,
  );
});
