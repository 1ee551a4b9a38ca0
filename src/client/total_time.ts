/**
 * The limit to the time of a whole call, its waits included.
 *
 * @module
 */
import { TimeoutError } from "../foundation/errors.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Clock } from "../ports/clock.ts";

/** Runs from the start of a call until it is disposed of. */
export class TotalTime implements Disposable {
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  readonly #timer: Disposable;

  /**
   * Starts the time.
   *
   * @param clock Time.
   * @param operation Name of the operation, for the error.
   * @param limitMs The limit, in milliseconds.
   */
  constructor(clock: Clock, operation: string, limitMs: number) {
    this.#limitMs = limitMs;
    this.#timer = clock.timer(limitMs, () => {
      const message = `Cannot call ${operation} within ${limitMs} ms`;
      this.#controller.abort(
        new TimeoutError("total", limitMs, message, { maybeSent: true }),
      );
    });
  }

  /** The options of a call, whose signal is aborted at the limit too. */
  bound(options: CallOptions): CallOptions {
    const { signal } = this.#controller;
    return {
      ...options,
      totalTimeoutMs: this.#limitMs,
      signal: options.signal
        ? AbortSignal.any([options.signal, signal])
        : signal,
    };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}
