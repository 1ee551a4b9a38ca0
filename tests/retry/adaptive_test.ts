import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import type {
  RetryGrant,
  RetryRefusal,
  RetryTurn,
} from "../../src/ports/retry.ts";
import { AdaptiveRetry } from "../../src/retry/adaptive.ts";
import { RetryQuota } from "../../src/retry/standard.ts";
import { RetryAfter } from "../../src/retry/strategy.ts";
import {
  answer,
  CALL,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SILENCE,
  SLOW_DOWN,
} from "./failures.ts";
import { seeded } from "./seeded.ts";

Deno.test("AdaptiveRetry is the standard mode until it is throttled", () => {
  const retry = new AdaptiveRetry({ now: () => 0, random: () => 0.5 });
  const { ticket, delayMs } = retry.begin();

  const next = retry.afterFailure(ticket, SERVER_ERROR, CALL);

  assertEquals(delayMs, 0);
  assertEquals(next, {
    kind: "go",
    ticket: { attempt: 2, held: 5 },
    delayMs: 500,
  });
});

Deno.test("AdaptiveRetry waits for a token where that takes longer", () => {
  const retry = new AdaptiveRetry({ now: () => 0, random: () => 0.5 });

  const next = retry.afterFailure(retry.begin().ticket, SLOW_DOWN, CALL);

  // The backoff is half a second; the empty bucket needs two.
  assertEquals(waitOf(next), 2_000);
});

Deno.test("AdaptiveRetry waits for the backoff where that takes longer", () => {
  const retry = new AdaptiveRetry({
    maxAttempts: 9,
    now: () => 0,
    random: () => 1,
  });

  const next = retry.afterFailure({ attempt: 4, held: 0 }, SLOW_DOWN, CALL);

  assertEquals(waitOf(next), 8_000);
});

Deno.test("AdaptiveRetry makes first attempts wait in line", () => {
  const retry = new AdaptiveRetry({ maxAttempts: 1, now: () => 0 });
  const { ticket } = retry.begin();

  const next = retry.afterFailure(ticket, SLOW_DOWN, CALL);

  assertEquals(next, { kind: "stop", reason: "attempts" });
  assertEquals([retry.begin().delayMs, retry.begin().delayMs], [2_000, 4_000]);
});

Deno.test("AdaptiveRetry lets the rate grow again with successes", () => {
  let now = 0;
  const retry = new AdaptiveRetry({ maxAttempts: 1, now: () => now });
  retry.afterFailure(retry.begin().ticket, SLOW_DOWN, CALL);

  for (; now < 20_000; now += 100) {
    retry.afterSuccess({ attempt: 1, held: 0 });
  }

  const waits = Array.from({ length: 10 }, () => retry.begin().delayMs);
  assertEquals(waits, Array(10).fill(0));
});

Deno.test("AdaptiveRetry does not measure by errors that sent nothing", () => {
  const waits = [new ConfigError("x", "not sent"), NO_SUCH_KEY].map(
    (failure) => {
      let now = 0;
      const retry = new AdaptiveRetry({ maxAttempts: 1, now: () => now });
      for (; now < 1_000; now += 100) {
        retry.afterFailure({ attempt: 1, held: 0 }, failure, CALL);
      }
      retry.afterFailure({ attempt: 1, held: 0 }, SLOW_DOWN, CALL);
      retry.begin();
      return retry.begin().delayMs;
    },
  );

  // Eleven attempts in a second were measured, or the throttled one alone.
  const [alone = NaN, eleven = NaN] = waits;
  assert(alone > 5 * eleven, `${alone} and ${eleven}`);
});

Deno.test("AdaptiveRetry always answers with a wait that ends", () => {
  const random = seeded(11);
  let now = 1_709_210_096_000;
  const retry = new AdaptiveRetry({
    maxAttempts: 4,
    now: () => now,
    random,
  });
  const failures = [SLOW_DOWN, SERVER_ERROR, SILENCE, NO_SUCH_KEY];
  let { ticket } = retry.begin();

  for (let event = 0; event < 10_000; event++) {
    // Bursts at one instant, pauses of an hour, and a clock that jumps back.
    now += [0, 0, 1, 250, 3_600_000, -5_000][Math.floor(random() * 6)] ?? 0;
    const failure = failures[Math.floor(random() * 8)];
    if (failure === undefined) {
      retry.afterSuccess(ticket);
      ticket = retry.begin().ticket;
      continue;
    }
    const next = retry.afterFailure(ticket, failure, CALL);
    const grant = next.kind === "go" ? next : retry.begin();
    assert(Number.isFinite(grant.delayMs) && grant.delayMs >= 0);
    ticket = grant.ticket;
  }
});

Deno.test("AdaptiveRetry gives the quota of a retry back when its call ends well", () => {
  const quota = new RetryQuota(7);
  const retry = new AdaptiveRetry({ now: () => 0, quota });
  const left: number[] = [];

  for (let call = 0; call < 3; call++) {
    const next = retry.afterFailure(retry.begin().ticket, SERVER_ERROR, CALL);
    assert(next.kind === "go");
    left.push(quota.available);
    retry.afterSuccess(next.ticket);
    left.push(quota.available);
  }
  quota.take(3);
  retry.afterSuccess(retry.begin().ticket);

  assertEquals(left, [2, 7, 2, 7, 2, 7]);
  assertEquals(quota.available, 5);
});

Deno.test("AdaptiveRetry rejects a maxAttempts below 1", () => {
  assertThrows(
    () => new AdaptiveRetry({ maxAttempts: 0 }),
    RangeError,
    "maxAttempts must be a whole number >= 1: current value is 0",
  );
});

function waitOf(answer: RetryGrant | RetryRefusal): number | string {
  return answer.kind === "go" ? answer.delayMs : answer.reason;
}

Deno.test("a turn of AdaptiveRetry waits for the backoff, then for a token", () => {
  let now = 0;
  const retry = throttled(() => now);

  const turn = turnOf(retry, granted(retry));

  // Half of a second's backoff; then two seconds for a token of its own.
  assertEquals(turn.remainingMs(), 500);
  now = 500;
  assertEquals(turn.remainingMs(), 1_500);
  now = 2_000;
  assertEquals(turn.remainingMs(), 0);
});

Deno.test("turns of AdaptiveRetry wait on at the rate of now", () => {
  let now = 0;
  const retry = throttled(() => now);
  const [first, second] = [
    turnOf(retry, retry.begin()),
    turnOf(retry, retry.begin()),
  ];
  const woken: string[] = [];
  first.onChange(() => woken.push("first"));
  second.onChange(() => woken.push("second"));
  assertEquals([first.remainingMs(), second.remainingMs()], [2_000, 4_000]);

  now = 1_000;
  for (let call = 0; call < 40; call++) retry.afterSuccess(TICKET);
  now = 1_500;
  retry.afterSuccess(TICKET);

  assertEquals(woken, ["first"]);
  assert(first.remainingMs() < 500, `${first.remainingMs()}`);
  now = 2_000;
  assertEquals(first.remainingMs(), 0);
  first.end();
  assertEquals(woken, ["first", "second"]);
  assert(second.remainingMs() < 2_000, `${second.remainingMs()}`);
});

Deno.test("a turn of AdaptiveRetry that is given up goes to the next in line", () => {
  const retry = throttled(() => 0);
  const turns = [1, 2, 3].map(() => turnOf(retry, retry.begin()));
  const [first, second, third] = turns;
  let woken = 0;
  second?.onChange(() => woken++);
  third?.onChange(() => woken += 10);

  first?.end();

  assertEquals(woken, 1);
  assertEquals(turns.slice(1).map((turn) => turn.remainingMs()), [
    2_000,
    4_000,
  ]);
  assertEquals(retry.begin().delayMs, 6_000);
});

Deno.test("a turn of AdaptiveRetry that came leaves its token taken", () => {
  let now = 0;
  const retry = throttled(() => now);
  const turn = turnOf(retry, retry.begin());
  now = 2_000;

  assertEquals(turn.remainingMs(), 0);
  turn.end();

  assertEquals(retry.begin().delayMs, 2_000);
});

Deno.test("a Retry-After lengthens the backoff of a turn", () => {
  const retry = new RetryAfter(throttled(() => 0));
  const failure = answer({
    code: "SlowDown",
    status: 503,
    headers: { "retry-after": "7" },
  });
  const grant = retry.afterFailure(TICKET, failure, CALL);
  assert(grant.kind === "go");

  assertEquals(turnOf(retry, grant).remainingMs(), 7_000);
});

Deno.test("AdaptiveRetry has no turns before it is throttled", () => {
  const retry = new AdaptiveRetry({ now: () => 0 });

  assertEquals(retry.turn(retry.begin()), undefined);
});

const TICKET = { attempt: 1, held: 0 };

/** A strategy that was throttled before anything was measured: a token in two seconds. */
function throttled(now: () => number): AdaptiveRetry {
  const retry = new AdaptiveRetry({ now, random: () => 0.5 });
  retry.afterFailure({ attempt: 3, held: 0 }, SLOW_DOWN, CALL);
  return retry;
}

function granted(retry: AdaptiveRetry): RetryGrant {
  const answer = retry.afterFailure(TICKET, SLOW_DOWN, CALL);
  assert(answer.kind === "go");
  return answer;
}

function turnOf(
  retry: { turn(grant: RetryGrant): RetryTurn | undefined },
  grant: RetryGrant,
): RetryTurn {
  const turn = retry.turn(grant);
  assert(turn !== undefined);
  return turn;
}
