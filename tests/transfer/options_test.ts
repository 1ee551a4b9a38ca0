import { ConfigError } from "../../src/foundation/errors.ts";
import {
  eachAtMost,
  fittingPartSize,
  Meter,
  partSettings,
  type TransferProgress,
} from "../../src/transfer/options.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

const MIB = 1_024 * 1_024;

Deno.test("partSettings fills in what boto3 has", () => {
  assertEquals(partSettings({}), { partSize: 8 * MIB, concurrency: 10 });
});

Deno.test("partSettings refuses what S3 would refuse in the end", () => {
  assertThrows(
    () => partSettings({ partSize: 5 * MIB - 1 }),
    ConfigError,
    "partSize must be a whole number, 5242880 to 5368709120: current value is 5242879",
  );
  assertThrows(
    () => partSettings({ concurrency: 0 }),
    ConfigError,
    "concurrency must be a whole number, >= 1: current value is 0",
  );
});

Deno.test("fittingPartSize grows where there would be more than 10 000 parts", () => {
  const sizes = [0, 1, 80_000 * MIB, 80_000 * MIB + 1, 5 * 1_024 * 1_024 * MIB]
    .map((length) => fittingPartSize(length, 8 * MIB) / MIB);

  assertEquals(sizes, [8, 8, 8, 9, 525]);
});

Deno.test("Meter counts up and down and tells the total", () => {
  const told: TransferProgress[] = [];
  const meter = new Meter({ onProgress: (progress) => told.push(progress) }, 9);

  for (const bytes of [5, 0, -5, 9]) meter.add(bytes);

  assertEquals(told, [
    { bytes: 5, total: 9 },
    { bytes: 0, total: 9 },
    { bytes: 9, total: 9 },
  ]);
});

/** Work that ends when it is told to, or with the signal. */
class Desk {
  readonly began: number[] = [];
  readonly #ends = new Map<number, PromiseWithResolvers<void>>();

  readonly work = async (item: number, signal: AbortSignal): Promise<void> => {
    const end = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => end.reject(signal.reason));
    this.began.push(item);
    this.#ends.set(item, end);
    await end.promise;
  };

  async end(item: number, failure?: Error): Promise<void> {
    const end = this.#ends.get(item);
    if (failure) end?.reject(failure);
    else end?.resolve();
    await settled();
  }
}

/** All that can happen without the world has happened. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("eachAtMost works on a few at once and gets one further", async () => {
  const desk = new Desk();
  const got: number[] = [];
  function* items(): Generator<number> {
    for (const item of [1, 2, 3, 4]) {
      got.push(item);
      yield item;
    }
  }

  const all = eachAtMost(items, desk.work, { concurrency: 2 });
  await settled();

  assertEquals([desk.began, got], [[1, 2], [1, 2, 3]]);
  await desk.end(2);
  assertEquals([desk.began, got], [[1, 2, 3], [1, 2, 3, 4]]);
  for (const item of [1, 3, 4]) await desk.end(item);
  await all;
});

Deno.test("eachAtMost ends all work at the first failure, and then settles", async () => {
  const desk = new Desk();
  const failure = new Error("no");

  const all = assertRejects(() =>
    eachAtMost(() => [1, 2, 3, 4], desk.work, { concurrency: 3 })
  );
  await settled();
  await desk.end(2, failure);

  assertEquals(await all, failure);
  assertEquals(desk.began, [1, 2, 3]);
});

Deno.test("eachAtMost ends the work when an item cannot be got", async () => {
  const desk = new Desk();
  const failure = new Error("no");
  function* items(): Generator<number> {
    yield 1;
    throw failure;
  }

  const all = eachAtMost(items, desk.work, { concurrency: 2 });

  assertEquals(await assertRejects(() => all), failure);
  assertEquals(desk.began, [1]);
});

Deno.test("eachAtMost ends with the caller's signal", async () => {
  const desk = new Desk();
  const controller = new AbortController();
  const reason = new Error("enough");

  const all = eachAtMost(() => [1, 2], desk.work, {
    concurrency: 1,
    signal: controller.signal,
  });
  await settled();
  controller.abort(reason);

  assertEquals(await assertRejects(() => all), reason);
  assertEquals(desk.began, [1]);
});

Deno.test("eachAtMost does not begin under an aborted signal", async () => {
  const reason = new Error("enough");

  const all = eachAtMost(
    () => {
      throw new Error("Nothing is to be got");
    },
    () => Promise.resolve(),
    { concurrency: 1, signal: AbortSignal.abort(reason) },
  );

  assertEquals(await assertRejects(() => all), reason);
});
