import { assertEquals } from "@std/assert";
import { streamOf } from "../../src/foundation/body_content.ts";

/** Runs as on a platform without `ReadableStream.from`, such as Chromium. */
async function withoutFrom(run: () => Promise<void>): Promise<void> {
  const { from } = ReadableStream;
  Reflect.deleteProperty(ReadableStream, "from");
  try {
    assertEquals("from" in ReadableStream, false);
    await run();
  } finally {
    ReadableStream.from = from;
  }
}

async function read<Piece>(stream: ReadableStream<Piece>): Promise<Piece[]> {
  return await Array.fromAsync(stream);
}

for (
  const [title, run] of [
    ["streamOf", (test: () => Promise<void>) => test()],
    ["streamOf without ReadableStream.from", withoutFrom],
  ] as const
) {
  Deno.test(`${title} gives the pieces as they are asked for`, async () => {
    await run(async () => {
      const asked: number[] = [];
      const pieces = async function* (): AsyncGenerator<number> {
        for (let piece = 1; piece <= 3; piece++) {
          asked.push(piece);
          yield await Promise.resolve(piece);
        }
      };

      const stream = streamOf(pieces());
      assertEquals(asked, []);
      assertEquals(await read(stream), [1, 2, 3]);
      assertEquals(await read(streamOf(["a", "b"])), ["a", "b"]);
      assertEquals(await read(streamOf([])), []);
    });
  });

  Deno.test(`${title} ends its source when it is cancelled`, async () => {
    await run(async () => {
      let ended = false;
      const endless = function* (): Generator<number> {
        try {
          for (;;) yield 1;
        } finally {
          ended = true;
        }
      };
      const reader = streamOf(endless()).getReader();

      assertEquals(await reader.read(), { done: false, value: 1 });
      await reader.cancel();

      assertEquals(ended, true);
    });
  });
}
