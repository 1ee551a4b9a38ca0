import { ValidationError } from "../../src/foundation/errors.ts";
import { Meter } from "../../src/transfer/options.ts";
import {
  type PartedUpload,
  PartReader,
  uploadParts,
} from "../../src/transfer/upload_parts.ts";
import { fakeS3, noise } from "./stubs.ts";
import { assertEquals, assertRejects } from "@std/assert";

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

function readerOf(...pieces: readonly number[][]): PartReader {
  return new PartReader(
    ReadableStream.from(pieces.map((piece) => Uint8Array.from(piece))),
  );
}

Deno.test("PartReader.take joins and splits pieces", async () => {
  const reader = readerOf([1], [], [2, 3, 4, 5, 6], [7]);

  const taken = [
    await reader.take(2),
    await reader.take(2),
    await reader.take(5),
    await reader.take(1),
  ];

  assertEquals(taken.map((bytes) => [...bytes]), [
    [1, 2],
    [3, 4],
    [5, 6, 7],
    [],
  ]);
});

Deno.test("PartReader.giveBack puts bytes before those that follow", async () => {
  const reader = readerOf([1, 2, 3], [4]);

  reader.giveBack(await reader.take(2));

  assertEquals([...await reader.take(9)], [1, 2, 3, 4]);
});

Deno.test("PartReader.take ends with the signal and cancels the stream", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  let cancelled: unknown;
  const reader = new PartReader(
    new ReadableStream({
      pull: () => new Promise(() => {}),
      cancel: (reason) => {
        cancelled = reason;
      },
    }),
  );

  const taking = reader.take(1, controller.signal);
  controller.abort(reason);

  assertEquals(await assertRejects(() => taking), reason);
  assertEquals(cancelled, reason);
});

Deno.test("PartReader.take passes on what ends the stream", async () => {
  const failure = new Error("broken");
  const reader = new PartReader(
    new ReadableStream({ pull: (controller) => controller.error(failure) }),
  );

  assertEquals(await assertRejects(() => reader.take(1)), failure);
});
