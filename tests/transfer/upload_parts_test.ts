import { assertEquals, assertRejects } from "@std/assert";
import { ValidationError } from "../../src/foundation/errors.ts";
import { Meter } from "../../src/transfer/options.ts";
import { PartReader } from "../../src/transfer/part_reader.ts";
import {
  type PartedUpload,
  uploadParts,
} from "../../src/transfer/upload_parts.ts";
import { fakeS3, noise } from "./stubs.ts";

/** An upload of so many bytes in parts of one byte. */
function bytewise(length: number): PartedUpload {
  return {
    object: { Bucket: "photos", Key: "cat.txt" },
    reader: new PartReader(new Blob([noise(length)]).stream()),
    length: undefined,
    partSize: 1,
    concurrency: 100,
    resume: false,
    keepParts: false,
    meter: new Meter({}),
    signal: undefined,
  };
}

const STORE = {
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  UploadPart: () => ({ ETag: '"1"' }),
  CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  AbortMultipartUpload: () => ({}),
};

Deno.test("uploadParts sends 10 000 parts, and refuses part 10 001", async () => {
  const fitting = fakeS3(STORE);
  const longer = fakeS3(STORE);

  const { parts } = await uploadParts(fitting.s3, bytewise(10_000));
  await assertRejects(
    () => uploadParts(longer.s3, bytewise(10_001)),
    ValidationError,
    "Body is longer than 10000 parts of 1 bytes",
  );

  assertEquals(parts, 10_000);
  const sent = longer.calls.filter(({ name }) => name === "UploadPart");
  assertEquals(sent.length, 10_000);
  assertEquals(longer.calls.at(-1)?.name, "AbortMultipartUpload");
});
