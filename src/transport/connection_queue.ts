/**
 * A limit to the connections per host, first come, first served.
 *
 * @module
 */
import { TimeoutError } from "../foundation/errors.ts";
import { checkCount, checkLimit } from "./limits.ts";
import type { Timing } from "./runtime.ts";

/** Settings of a {@linkcode ConnectionQueue}. */
export interface QueueOptions {
  /** Most exchanges with one host at a time. */
  readonly maxConnections: number;
  /** Longest wait for a place, in milliseconds; `Infinity`: no limit. */
  readonly queueTimeoutMs: number;
}

/** Someone who waits for a place. */
interface Waiter {
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** The exchanges with one host. */
interface Line {
  taken: number;
  readonly waiters: Set<Waiter>;
}

/** The queues to all hosts. */
export class ConnectionQueue {
  readonly #options: QueueOptions;
  readonly #clock: Timing;
  readonly #lines = new Map<string, Line>();

  /**
   * Makes queues that are empty.
   *
   * @param options How many connections, and how long to wait for one.
   * @param clock Time.
   * @throws {ConfigError} If a setting makes no sense.
   */
  constructor(options: QueueOptions, clock: Timing) {
    checkCount("maxConnections", options.maxConnections, 1);
    checkLimit("queueTimeoutMs", options.queueTimeoutMs);
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Takes a place, at once or when it is this one's turn. Give it back with
   * {@linkcode leave}.
   *
   * @param origin The host.
   * @param signal Ends the wait early by throwing its reason.
   * @returns How long it waited, in milliseconds.
   * @throws {TimeoutError} If no place becomes free in time.
   */
  async enter(origin: string, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    const line = this.#lines.get(origin) ?? { taken: 0, waiters: new Set() };
    this.#lines.set(origin, line);
    if (line.taken < this.#options.maxConnections) {
      line.taken++;
      return 0;
    }
    const startMs = this.#clock.now().getTime();
    await this.#wait(line, origin, signal);
    return this.#clock.now().getTime() - startMs;
  }

  /** Gives a place back, to whoever has waited longest. */
  leave(origin: string): void {
    const line = this.#lines.get(origin);
    if (line === undefined) return;
    const [next] = line.waiters;
    if (next !== undefined) {
      // The place changes hands, so that no newcomer slips in between.
      next.enter();
    } else if (--line.taken === 0) {
      this.#lines.delete(origin);
    }
  }

  /** Sends all who wait away. */
  close(reason: unknown): void {
    for (const line of this.#lines.values()) {
      for (const waiter of line.waiters) waiter.refuse(reason);
    }
  }

  async #wait(
    line: Line,
    origin: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      enter: () => line.waiters.delete(waiter) && resolve(),
      refuse: (reason) => line.waiters.delete(waiter) && reject(reason),
    };
    const abort = (): void => waiter.refuse(signal?.reason);
    line.waiters.add(waiter);
    signal?.addEventListener("abort", abort);
    const { queueTimeoutMs } = this.#options;
    const timer = queueTimeoutMs === Infinity ? undefined : this.#clock.timer(
      queueTimeoutMs,
      () => waiter.refuse(this.#timeout(line, origin)),
    );
    try {
      await promise;
    } finally {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    }
  }

  #timeout(line: Line, origin: string): TimeoutError {
    const { maxConnections, queueTimeoutMs } = this.#options;
    const error = new TimeoutError(
      "queue",
      queueTimeoutMs,
      `Cannot send to ${origin}: none of its ${maxConnections} connections (maxConnections) became free within ${queueTimeoutMs} ms (queueTimeoutMs), with ${line.waiters.size} in the queue; read or cancel the bodies of answers, or allow more connections`,
      { maybeSent: false },
    );
    error.place({ queuedMs: queueTimeoutMs });
    return error;
  }
}
