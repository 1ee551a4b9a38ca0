import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { TotalTime } from "../../src/client/total_time.ts";
import { TimeoutError } from "../../src/foundation/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** A clock whose timers are rung by hand. */
class HandClock implements Clock {
  readonly timers = new Map<number, () => void>();

  now(): Date {
    return new Date(0);
  }

  sleep(): Promise<void> {
    return Promise.resolve();
  }

  timer(ms: number, fn: () => void): Disposable {
    this.timers.set(ms, fn);
    return { [Symbol.dispose]: () => this.timers.delete(ms) };
  }
}

Deno.test("TotalTime aborts at the limit and says which it was", () => {
  const clock = new HandClock();
  using total = new TotalTime(clock, "GetObject", 500);
  const { signal, ...rest } = total.bound({ readTimeoutMs: 7 });

  clock.timers.get(500)?.();

  assertEquals(rest, { readTimeoutMs: 7, totalTimeoutMs: 500 });
  assertInstanceOf(signal?.reason, TimeoutError);
  assertEquals(signal.reason.limit, "total");
  assertEquals(
    signal.reason.message,
    "Cannot call GetObject within 500 ms",
  );
});

Deno.test("TotalTime passes the caller's abort on", () => {
  const caller = new AbortController();
  using total = new TotalTime(new HandClock(), "GetObject", 500);
  const { signal } = total.bound({ signal: caller.signal });
  const reason = new Error("stop");

  caller.abort(reason);

  assertStrictEquals(signal?.reason, reason);
});

Deno.test("TotalTime has no timer once it is disposed of", () => {
  const clock = new HandClock();
  const total = new TotalTime(clock, "GetObject", 500);

  total[Symbol.dispose]();

  assertEquals(clock.timers.size, 0);
});
