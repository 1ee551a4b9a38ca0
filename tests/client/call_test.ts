import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { checkCallOptions, TotalTime } from "../../src/client/call_options.ts";
import { ConfigError, TimeoutError } from "../../src/foundation/errors.ts";
import type { CallOptions } from "../../src/ports/caller.ts";
import type { Clock } from "../../src/ports/system.ts";
import { scripted } from "../scripted_transport.ts";

Deno.test("checkCallOptions lets times pass, and Infinity for no limit", () => {
  const transport = { ...scripted([]), limits: ["connect" as const] };

  checkCallOptions("GetObject", {}, scripted([]));
  checkCallOptions("GetObject", {
    connectTimeoutMs: 1,
    readTimeoutMs: 0.5,
    attemptTimeoutMs: Infinity,
    totalTimeoutMs: 2 ** 31 - 1,
  }, transport);
});

Deno.test("checkCallOptions refuses what is no time", () => {
  for (const ms of [0, -1, NaN, 2 ** 31]) {
    const error = assertThrows(
      () => checkCallOptions("GetObject", { readTimeoutMs: ms }, scripted([])),
      ConfigError,
      `Cannot call GetObject as readTimeoutMs must be a number of milliseconds above 0 and up to 2147483647, or Infinity for no limit: current value is ${ms}`,
    );
    assertEquals(error.code, "InvalidTimeLimit");
  }
});

Deno.test("checkCallOptions refuses a connect limit that the transport does not keep", () => {
  const error = assertThrows(
    () => checkCallOptions("GetObject", { connectTimeoutMs: 5 }, scripted([])),
    ConfigError,
    "the transport does not keep a connect limit",
  );

  assertEquals(error.code, "ContradictoryOptions");
});
Deno.test("checkCallOptions refuses options that a call does not have", () => {
  const options = { timeout: 5 };

  const error = assertThrows(
    () => checkCallOptions("GetObject", options as CallOptions, scripted([])),
    ConfigError,
    'Cannot call GetObject with the option "timeout": the options of a call are signal, connectTimeoutMs',
  );

  assertEquals(error.code, "UnknownOption");
});

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
