/**
 * Time limits on one timer for all.
 *
 * @module
 */
import type { Timing } from "../runtime.ts";

/** Timers of the platforms count in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

/** When a wait without a limit ends. */
const NEVER = Number.MAX_VALUE;

/** Something that ends at a time, which may be moved. */
export interface Deadline {
  /** When it ends, in milliseconds; `Infinity`: not now. */
  dueMs: number;
  /** Ends it; called once for each time that is set. */
  readonly expire: () => void;
}

/**
 * Ends deadlines in time. To set one is to write a number: the timer looks when
 * it fires, and is set anew where something ends earlier. On the machine's own
 * clock it stays set between two requests and does not keep the program alive;
 * on another it is there only while something waits.
 */
export class Timers {
  /** Whether the program may end while a deadline is set. */
  readonly isQuiet: boolean;
  readonly #clock: Timing | undefined;
  readonly #deadlines = new Set<Deadline>();
  #timer: Disposable | undefined;
  #firesMs = Infinity;
  #waiting = 0;
  #closed = false;

  constructor(clock?: Timing) {
    this.#clock = clock;
    this.isQuiet = clock === undefined;
  }

  /** The time in milliseconds, from a beginning of its own. */
  now(): number {
    return this.#clock === undefined
      ? performance.now()
      : this.#clock.now().getTime();
  }

  /** Watches a deadline until it is deleted. */
  add(deadline: Deadline): void {
    this.#deadlines.add(deadline);
  }

  /** Watches a deadline no longer. */
  delete(deadline: Deadline): void {
    this.#deadlines.delete(deadline);
  }

  /**
   * Calls a function once a time has passed.
   *
   * @returns What gives that up; to be called in the end in any case.
   */
  after(ms: number, end: () => void): () => void {
    const limit: Deadline = {
      dueMs: Math.min(this.now() + ms, NEVER),
      expire: () => {
        limit.dueMs = Infinity;
        end();
      },
    };
    this.add(limit);
    this.started(limit.dueMs);
    return () => {
      this.delete(limit);
      this.stopped();
    };
  }

  /** Says that a deadline was set; each is followed by a {@linkcode stopped}. */
  started(dueMs: number): void {
    this.#waiting++;
    this.arm(dueMs);
  }

  /** Says that a deadline is not set any more. */
  stopped(): void {
    if (--this.#waiting > 0) return;
    if (!this.isQuiet || this.#closed) this.#disarm();
  }

  /** Fires at a time, or before. */
  arm(dueMs: number): void {
    if (dueMs >= this.#firesMs || dueMs === NEVER) return;
    this.#timer?.[Symbol.dispose]();
    this.#firesMs = dueMs;
    // Timers may fire a little early, and then there would be one more.
    const ms = Math.min(
      Math.max(0, Math.ceil(dueMs - this.now())),
      LONGEST_MS,
    );
    this.#timer = this.#clock?.timer(ms, this.#fire) ??
      quietTimer(ms, this.#fire);
  }

  /** Leaves no timer behind once nothing waits. */
  close(): void {
    this.#closed = true;
    if (this.#waiting === 0) this.#disarm();
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#firesMs = Infinity;
    const now = this.now();
    let next = Infinity;
    for (const deadline of this.#deadlines) {
      if (deadline.dueMs > now) next = Math.min(next, deadline.dueMs);
      else deadline.expire();
    }
    if (next < Infinity && !(this.#closed && this.#waiting === 0)) {
      this.arm(next);
    }
  };

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#firesMs = Infinity;
  }
}

/** What waits for a server keeps the program alive by its socket. */
function quietTimer(ms: number, fn: () => void): Disposable {
  const id: unknown = setTimeout(fn, ms);
  // Deno 2 has numbers or objects for timers, depending on its version.
  if (typeof id === "number") Deno.unrefTimer(id);
  else if (canUnref(id)) id.unref();
  return { [Symbol.dispose]: () => clearTimeout(id as number) };
}

function canUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}

/**
 * Counts the silence of a server, and the sum of all waits for it, between
 * {@linkcode start} and {@linkcode stop}.
 */
export class Wait implements Deadline {
  dueMs = Infinity;
  readonly #timers: Timers;
  readonly #onEnd: (limit: "attempt" | "read") => void;
  /** When something came from the server, or went there, last. */
  heardMs = 0;
  #readMs = Infinity;
  #attemptLeftMs = Infinity;
  #startedMs = 0;

  constructor(timers: Timers, onEnd: (limit: "attempt" | "read") => void) {
    this.#timers = timers;
    this.#onEnd = onEnd;
    timers.add(this);
  }

  /**
   * Sets the limits of an exchange.
   *
   * @param readMs The longest silence, in milliseconds.
   */
  limit(readMs: number, attemptLeftMs: number): void {
    this.#readMs = readMs;
    this.#attemptLeftMs = attemptLeftMs;
  }

  /**
   * Starts to count.
   *
   * @param allowanceMs What the server may take on top of its longest silence.
   */
  start(allowanceMs = 0): void {
    if (this.dueMs !== Infinity) return;
    const now = this.#timers.now();
    this.#startedMs = now;
    this.dueMs = Math.min(
      now + this.#readMs + allowanceMs,
      now + this.#attemptLeftMs,
      NEVER,
    );
    this.#timers.started(this.dueMs);
  }

  /** The longest silence that is allowed now, in milliseconds. */
  get readTimeoutMs(): number {
    return this.#readMs;
  }

  /** What is left of the time for all waits, in milliseconds. */
  get leftMs(): number {
    this.stop();
    return this.#attemptLeftMs;
  }

  /** Says that something came from the server. */
  heard(): void {
    this.heardMs = this.#timers.now();
    if (this.dueMs === Infinity) return;
    this.dueMs = Math.min(
      this.heardMs + this.#readMs,
      this.#startedMs + this.#attemptLeftMs,
      NEVER,
    );
  }

  /** Stops to count. */
  stop(): void {
    if (this.dueMs === Infinity) return;
    this.dueMs = Infinity;
    if (this.#attemptLeftMs !== Infinity) {
      this.#attemptLeftMs -= this.#timers.now() - this.#startedMs;
    }
    this.#timers.stopped();
  }

  /** Counts no more, for good. */
  close(): void {
    this.stop();
    this.#timers.delete(this);
  }

  readonly expire = (): void => {
    const passedMs = this.#timers.now() - this.#startedMs;
    const limit = passedMs >= this.#attemptLeftMs ? "attempt" : "read";
    this.stop();
    this.#onEnd(limit);
  };
}
