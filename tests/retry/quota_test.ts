import { assert, assertEquals } from "@std/assert";
import { RetryQuota } from "../../src/retry/quota.ts";
import { StandardRetry } from "../../src/retry/standard.ts";
import {
  CALL,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SILENCE,
  SLOW_DOWN,
} from "./failures.ts";
import { seeded } from "./seeded.ts";

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
