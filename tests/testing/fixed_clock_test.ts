import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FixedClock } from "../../src/testing/fixed_clock.ts";

Deno.test("FixedClock stands still until it is moved", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  clock.advance(500);

  assertEquals(clock.now(), new Date("2026-11-22T10:00:00.500Z"));
});

Deno.test("FixedClock.sleep moves the time and remembers the wait", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  await clock.sleep(1_500);
  await clock.sleep(0);

  assertEquals(clock.now(), new Date("2026-11-22T10:00:01.500Z"));
  assertEquals(clock.slept, [1_500]);
});

Deno.test("FixedClock.sleep throws the reason of an aborted signal", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const reason = new Error("enough");

  const error = await assertRejects(
    () => clock.sleep(1, AbortSignal.abort(reason)),
    Error,
  );

  assertEquals(error, reason);
  assertEquals(clock.slept, []);
});

Deno.test("FixedClock.timer runs in order of time, and not when stopped", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const rung: string[] = [];
  clock.timer(200, () => rung.push(`late at ${clock.now().getTime() % 1_000}`));
  clock.timer(100, () => rung.push(`soon at ${clock.now().getTime() % 1_000}`));
  clock.timer(50, () => rung.push("stopped"))[Symbol.dispose]();

  clock.advance(99);
  const before = [...rung];
  clock.advance(500);

  assertEquals(before, []);
  assertEquals(rung, ["soon at 100", "late at 200"]);
});

Deno.test("FixedClock.timer runs a timer that another one sets", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  let rung = 0;
  clock.timer(10, () => clock.timer(10, () => rung++));

  clock.advance(20);

  assertEquals(rung, 1);
});

Deno.test("FixedClock.set shows an earlier time", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");

  clock.set("2020-01-01T00:00:00Z");

  assertEquals(clock.now(), new Date("2020-01-01T00:00:00Z"));
});

Deno.test("FixedClock refuses a text that is no time", () => {
  assertThrows(
    () => new FixedClock("noon"),
    RangeError,
    'Cannot set the clock: "noon" is not a time in ISO 8601',
  );
});
