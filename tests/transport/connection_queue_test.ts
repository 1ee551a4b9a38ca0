import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, TimeoutError } from "../../src/foundation/errors.ts";
import { FixedClock } from "../../src/testing/fixed_clock.ts";
import { ConnectionQueue } from "../../src/transport/connection_queue.ts";
import { countingSignal } from "./counting_signal.ts";

const A = "https://a.example";
const B = "https://b.example";

Deno.test("ConnectionQueue lets in who came first", async () => {
  const { queue } = queueOf({ maxConnections: 2 });
  const order: string[] = [];
  const come = async (name: string): Promise<void> => {
    await queue.enter(A);
    order.push(name);
  };
  const arrivals = ["1", "2", "3", "4"].map(come);
  await Promise.all(arrivals.slice(0, 2));

  queue.leave(A);
  const newcomer = come("5");
  await arrivals[2];
  queue.leave(A);
  await arrivals[3];
  queue.leave(A);
  await newcomer;

  assertEquals(order, ["1", "2", "3", "4", "5"]);
});

Deno.test("ConnectionQueue counts each host by itself", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  await queue.enter(A);

  await queue.enter(B);
  queue.leave(B);

  await queue.enter(B);
});

Deno.test("ConnectionQueue keeps nothing of a host without exchanges", async () => {
  const { queue } = queueOf({ maxConnections: 2 });
  for (let host = 0; host < 1_000; host++) {
    const origin = `https://bucket-${host}.example`;
    await queue.enter(origin);
    await queue.enter(origin);
    queue.leave(origin);
    assertEquals(queue.hosts, 1);
    queue.leave(origin);
  }

  assertEquals(queue.hosts, 0);
});

Deno.test("ConnectionQueue stops listening to the signal of whoever has waited", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const { signal, listeners } = countingSignal();
  await queue.enter(A, { signal });
  const next = queue.enter(A, { signal });
  assertEquals(listeners(), 1);

  queue.leave(A);
  await next;

  assertEquals(listeners(), 0);
  queue.leave(A);
});

Deno.test("ConnectionQueue tells its size and its length when time is up", async () => {
  const { queue, clock } = queueOf({ maxConnections: 1, queueTimeoutMs: 500 });
  await queue.enter(A);
  const first = queue.enter(A);
  const second = queue.enter(A);
  first.catch(() => {});
  second.catch(() => {});

  clock.advance(500);

  const error = await assertRejects(
    () => first,
    TimeoutError,
    `Cannot send to ${A}: none of its 1 connections (maxConnections) became free within 500 ms (queueTimeoutMs), with 2 in the queue`,
  );
  assertEquals([error.limit, error.limitMs, error.maybeSent], [
    "queue",
    500,
    false,
  ]);
  await assertRejects(() => second, TimeoutError, "with 1 in the queue");
});

Deno.test("ConnectionQueue passes over who has given up", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const reason = new Error("enough");
  const controller = new AbortController();
  await queue.enter(A);
  const impatient = queue.enter(A, { signal: controller.signal });
  const patient = queue.enter(A);

  controller.abort(reason);
  const error = await assertRejects(() => impatient, Error);
  queue.leave(A);
  await patient;

  assertEquals(error, reason);
});

Deno.test("ConnectionQueue does not let in who has given up before", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const signal = AbortSignal.abort(new Error("before"));

  await assertRejects(() => queue.enter(A, { signal }), Error, "before");

  await queue.enter(A);
});

Deno.test("ConnectionQueue sends all away when it closes", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  await queue.enter(A);
  const waiting = queue.enter(A);

  queue.close(new TypeError("closed"));

  await assertRejects(() => waiting, TypeError, "closed");
});

Deno.test("ConnectionQueue refuses a size that makes no sense", () => {
  for (const maxConnections of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => queueOf({ maxConnections }),
      ConfigError,
      `maxConnections must be a whole number >= 1: current value is ${maxConnections}`,
    );
  }
});

function queueOf(
  options: { maxConnections: number; queueTimeoutMs?: number },
): { queue: ConnectionQueue; clock: FixedClock } {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const queue = new ConnectionQueue(
    { queueTimeoutMs: Infinity, ...options },
    clock,
  );
  return { queue, clock };
}
