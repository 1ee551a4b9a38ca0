import { assertAlmostEquals, assertEquals } from "@std/assert";
import { MeasuredRate } from "../../src/retry/measured_rate.ts";

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
