import { assertEquals } from "@std/assert";
import { TimeoutError } from "../../src/foundation/errors.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import {
  InFlightRequest,
  type WaitLimits,
} from "../../src/transport/in_flight_request.ts";
import { timersOf, type Timing } from "../../src/transport/runtime.ts";
import { requestTo } from "./requests.ts";

Deno.test("InFlightRequest ends after a silence", () => {
  const { exchange, clock, ends } = waitOf({ readTimeoutMs: 100 });
  exchange.start();

  clock.advance(60);
  exchange.heard();
  clock.advance(99);
  const before = [...ends];
  clock.advance(1);

  assertEquals([before, ends], [[], ["read"]]);
});

Deno.test("InFlightRequest adds up what it counted, silence or not", () => {
  const { exchange, clock, ends } = waitOf({
    readTimeoutMs: 100,
    attemptTimeoutMs: 150,
  });
  for (let round = 0; round < 2; round++) {
    exchange.start();
    clock.advance(60);
    exchange.stop();
    clock.advance(10_000);
  }

  exchange.start();
  clock.advance(30);

  assertEquals(ends, ["attempt"]);
});

Deno.test("InFlightRequest excuses the first silence by an allowance", () => {
  const { exchange, clock, ends } = waitOf({ readTimeoutMs: 100 });
  exchange.allowanceMs = 50;
  exchange.start();

  clock.advance(149);
  const before = [...ends];
  clock.advance(1);

  assertEquals([before, ends], [[], ["read"]]);
});

Deno.test("InFlightRequest lasts for ever without limits", () => {
  const { exchange, clock, ends } = waitOf({ readTimeoutMs: Infinity });
  exchange.start();

  clock.advance(1e12);

  assertEquals(ends, []);
});

Deno.test("InFlightRequest counts anew when the clock is put back", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const timers: (() => void)[] = [];
  const ends: string[] = [];
  const exchange = exchangeOf(
    { readTimeoutMs: 100, attemptTimeoutMs: Infinity },
    {
      now: () => clock.now(),
      timer: (_ms, fn) => {
        timers.push(fn);
        return { [Symbol.dispose]: () => {} };
      },
    },
    ends,
  );
  exchange.start();

  clock.set("2026-11-22T09:00:00Z");
  timers[0]?.();
  const before = [...ends];
  clock.advance(100);
  timers[1]?.();

  assertEquals([before, ends], [[], ["read"]]);
});

function waitOf(
  limits: Partial<WaitLimits>,
): { exchange: InFlightRequest; clock: FixedClock; ends: string[] } {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const ends: string[] = [];
  const exchange = exchangeOf(
    { readTimeoutMs: Infinity, attemptTimeoutMs: Infinity, ...limits },
    clock,
    ends,
  );
  return { exchange, clock, ends };
}

/** An exchange that notes the limit that ended it. */
function exchangeOf(
  limits: WaitLimits,
  clock: Timing,
  ends: string[],
): InFlightRequest {
  return new InFlightRequest(requestTo("https://example.com"), limits, {
    timers: timersOf(clock),
    heedsSignal: true,
    onEnd: (_, error) => {
      if (error instanceof TimeoutError) ends.push(error.limit);
    },
  });
}
