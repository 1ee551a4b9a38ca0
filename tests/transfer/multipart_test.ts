import { checksum } from "../../src/foundation/checksums.ts";
import { isSamePart } from "../../src/transfer/multipart.ts";
import { upload } from "../../src/transfer/upload.ts";
import { assertSameBytes } from "../same_bytes.ts";
import { lineOf, localS3, noise } from "./stubs.ts";
import { assertEquals, assertRejects } from "@std/assert";

const MIB = 1_024 * 1_024;
const PART = 5 * MIB;
const CONTENT = noise(17 * MIB);
const OBJECT = { Bucket: "photos", Key: "cat.txt" };
const OPTIONS = { partSize: PART, concurrency: 1 };

Deno.test("upload goes on with what an earlier one left", async () => {
  let broken = true;
  await using local = await localS3({
    around: async (request, send, options) => {
      if (broken && lineOf(request).includes("partNumber=3")) {
        throw new Error("The power is out");
      }
      return await send(request, options);
    },
  });
  await assertRejects(() =>
    upload(local.s3, { ...OBJECT, Body: CONTENT }, {
      ...OPTIONS,
      keepParts: true,
    })
  );
  broken = false;
  local.requests.length = 0;
  const told: number[] = [];

  const result = await upload(local.s3, { ...OBJECT, Body: CONTENT }, {
    ...OPTIONS,
    resume: true,
    onProgress: ({ bytes }) => told.push(bytes / MIB),
  });

  assertEquals(result.kind === "multipart" && result.resumed, 2);
  assertEquals(
    local.requests.filter((line) => line.startsWith("PUT")).length,
    2,
  );
  assertEquals(told, [5, 10, 15, 17]);
  const { Body } = await local.s3.getObject(OBJECT);
  assertSameBytes(await Body.bytes(), CONTENT);
});

Deno.test("upload sends parts anew that are not those of the body", async () => {
  await using local = await localS3();
  const { UploadId } = await local.s3.createMultipartUpload(OBJECT);
  const other = noise(PART, 9);
  for (
    const [PartNumber, Body] of [
      [1, other],
      [2, CONTENT.slice(PART, 2 * PART)],
      [9, other],
    ] as const
  ) {
    await local.s3.uploadPart({ ...OBJECT, UploadId, PartNumber, Body });
  }

  const result = await upload(local.s3, { ...OBJECT, Body: CONTENT }, {
    ...OPTIONS,
    resume: true,
  });

  assertEquals(result.kind === "multipart" && result.resumed, 1);
  const { Body } = await local.s3.getObject(OBJECT);
  assertSameBytes(await Body.bytes(), CONTENT);
});

Deno.test("upload looks for the unfinished upload of exactly its key", async () => {
  await using local = await localS3();
  const create = async (Key: string): Promise<string> => {
    const { UploadId } = await local.s3.createMultipartUpload({
      Bucket: "photos",
      Key,
    });
    return UploadId;
  };
  const own = await create("cat.txt");
  await create("cat.txt.old");

  await upload(local.s3, { ...OBJECT, Body: CONTENT }, {
    ...OPTIONS,
    resume: true,
  });

  const used = local.requests.filter((line) => line.includes("partNumber"));
  assertEquals(used.every((line) => line.includes(own)), true);
});

Deno.test("upload begins anew where nothing is left", async () => {
  await using local = await localS3();

  const result = await upload(local.s3, { ...OBJECT, Body: CONTENT }, {
    ...OPTIONS,
    resume: true,
  });

  assertEquals(result.kind === "multipart" && result.resumed, 0);
});

Deno.test("isSamePart compares length, then checksum, then ETag", async () => {
  const bytes = noise(10);
  const part = { PartNumber: 1, Size: 10 };
  const ChecksumCRC32 = await checksum("CRC32", bytes);
  const ETag = '"deadbeefdeadbeefdeadbeefdeadbeef"';

  const answers = await Promise.all([
    isSamePart({ ...part, ETag, ChecksumCRC32 }, bytes),
    isSamePart({ ...part, ETag, ChecksumCRC32: "AAAAAA==" }, bytes),
    isSamePart({ ...part, ETag, ChecksumCRC32, Size: 9 }, bytes),
    isSamePart({ ...part, ETag }, bytes),
    isSamePart({ ...part, ETag: '"6fd7df8d1a3ae9b8b0d4c1b3b0d5b1f0"' }, bytes),
  ]);

  assertEquals(answers, [true, false, false, false, false]);
});
