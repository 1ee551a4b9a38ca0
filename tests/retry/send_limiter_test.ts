import { assert, assertEquals } from "@std/assert";
import { SendLimiter } from "../../src/retry/send_limiter.ts";

Deno.test("SendLimiter does not hold back before the first throttling", () => {
  const limiter = new SendLimiter(0);

  const waits = [0, 0, 0].map((at) => {
    limiter.served(at);
    return limiter.admit(at);
  });

  assertEquals(waits, [0, 0, 0]);
  assertEquals(limiter.enabled, false);
});

Deno.test("SendLimiter holds back from the first throttling on", () => {
  const limiter = new SendLimiter(0);

  limiter.throttled(0);

  // Nothing was measured yet: the slowest rate is a token in two seconds.
  assertEquals([limiter.admit(0), limiter.admit(0)], [2, 4]);
});

Deno.test("SendLimiter never allows twice the measured rate to be passed", () => {
  const limiter = new SendLimiter(0);
  limiter.throttled(0.5);

  for (let at = 1; at < 60; at += 0.25) {
    limiter.served(at);
    assert(limiter.bucket.fillRate <= Math.max(0.5, 2 * limiter.measuredRate));
  }
});

Deno.test("SendLimiter starts its cut from the lower of both rates", () => {
  const limiter = new SendLimiter(0);
  for (const at of [0.1, 0.2, 0.3, 0.4]) limiter.served(at);
  limiter.throttled(0.5);
  const first = limiter.bucket.fillRate;

  limiter.throttled(0.6);

  assertEquals(first, 0.7 * limiter.measuredRate);
  assertEquals(limiter.bucket.fillRate, 0.7 * first);
});
