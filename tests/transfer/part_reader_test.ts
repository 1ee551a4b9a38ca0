import { assertEquals, assertRejects } from "@std/assert";
import { PartReader } from "../../src/transfer/part_reader.ts";

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
