import { assert, assertEquals } from "@std/assert";
import { AdaptiveRetry } from "../../src/retry/adaptive.ts";
import { RetryAfter } from "../../src/retry/retry_after.ts";
import type { RetryGrant, RetryTurn } from "../../src/ports/retry.ts";
import { answer, CALL, SLOW_DOWN } from "./failures.ts";

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
