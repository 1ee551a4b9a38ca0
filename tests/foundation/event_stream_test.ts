import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type EventSource,
  EventStream,
} from "../../src/foundation/event_stream.ts";

Deno.test("EventStream yields the events and gives the source back", async () => {
  const source = counting(2);

  const events = await Array.fromAsync(new EventStream(source));

  assertEquals(events, [1, 2]);
  assertEquals(source.cancelled, 1);
});

Deno.test("EventStream cancels the source when the loop is left", async () => {
  const source = counting(9);

  for await (const event of new EventStream(source)) if (event === 2) break;

  assertEquals(source.asked, 2);
  assertEquals(source.cancelled > 0, true);
});

Deno.test("EventStream cancels the source when a loop ends before it began", async () => {
  const source = counting(9);
  const iterator = new EventStream(source)[Symbol.asyncIterator]();

  await iterator.return?.();

  assertEquals(source.cancelled > 0, true);
  assertEquals(await iterator.next(), { done: true, value: undefined });
  assertEquals(source.asked, 0);
});

Deno.test("EventStream passes an error on, once, and cancels the source", async () => {
  const source = counting(1, new Error("broken"));
  const iterator = new EventStream(source)[Symbol.asyncIterator]();

  await iterator.next();
  await assertRejects(() => iterator.next(), Error, "broken");

  assertEquals(source.cancelled, 1);
  assertEquals((await iterator.next()).done, true);
});

Deno.test("EventStream answers requests in the order they are made", async () => {
  const iterator = new EventStream(counting(2))[Symbol.asyncIterator]();

  const answers = await Promise.all([
    iterator.next(),
    iterator.next(),
    iterator.next(),
  ]);

  assertEquals(answers.map(({ value }) => value), [1, 2, undefined]);
});

Deno.test("EventStream is read once", async () => {
  const stream = new EventStream(counting(1));
  const cancelled = new EventStream(counting(1));

  await Array.fromAsync(stream);
  await cancelled.cancel();

  for (const spent of [stream, cancelled]) {
    assertThrows(
      () => spent[Symbol.asyncIterator](),
      TypeError,
      "they were read or cancelled before",
    );
  }
});

Deno.test("EventStream is cancelled at the end of its scope", async () => {
  const source = counting(1);

  {
    await using _stream = new EventStream(source);
  }

  assertEquals(source.cancelled > 0, true);
});

interface Counting extends EventSource<number> {
  asked: number;
  cancelled: number;
}

/** Counts to the last event, then ends or fails. */
function counting(last: number, failure?: Error): Counting {
  const source: Counting = {
    asked: 0,
    cancelled: 0,
    next: () => {
      source.asked++;
      if (source.asked <= last) return Promise.resolve(source.asked);
      return failure ? Promise.reject(failure) : Promise.resolve(undefined);
    },
    cancel: () => {
      source.cancelled++;
      return Promise.resolve();
    },
  };
  return source;
}
