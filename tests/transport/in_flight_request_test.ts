import { assertEquals } from "@std/assert";
import { FixedClock } from "../../src/testing/fake_system.ts";
import {
  ReadTimer,
  type WaitLimits,
} from "../../src/transport/in_flight_request.ts";

Deno.test("ReadTimer ends after a silence", () => {
  const { patience, clock, ends } = patienceOf({ readTimeoutMs: 100 });
  patience.start();

  clock.advance(60);
  patience.heard();
  clock.advance(99);
  const before = [...ends];
  clock.advance(1);

  assertEquals([before, ends], [[], ["read"]]);
});

Deno.test("ReadTimer adds up what it counted, silence or not", () => {
  const { patience, clock, ends } = patienceOf({
    readTimeoutMs: 100,
    attemptTimeoutMs: 150,
  });
  for (let round = 0; round < 2; round++) {
    patience.start();
    clock.advance(60);
    patience.stop();
    clock.advance(10_000);
  }

  patience.start();
  clock.advance(30);

  assertEquals(ends, ["attempt"]);
});

Deno.test("ReadTimer excuses the first silence by an allowance", () => {
  const { patience, clock, ends } = patienceOf({ readTimeoutMs: 100 });
  patience.start(50);

  clock.advance(149);
  const before = [...ends];
  clock.advance(1);

  assertEquals([before, ends], [[], ["read"]]);
});

Deno.test("ReadTimer lasts for ever without limits", () => {
  const { patience, clock, ends } = patienceOf({ readTimeoutMs: Infinity });
  patience.start();

  clock.advance(1e12);

  assertEquals(ends, []);
});

Deno.test("ReadTimer counts anew when the clock is put back", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const timers: (() => void)[] = [];
  const ends: string[] = [];
  const patience = new ReadTimer(
    { readTimeoutMs: 100, attemptTimeoutMs: Infinity },
    {
      now: () => clock.now(),
      timer: (_ms, fn) => {
        timers.push(fn);
        return { [Symbol.dispose]: () => {} };
      },
    },
    (limit) => ends.push(limit),
  );
  patience.start();

  clock.set("2026-11-22T09:00:00Z");
  timers[0]?.();
  const before = [...ends];
  clock.advance(100);
  timers[1]?.();

  assertEquals([before, ends], [[], ["read"]]);
});

function patienceOf(
  limits: Partial<WaitLimits>,
): { patience: ReadTimer; clock: FixedClock; ends: string[] } {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const ends: string[] = [];
  const patience = new ReadTimer(
    { readTimeoutMs: Infinity, attemptTimeoutMs: Infinity, ...limits },
    clock,
    (limit) => ends.push(limit),
  );
  return { patience, clock, ends };
}
