/**
 * The machine's own time.
 *
 * @module
 */
import type { Clock } from "../ports/clock.ts";

/** Time by `Date` and the timers of the platform. */
export class SystemClock implements Clock {
  now(): Date {
    return new Date();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wake = setTimeout(resolve, ms);
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(wake);
      signal?.removeEventListener("abort", abort);
    }
  }

  timer(ms: number, fn: () => void): Disposable {
    const id = setTimeout(fn, ms);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  }
}
