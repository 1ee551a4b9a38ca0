import { assertEquals } from "@std/assert";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import { RetryAfter } from "../../src/retry/retry_after.ts";
import { answer, CALL, NO_SUCH_KEY } from "./failures.ts";

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
