import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  MeasuredRate,
  SendLimiter,
  SendRate,
  TokenBucket,
} from "../../src/retry/adaptive.ts";

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

Deno.test("TokenBucket starts empty and fills at its rate", () => {
  const bucket = new TokenBucket(4, 100);

  const waits = [100, 100.125, 101].map((at) => bucket.waitSeconds(1, at));

  assertEquals(waits, [0.25, 0.125, 0]);
});

Deno.test("TokenBucket keeps one second of tokens, and one at least", () => {
  const capacities = [4, 0.5].map((rate) => {
    const bucket = new TokenBucket(rate, 0);
    bucket.waitSeconds(1, 1_000);
    return bucket.available;
  });

  assertEquals(capacities, [4, 1]);
});

Deno.test("TokenBucket lines up those who take tokens to come", () => {
  const bucket = new TokenBucket(2, 0);

  const waits = [1, 2, 3].map(() => {
    const wait = bucket.waitSeconds(1, 0);
    bucket.take(1);
    return wait;
  });

  assertEquals(waits, [0.5, 1, 1.5]);
});

Deno.test("TokenBucket fills at the old rate until the rate changes", () => {
  const bucket = new TokenBucket(4, 0);

  bucket.setRate(1, 0.5);

  // Two came in at the old rate; the new capacity keeps one.
  assertEquals([bucket.available, bucket.fillRate], [1, 1]);
});

Deno.test("TokenBucket never fills slower than a token in two seconds", () => {
  const bucket = new TokenBucket(4, 0);

  bucket.setRate(-3, 0);

  assertEquals(bucket.waitSeconds(1, 0), 2);
});

Deno.test("TokenBucket loses nothing when the clock is set back", () => {
  const bucket = new TokenBucket(4, 100);
  bucket.waitSeconds(1, 100.5);

  bucket.waitSeconds(1, 50);

  assertEquals(bucket.available, 2);
});

Deno.test("SendRate drops to seven tenths when the service throttles", () => {
  const rate = new SendRate(0);

  assertEquals(rate.cut(10, 7), 7);
});

Deno.test("SendRate is back at the old rate after its plateau time", () => {
  const rate = new SendRate(0);
  rate.cut(10, 7);

  const grown = rate.grown(7 + rate.plateauSeconds);

  assertAlmostEquals(grown, 10);
});

Deno.test("SendRate lingers below the old rate and then goes above", () => {
  const rate = new SendRate(0);
  rate.cut(10, 0);

  const grown = [0, 1, 2, 3, 4].map((at) => rate.grown(at));

  assertEquals(grown, grown.toSorted((a, b) => a - b));
  assertEquals(grown.map((value) => value > 10), [
    false,
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("SendRate stands still where nothing was sent", () => {
  const rate = new SendRate(0);

  const cut = rate.cut(0, 5);

  assertEquals([cut, rate.plateauSeconds, rate.grown(5)], [0, 0, 0]);
});

Deno.test("MeasuredRate knows nothing before half a second is over", () => {
  const rate = new MeasuredRate(10);

  rate.count(10.1);
  rate.count(10.4);

  assertEquals(rate.perSecond, 0);
});

Deno.test("MeasuredRate leans on the newest slice of time", () => {
  const rate = new MeasuredRate(10);

  for (const at of [10.1, 10.5, 11]) rate.count(at);

  // Two in the first half second, one in the second: 0.8 * 2 + 0.2 * 3.2.
  assertAlmostEquals(rate.perSecond, 2.24);
});

Deno.test("MeasuredRate falls after a pause", () => {
  const rate = new MeasuredRate(0);
  for (const at of [0.1, 0.2, 0.3, 0.5]) rate.count(at);
  const before = rate.perSecond;

  rate.count(10.5);

  assertEquals(before, 6.4);
  assertAlmostEquals(rate.perSecond, 0.8 * 0.1 + 0.2 * 6.4);
});

Deno.test("MeasuredRate ignores a clock that was set back", () => {
  const rate = new MeasuredRate(100);
  rate.count(100.5);

  rate.count(3);

  assertEquals(rate.perSecond, 1.6);
});
