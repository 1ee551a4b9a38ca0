/**
 * The adaptive mode against servers that take a steady rate, in simulated time.
 * What botocore reaches there was recorded by
 * `tests/faults/adaptive_rate_oracle.py`, which runs botocore's own limiter.
 */
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import {
  type Clock,
  FakeSystem,
  type HttpResponse,
  type Transport,
} from "../../src/testing/mod.ts";

/** A server and its callers, and what botocore has accepted and refused a second. */
interface Scene {
  /** Requests that the server takes in a second, and at once. */
  readonly rate: number;
  readonly callers: number;
  readonly seconds: number;
  readonly latencyMs: number;
  readonly botocore: { readonly accepted: number; readonly refused: number };
}

const SCENES: readonly Scene[] = [
  {
    rate: 20,
    callers: 8,
    seconds: 3_600,
    latencyMs: 20,
    botocore: { accepted: 20.0, refused: 0.33 },
  },
  {
    rate: 20,
    callers: 8,
    seconds: 600,
    latencyMs: 2,
    botocore: { accepted: 19.97, refused: 0.36 },
  },
  {
    rate: 20,
    callers: 8,
    seconds: 600,
    latencyMs: 100,
    botocore: { accepted: 19.88, refused: 0.36 },
  },
  {
    rate: 5,
    callers: 32,
    seconds: 300,
    latencyMs: 50,
    botocore: { accepted: 4.99, refused: 0.61 },
  },
  {
    rate: 100,
    callers: 8,
    seconds: 300,
    latencyMs: 20,
    botocore: { accepted: 99.07, refused: 0.21 },
  },
];

for (const scene of SCENES) {
  const { rate, callers, seconds, latencyMs, botocore } = scene;
  Deno.test(`${callers} adaptive callers settle at ${rate} requests a second, ${latencyMs} ms away, for ${seconds} s`, async () => {
    const { accepted, refused, worstMinute } = await simulated(scene);

    const figures = JSON.stringify({ accepted, refused, worstMinute });
    assert(accepted >= 0.9 * botocore.accepted, figures);
    assert(worstMinute >= 0.8 * botocore.accepted, figures);
    assert(refused <= 2 * botocore.refused, figures);
  });
}

Deno.test("adaptive calls leave no listener on the signal that they share", async () => {
  const { signal } = new AbortController();
  let added = 0;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    added++;
    listeners++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    Reflect.apply(removeEventListener, signal, args);
  };
  const scene = { rate: 5, callers: 8, seconds: 60, latencyMs: 20 };

  await simulated(scene, signal);

  assert(added > 100, `${added} were added`);
  assertEquals(listeners, 0);
});

/** Runs callers that never rest, and counts by the server's side. */
async function simulated(
  { rate, callers, seconds, latencyMs }: Omit<Scene, "botocore">,
  signal?: AbortSignal,
): Promise<{ accepted: number; refused: number; worstMinute: number }> {
  const time = new SimulatedTime();
  const minutes: number[] = [];
  let tokens = rate;
  let at = time.nowMs;
  let accepted = 0;
  let refused = 0;
  const takes = (): boolean => {
    tokens = Math.min(rate, tokens + (time.nowMs - at) / 1_000 * rate);
    at = time.nowMs;
    if (tokens < 1) {
      refused++;
      return false;
    }
    tokens--;
    accepted++;
    const minute = Math.floor((time.nowMs - time.startMs) / 60_000);
    minutes[minute] = (minutes[minute] ?? 0) + 1;
    return true;
  };
  const transport: Transport = {
    send: async () => {
      await time.sleep(latencyMs / 2);
      const answer = takes() ? OK : SLOW_DOWN;
      await time.sleep(latencyMs / 2);
      return answer;
    },
    [Symbol.dispose]: () => {},
  };
  let seed = 1;
  using session = new Session({
    transport,
    clock: time,
    // Park and Miller's generator: the same waits in each run.
    random: () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647,
    region: "eu-west-1",
    credentials: "anonymous",
    system: new FakeSystem(),
    retry: { mode: "adaptive", maxAttempts: 3 },
  });
  const s3 = session.client(S3);
  const caller = async (): Promise<void> => {
    while (time.nowMs < time.startMs + seconds * 1_000) {
      await s3.deleteObject(
        { Bucket: "photos", Key: "cat.txt" },
        signal ? { signal } : {},
      )
        .catch((error) => {
          if (error.name !== "ServiceError") throw error;
        });
    }
  };

  await time.runUntil(Promise.all(Array.from({ length: callers }, caller)));

  return {
    accepted: accepted / seconds,
    refused: refused / seconds,
    worstMinute: Math.min(...minutes.slice(0, seconds / 60)) / 60,
  };
}

const OK: HttpResponse = { status: 204, headers: {}, body: null };
const SLOW_DOWN: HttpResponse = {
  status: 503,
  headers: {},
  body: {
    open: () => new Blob([REFUSAL]).stream(),
    bytes: () => Promise.resolve(new TextEncoder().encode(REFUSAL)),
    cancel: () => Promise.resolve(),
  },
};
const REFUSAL = "<Error><Code>SlowDown</Code></Error>";

/** Time that moves to the next timer whenever nothing else is left to do. */
class SimulatedTime implements Clock {
  readonly startMs = Date.parse("2026-11-22T10:00:00Z");
  nowMs = this.startMs;
  #timers: { at: number; run: () => void }[] = [];

  now(): Date {
    return new Date(this.nowMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = this.timer(ms, () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      });
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  timer(ms: number, run: () => void): Disposable {
    const entry = { at: this.nowMs + ms, run };
    const place = this.#timers.findLastIndex(({ at }) => at <= entry.at);
    this.#timers.splice(place + 1, 0, entry);
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== entry);
      },
    };
  }

  async runUntil(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = work.finally(() => isOver = true);
    over.catch(() => {});
    while (!isOver) {
      // A signature is made on other threads, and takes Node more turns than one.
      for (let turn = 0; turn < 4; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const next = this.#timers.shift();
      if (next === undefined) continue;
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    await over;
  }
}
