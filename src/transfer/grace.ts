/**
 * The time that a transfer has to clean up after it was aborted.
 *
 * @module
 */
import type { Clock } from "../ports/clock.ts";

/** Time to learn the id of an upload that is being begun, in milliseconds. */
const BEGIN_MS = 2_500;

/** Time for all of the cleaning, in milliseconds. */
const END_MS = 4_500;

/**
 * Signals that follow that of a transfer with a delay: an answer that nobody
 * waits for may be an upload that nobody knows of, and parts cost money; but who
 * aborts does not wait for a server that hangs.
 */
export class Grace implements Disposable {
  readonly #begin = new AbortController();
  readonly #end = new AbortController();
  /** The signal of the transfer. */
  readonly signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #timers: Disposable[] = [];

  /**
   * Waits for the abort.
   *
   * @param signal The signal of the transfer.
   * @param clock Measures the time after it.
   */
  constructor(signal: AbortSignal | undefined, clock: Clock) {
    this.signal = signal;
    this.#clock = clock;
    if (signal?.aborted) this.#start();
    else signal?.addEventListener("abort", this.#start);
  }

  /** Ends the call that begins an upload. */
  get begin(): AbortSignal {
    return this.#begin.signal;
  }

  /** Ends the call that aborts an upload. */
  get end(): AbortSignal {
    return this.#end.signal;
  }

  /** Stops waiting. */
  [Symbol.dispose](): void {
    this.signal?.removeEventListener("abort", this.#start);
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }

  readonly #start = (): void => {
    const reason = this.signal?.reason;
    this.#timers.push(
      this.#clock.timer(BEGIN_MS, () => this.#begin.abort(reason)),
      this.#clock.timer(END_MS, () => this.#end.abort(reason)),
    );
  };
}
