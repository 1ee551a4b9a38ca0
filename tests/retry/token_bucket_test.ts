import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../src/retry/token_bucket.ts";

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
