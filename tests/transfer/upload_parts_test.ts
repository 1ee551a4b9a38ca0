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

Deno.test("PartReader fills a room anew that it was given back", async () => {
  const reader = readerOf([1, 2, 3], [4, 5, 6, 7]);
  const first = await reader.take(3);
  reader.reuse(first);

  const second = await reader.take(3);
  const third = await reader.take(3);

  assertEquals([...second], [4, 5, 6]);
  assertEquals(second.buffer, first.buffer);
  assertEquals([...third], [7]);
});

for (const all of [true, false]) {
  Deno.test(
    `uploadParts ${
      all ? "uses rooms again" : "leaves bytes alone"
    } where the answer comes ${
      all ? "after" : "before"
    } the last byte has left`,
    async () => {
      const content = noise(6);
      const bodies: Uint8Array<ArrayBuffer>[] = [];
      const { s3 } = fakeS3({
        ...STORE,
        UploadPart: ({ Body }, options) => {
          const bytes = Body as Uint8Array<ArrayBuffer>;
          bodies.push(bytes);
          options?.onSent?.(all ? bytes.length : bytes.length - 1);
          return { ETag: '"1"' };
        },
      });

      await uploadParts(s3, {
        ...bytewise(0),
        reader: new PartReader(ReadableStream.from([content])),
        partSize: 2,
        concurrency: 1,
      });

      const rooms = new Set(bodies.map(({ buffer }) => buffer));
      assertEquals(bodies.length, 3);
      assertEquals(rooms.size < 3, all);
      if (!all) {
        assertEquals(bodies.flatMap((bytes) => [...bytes]), [...content]);
      }
    },
  );
}

Deno.test("uploadParts leaves bytes alone where nobody tells what has left", async () => {
  const content = noise(6);
  const bodies: Uint8Array<ArrayBuffer>[] = [];
  const { s3 } = fakeS3({
    ...STORE,
    UploadPart: ({ Body }) => {
      bodies.push(Body as Uint8Array<ArrayBuffer>);
      return { ETag: '"1"' };
    },
  });

  await uploadParts(s3, {
    ...bytewise(0),
    reader: new PartReader(ReadableStream.from([content])),
    partSize: 2,
    concurrency: 1,
  });

  assertEquals(bodies.flatMap((bytes) => [...bytes]), [...content]);
});
