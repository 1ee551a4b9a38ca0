import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { TimeoutError } from "../../src/foundation/errors.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { ConnectProbe } from "../../src/transport/connections.ts";
import type { Address } from "../../src/transport/runtime.ts";
import { requestTo } from "./requests.ts";

const REQUEST = requestTo("https://example.com");

Deno.test("ConnectProbe ends a request whose dial is still pending at the limit", () => {
  const { dials, clock } = probeOf(() => new Promise(() => {}));
  using watch = dials.watch(REQUEST, 100, {});

  clock.advance(99);
  const early = watch?.signal.aborted;
  clock.advance(1);

  const error = watch?.signal.reason;
  assertEquals(early, false);
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.limit, error.limitMs, error.maybeSent], [
    "connect",
    100,
    false,
  ]);
  assertEquals(
    error.message,
    "Cannot send GET https://example.com/: no connection after 100 ms (connectTimeoutMs); remark",
  );
});

Deno.test("ConnectProbe does not care how a dial ends", async () => {
  for (const end of [Promise.resolve(), Promise.reject(new Error("refused"))]) {
    const { dials, clock } = probeOf(() => end);
    using watch = dials.watch(REQUEST, 100, {});
    await end.catch(() => {});
    await Promise.resolve();

    clock.advance(100);

    assertEquals(watch?.signal.aborted, false);
  }
});

Deno.test("ConnectProbe dials once for many requests, and hangs up after the last", () => {
  const signals: AbortSignal[] = [];
  const { dials } = probeOf((_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  });

  const watches = [1, 2, 3].map(() => dials.watch(REQUEST, 100, {}));
  for (const watch of watches.slice(1)) watch?.[Symbol.dispose]();
  const early = signals[0]?.aborted;
  watches[0]?.[Symbol.dispose]();

  assertEquals(signals.length, 1);
  assertEquals([early, signals[0]?.aborted], [false, true]);
});

Deno.test("ConnectProbe leaves no timer behind", () => {
  const { dials, clock } = probeOf(() => new Promise(() => {}));
  const watch = dials.watch(REQUEST, 100, {});

  watch?.[Symbol.dispose]();
  clock.advance(100);

  assertEquals(watch?.signal.aborted, false);
});

Deno.test("ConnectProbe passes the signal of the exchange on", () => {
  const { dials } = probeOf(() => new Promise(() => {}));
  const controller = new AbortController();
  const reason = new Error("enough");
  using watch = dials.watch(REQUEST, 100, {
    signal: controller.signal,
  });

  controller.abort(reason);

  assertEquals(watch?.signal.reason, reason);
});

Deno.test("ConnectProbe does not dial a host that answered a short while ago", () => {
  const { dials, clock } = probeOf(() => new Promise(() => {}));
  const isWatched = (): boolean => {
    using watch = dials.watch(REQUEST, 100, {});
    return watch !== undefined;
  };

  const before = isWatched();
  dials.reached(REQUEST.origin);
  const after = isWatched();
  clock.advance(60_000);
  const later = isWatched();
  dials.reached(REQUEST.origin);
  dials.lost(REQUEST.origin);
  const lost = isWatched();

  assertEquals([before, after, later, lost], [true, false, true, true]);
});

Deno.test("ConnectProbe does not dial where there is no limit", () => {
  const { dials } = probeOf(() => new Promise(() => {}));

  assertEquals(dials.watch(REQUEST, Infinity, {}), undefined);
});

Deno.test("ConnectProbe forgets the host that it has not seen for longest", () => {
  const { dials } = probeOf(() => new Promise(() => {}));

  for (let host = 0; host < 257; host++) dials.reached(`https://${host}.test`);

  using first = dials.watch(requestTo("https://0.test"), 100, {});
  using second = dials.watch(requestTo("https://1.test"), 100, {});
  assert(first !== undefined);
  assertEquals(second, undefined);
});

Deno.test("ConnectProbe knows where to dial", () => {
  const addresses: Address[] = [];
  const { dials } = probeOf((address) => {
    addresses.push(address);
    return Promise.resolve();
  });

  for (
    const origin of [
      "https://example.com",
      "http://example.com",
      "http://localhost:8080",
      "https://[::1]:9000",
    ]
  ) {
    using _watch = dials.watch(requestTo(origin), 100, {});
  }

  assertEquals(addresses, [
    { hostname: "example.com", port: 443 },
    { hostname: "example.com", port: 80 },
    { hostname: "localhost", port: 8080 },
    { hostname: "::1", port: 9000 },
  ]);
});

function probeOf(
  dialer: (address: Address, signal: AbortSignal) => Promise<void>,
): { dials: ConnectProbe; clock: FixedClock } {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const dials = new ConnectProbe({
    dialer,
    clock,
    reachedForMs: 60_000,
    remark: "; remark",
  });
  return { dials, clock };
}
