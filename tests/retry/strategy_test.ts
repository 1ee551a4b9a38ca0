import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import { AdaptiveRetry } from "../../src/retry/adaptive.ts";
import { LegacyRetry } from "../../src/retry/legacy.ts";
import { StandardRetry } from "../../src/retry/standard.ts";
import { RetryAfter, retryStrategy } from "../../src/retry/strategy.ts";
import {
  answer,
  CALL,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SLOW_DOWN,
} from "./failures.ts";

Deno.test("retryStrategy makes the strategy of each mode", () => {
  assertInstanceOf(retryStrategy(), StandardRetry);
  assertInstanceOf(retryStrategy({ mode: "standard" }), StandardRetry);
  assertInstanceOf(retryStrategy({ mode: "adaptive" }), AdaptiveRetry);
  assertInstanceOf(retryStrategy({ mode: "legacy" }), LegacyRetry);
});

Deno.test("retryStrategy knows how many attempts each mode gives", () => {
  const limits = [
    retryStrategy(),
    retryStrategy({ mode: "legacy" }),
    retryStrategy({ mode: "legacy", maxAttempts: 2 }),
    retryStrategy({ constants: "2026" }),
    retryStrategy({ constants: "2026" }, { service: "dynamodb" }),
    retryStrategy({ constants: "classic" }, { service: "dynamodb" }),
    retryStrategy({ constants: "2026", maxAttempts: 7 }, {
      service: "dynamodb",
    }),
  ].map(({ maxAttempts }) => maxAttempts);

  assertEquals(limits, [3, 5, 2, 3, 4, 3, 7]);
});

Deno.test("retryStrategy hands on randomness and time", () => {
  const strategy = retryStrategy({ mode: "adaptive", constants: "2026" }, {
    random: () => 0.5,
    now: () => 0,
  });
  const { ticket } = strategy.begin();

  const waits = [SERVER_ERROR, SLOW_DOWN].map((failure) => {
    const next = strategy.afterFailure(ticket, failure, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [25, 2_000]);
});

Deno.test("retryStrategy honours Retry-After only when asked to", () => {
  const failure = answer({
    code: "SlowDown",
    status: 503,
    headers: { "retry-after": "3" },
  });

  const waits = [false, true].map((honourRetryAfter) => {
    const strategy = retryStrategy({ honourRetryAfter }, { random: () => 0 });
    const next = strategy.afterFailure(strategy.begin().ticket, failure, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [0, 3_000]);
});

Deno.test("retryStrategy rejects a maxAttempts below 1", () => {
  assertThrows(
    () => retryStrategy({ mode: "legacy", maxAttempts: 0 }),
    RangeError,
    "maxAttempts must be a whole number >= 1: current value is 0",
  );
});

const PLAIN: RetryStrategy = {
  mode: "plain",
  maxAttempts: 3,
  begin: () => ({ kind: "go", ticket: { attempt: 1, held: 0 }, delayMs: 7 }),
  afterFailure: ({ attempt }, failure) =>
    failure === NO_SUCH_KEY
      ? { kind: "stop", reason: "not-retryable" }
      : { kind: "go", ticket: { attempt, held: 4 }, delayMs: 2_000 },
  afterSuccess: () => {},
};

Deno.test("RetryAfter lengthens a wait, up to 20 s", () => {
  const retry = new RetryAfter(PLAIN);

  const waits = ["1", "5", "3600"].map((seconds) => {
    const failure = answer({
      code: "SlowDown",
      status: 503,
      headers: { "retry-after": seconds },
    });
    const next = retry.afterFailure({ attempt: 1, held: 0 }, failure, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [2_000, 5_000, 20_000]);
});

Deno.test("RetryAfter leaves all else to the other strategy", () => {
  const given: unknown[] = [];
  const retry = new RetryAfter({
    ...PLAIN,
    afterSuccess: (ticket) => given.push(ticket),
  });
  const { ticket } = retry.begin();

  const next = retry.afterFailure(ticket, NO_SUCH_KEY, CALL);
  retry.afterSuccess({ attempt: 2, held: 4 });

  assertEquals(retry.begin(), PLAIN.begin());
  assertEquals(next, { kind: "stop", reason: "not-retryable" });
  assertEquals(given, [{ attempt: 2, held: 4 }]);
  assertEquals([retry.mode, retry.maxAttempts], ["plain", 3]);
});
