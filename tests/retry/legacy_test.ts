import { assertEquals, assertThrows } from "@std/assert";
import { LegacyRetry } from "../../src/retry/legacy.ts";
import { CALL, NO_SUCH_KEY, SERVER_ERROR, SILENCE } from "./failures.ts";

Deno.test("LegacyRetry doubles the wait without an end", () => {
  const retry = new LegacyRetry({ maxAttempts: 9, random: () => 0.5 });

  const waits = [1, 2, 8].map((attempt) => {
    const next = retry.afterFailure({ attempt, held: 0 }, SILENCE, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [500, 1_000, 64_000]);
});

Deno.test("LegacyRetry gives a call five attempts", () => {
  const retry = new LegacyRetry();

  const next = retry.afterFailure({ attempt: 5, held: 0 }, SERVER_ERROR, CALL);

  assertEquals(next, { kind: "stop", reason: "attempts" });
});

Deno.test("LegacyRetry says first that a failure is none to retry", () => {
  const retry = new LegacyRetry({ maxAttempts: 1 });

  const next = retry.afterFailure(retry.begin().ticket, NO_SUCH_KEY, CALL);

  assertEquals(next, { kind: "stop", reason: "not-retryable" });
});

Deno.test("LegacyRetry has no quota to use up", () => {
  const retry = new LegacyRetry();

  const kinds = Array.from({ length: 1_000 }, () => {
    const next = retry.afterFailure(retry.begin().ticket, SERVER_ERROR, CALL);
    return next.kind;
  });

  assertEquals(new Set(kinds), new Set(["go"]));
});

Deno.test("LegacyRetry rejects a maxAttempts below 1", () => {
  assertThrows(
    () => new LegacyRetry({ maxAttempts: 0 }),
    RangeError,
    "maxAttempts must be a whole number >= 1: current value is 0",
  );
});
