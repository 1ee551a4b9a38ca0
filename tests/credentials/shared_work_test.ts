import { assertEquals, assertRejects } from "@std/assert";
import { SharedWork } from "../../src/credentials/shared_work.ts";

/** Work that ends when it is told, or when its signal fires. */
function slowWork(): {
  work: SharedWork<string>;
  signals: readonly AbortSignal[];
  finish: (text: string) => void;
} {
  const signals: AbortSignal[] = [];
  let finish: (text: string) => void = () => {};
  const work = new SharedWork((signal) => {
    signals.push(signal);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    finish = resolve;
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  });
  return { work, signals, finish: (text) => finish(text) };
}

Deno.test("SharedWork is done once for all who wait", async () => {
  const { work, signals, finish } = slowWork();

  const both = [work.join(), work.join(new AbortController().signal)];
  finish("done");

  assertEquals(await Promise.all(both), ["done", "done"]);
  assertEquals(signals.length, 1);
  assertEquals(work.running, false);
});

Deno.test("SharedWork ends when the last one stops waiting", async () => {
  const { work, signals } = slowWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const waits = [work.join(first.signal), work.join(second.signal)];

  first.abort(new Error("first"));
  await assertRejects(() => waits[0] ?? Promise.resolve(), Error, "first");
  assertEquals(signals[0]?.aborted, false);
  second.abort(new Error("second"));
  await assertRejects(() => waits[1] ?? Promise.resolve(), Error, "second");

  assertEquals(signals[0]?.aborted, true);
});

Deno.test("SharedWork starts anew for who comes after it was given up", async () => {
  const { work, signals, finish } = slowWork();
  const controller = new AbortController();
  const given = work.join(controller.signal);
  controller.abort(new Error("enough"));

  const next = work.join();
  finish("again");

  await assertRejects(() => given, Error, "enough");
  assertEquals(await next, "again");
  assertEquals(signals.length, 2);
});

Deno.test("SharedWork does not start for who has stopped already", async () => {
  const { work, signals } = slowWork();

  await assertRejects(
    () => work.join(AbortSignal.abort(new Error("late"))),
    Error,
    "late",
  );

  assertEquals(signals.length, 0);
});
