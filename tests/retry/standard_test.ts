import { assertEquals, assertThrows } from "@std/assert";
import { CLASSIC, EDITION_2026 } from "../../src/retry/constants.ts";
import { RetryQuota } from "../../src/retry/quota.ts";
import { StandardRetry } from "../../src/retry/standard.ts";
import {
  answer,
  CALL,
  DENIED,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SILENCE,
  SLOW_DOWN,
} from "./failures.ts";

Deno.test("StandardRetry admits a first attempt at once", () => {
  const grant = new StandardRetry().begin();

  assertEquals(grant, {
    kind: "go",
    ticket: { attempt: 1, held: 0 },
    delayMs: 0,
  });
});

Deno.test("StandardRetry doubles the ceiling of the wait up to 20 s", () => {
  const retry = new StandardRetry({ maxAttempts: 10, random: () => 1 });

  const waits = [1, 2, 3, 5, 6].map((attempt) => {
    const next = retry.afterFailure({ attempt, held: 0 }, SLOW_DOWN, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [1_000, 2_000, 4_000, 16_000, 20_000]);
});

Deno.test("StandardRetry holds more for a timeout than for an answer", () => {
  const retry = new StandardRetry({ random: () => 0.5 });
  const { ticket } = retry.begin();

  const answers = [SILENCE, SERVER_ERROR].map((failure) =>
    retry.afterFailure(ticket, failure, CALL)
  );

  assertEquals(answers, [
    { kind: "go", ticket: { attempt: 2, held: 10 }, delayMs: 500 },
    { kind: "go", ticket: { attempt: 2, held: 5 }, delayMs: 500 },
  ]);
});

Deno.test("StandardRetry does not retry what another attempt cannot mend", () => {
  const retry = new StandardRetry();
  const { ticket } = retry.begin();

  const answers = [NO_SUCH_KEY, DENIED].map((failure) =>
    retry.afterFailure(ticket, failure, CALL)
  );

  assertEquals(answers, [
    { kind: "stop", reason: "not-retryable" },
    { kind: "stop", reason: "not-retryable" },
  ]);
});

Deno.test("StandardRetry stops at maxAttempts", () => {
  const retry = new StandardRetry({ maxAttempts: 2 });

  const next = retry.afterFailure({ attempt: 2, held: 5 }, SLOW_DOWN, CALL);

  assertEquals(next, { kind: "stop", reason: "attempts" });
});

Deno.test("StandardRetry stops when the calls have used up the quota", () => {
  const retry = new StandardRetry({ quota: new RetryQuota(4) });

  const next = retry.afterFailure(retry.begin().ticket, SLOW_DOWN, CALL);

  assertEquals(next, { kind: "stop", reason: "quota" });
});

Deno.test("StandardRetry gives back what the last retry took", () => {
  const quota = new RetryQuota();
  const retry = new StandardRetry({ quota });
  quota.take(100);

  retry.afterSuccess({ attempt: 3, held: 10 });

  assertEquals(quota.available, 410);
});

Deno.test("StandardRetry earns a token with an easy success", () => {
  const quota = new RetryQuota();
  const retry = new StandardRetry({ quota });
  quota.take(100);

  retry.afterSuccess(retry.begin().ticket);

  assertEquals(quota.available, 401);
});

Deno.test("StandardRetry heeds the service's hint only in the 2026 edition", () => {
  const failure = answer({
    code: "500",
    status: 500,
    headers: { "x-amz-retry-after": "1500" },
  });

  const waits = [CLASSIC, EDITION_2026].map((constants) => {
    const retry = new StandardRetry({ constants, random: () => 0 });
    const next = retry.afterFailure(retry.begin().ticket, failure, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [0, 1_500]);
});

Deno.test("StandardRetry rejects a maxAttempts that is no number of attempts", () => {
  for (const maxAttempts of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => new StandardRetry({ maxAttempts }),
      RangeError,
      `Cannot set up retries as maxAttempts must be a whole number >= 1: current value is ${maxAttempts}`,
    );
  }
});
