/**
 * A limit to the connections per host, first come, first served.
 *
 * @module
 */
import { TimeoutError } from "../foundation/errors.ts";
import type { SendOptions } from "../ports/http.ts";
import { checkCount, checkLimit, LONGEST_TIMER_MS } from "./limits.ts";
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
  #closed: { readonly reason: unknown } | undefined;

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
   * @param options What ends the wait early by throwing its reason, and how long
   * to wait where that differs from the queue's own limit.
   * @returns How long it waited, in milliseconds.
   * @throws {TimeoutError} If no place becomes free in time.
   */
  async enter(
    origin: string,
    options: Pick<SendOptions, "queueTimeoutMs" | "signal"> = {},
  ): Promise<number> {
    const { signal, queueTimeoutMs = this.#options.queueTimeoutMs } = options;
    signal?.throwIfAborted();
    checkLimit("queueTimeoutMs", queueTimeoutMs);
    if (this.#closed) throw this.#closed.reason;
    const line = this.#lines.get(origin) ?? { taken: 0, waiters: new Set() };
    this.#lines.set(origin, line);
    if (line.taken < this.#options.maxConnections) {
      line.taken++;
      return 0;
    }
    const startMs = this.#clock.now().getTime();
    await this.#wait(line, origin, { signal, queueTimeoutMs });
    return this.#clock.now().getTime() - startMs;
  }

  /** How many hosts have exchanges now; nothing is kept of the others. */
  get hosts(): number {
    return this.#lines.size;
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

  /** Sends all who wait away, and all who come after. */
  close(reason: unknown): void {
    this.#closed = { reason };
    for (const line of this.#lines.values()) {
      for (const waiter of line.waiters) waiter.refuse(reason);
    }
  }

  async #wait(
    line: Line,
    origin: string,
    { signal, queueTimeoutMs }: {
      readonly signal: AbortSignal | undefined;
      readonly queueTimeoutMs: number;
    },
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      enter: () => line.waiters.delete(waiter) && resolve(),
      refuse: (reason) => line.waiters.delete(waiter) && reject(reason),
    };
    const abort = (): void => waiter.refuse(signal?.reason);
    line.waiters.add(waiter);
    signal?.addEventListener("abort", abort);
    const timer = queueTimeoutMs > LONGEST_TIMER_MS
      ? undefined
      : this.#clock.timer(
        queueTimeoutMs,
        () => waiter.refuse(this.#timeout(line, origin, queueTimeoutMs)),
      );
    try {
      await promise;
    } finally {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    }
  }

  #timeout(line: Line, origin: string, queueTimeoutMs: number): TimeoutError {
    const { maxConnections } = this.#options;
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
