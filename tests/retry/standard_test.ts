import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CLASSIC,
  EDITION_2026,
  RetryQuota,
  StandardRetry,
} from "../../src/retry/standard.ts";
import {
  answer,
  CALL,
  DENIED,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SILENCE,
  SLOW_DOWN,
} from "./failures.ts";
import { seeded } from "./seeded.ts";

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

Deno.test("RetryQuota takes all tokens asked for or none", () => {
  const quota = new RetryQuota(12);

  const taken = [quota.take(10), quota.take(5), quota.take(2)];

  assertEquals(taken, [true, false, true]);
  assertEquals(quota.available, 0);
});

Deno.test("RetryQuota is never fuller than full", () => {
  const quota = new RetryQuota(10);
  quota.take(3);

  quota.give(5);

  assertEquals(quota.available, 10);
});

Deno.test("RetryQuota stays within its bounds whatever the calls do", () => {
  const random = seeded(7);
  const quota = new RetryQuota();
  const retry = new StandardRetry({ maxAttempts: 4, quota, random });
  const failures = [SLOW_DOWN, SERVER_ERROR, SILENCE, SILENCE, NO_SUCH_KEY];
  let { ticket } = retry.begin();
  const seen = { empty: false, full: false };

  for (let event = 0; event < 10_000; event++) {
    // Long spells of bad and of good luck reach both ends.
    const failing = event % 4_000 < 2_000 ? 0.9 : 0.1;
    if (random() < failing) {
      const failure = failures[Math.floor(random() * failures.length)];
      assert(failure !== undefined);
      const next = retry.afterFailure(ticket, failure, CALL);
      ticket = next.kind === "go" ? next.ticket : retry.begin().ticket;
    } else {
      retry.afterSuccess(ticket);
      ticket = retry.begin().ticket;
    }
    assert(quota.available >= 0 && quota.available <= 500);
    seen.empty ||= quota.available < 5;
    seen.full ||= event > 2_000 && quota.available === 500;
  }

  assertEquals(seen, { empty: true, full: true });
});
