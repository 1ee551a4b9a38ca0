/**
 * One timer of the platform for all time limits.
 *
 * @module
 */

/** Timers of the platforms count in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

/** Limits that end together, in milliseconds: what the first one ends may stop the others. */
const TOGETHER_MS = 1;

/** A timer of the platform. */
interface Wakeup {
  /** Whether it has fired. */
  readonly isOver: boolean;
  /** Keeps the program alive until it fires. */
  ref(): void;
  /** Lets the program end before it fires. */
  unref(): void;
  /** Stops it, where that is possible. */
  stop(): void;
}

/** Something that ends at a time. */
export interface Deadline {
  /** When it ends, by `performance.now()`. */
  dueMs: number;
  /** Ends it. */
  expire(): void;
}

/** A limit that runs. */
class Limit implements Deadline, Disposable {
  readonly dueMs: number;
  readonly expire: () => void;

  constructor(dueMs: number, end: () => void) {
    this.dueMs = dueMs;
    this.expire = end;
  }

  [Symbol.dispose](): void {
    stopDeadline(this);
  }
}

const RUNNING = new Set<Deadline>();
let wakeup: Wakeup | undefined;
let firesMs = Infinity;

/**
 * Calls a function when a limit has passed, never earlier. Starting and stopping
 * a limit seldom costs a timer of the platform: the one that is set fires for the
 * nearest limit, and looks what is left.
 *
 * @param ms The limit, in milliseconds.
 * @param end What is called, once.
 * @returns What stops the limit. Until it has passed or is stopped, the program
 * does not end.
 */
export function startLimit(ms: number, end: () => void): Disposable {
  const limit = new Limit(performance.now() + ms, end);
  startDeadline(limit);
  return limit;
}

/**
 * Ends something when its time has come, never earlier, as {@linkcode startLimit}.
 * Does nothing but that where it is started already and ends earlier now.
 */
export function startDeadline(deadline: Deadline): void {
  const isFirst = RUNNING.size === 0;
  RUNNING.add(deadline);
  // It may have fired unseen, while no limit ran.
  if (
    firesMs > deadline.dueMs || wakeup === undefined || isFirst && wakeup.isOver
  ) {
    setWakeup(deadline.dueMs, performance.now());
  } else if (isFirst) wakeup.ref();
}

/** Stops what {@linkcode startDeadline} has started, if it runs. */
export function stopDeadline(deadline: Deadline): void {
  if (RUNNING.delete(deadline) && RUNNING.size === 0) wakeup?.unref();
}

function setWakeup(dueMs: number, now: number): void {
  wakeup?.stop();
  firesMs = dueMs;
  wakeup = wakeupIn(
    Math.min(Math.max(0, Math.ceil(dueMs - now)), LONGEST_MS),
  );
}

function fire(): void {
  wakeup = undefined;
  firesMs = Infinity;
  const now = performance.now();
  let next = Infinity;
  for (const { dueMs } of RUNNING) next = Math.min(next, dueMs);
  try {
    if (next > now) return;
    for (const deadline of RUNNING) {
      if (deadline.dueMs > Math.min(now, next + TOGETHER_MS)) continue;
      RUNNING.delete(deadline);
      deadline.expire();
    }
  } finally {
    next = Infinity;
    for (const { dueMs } of RUNNING) next = Math.min(next, dueMs);
    // What an end started may have set it already.
    if (next < firesMs) setWakeup(next, now);
  }
}

function wakeupIn(ms: number): Wakeup {
  return "Deno" in globalThis ? new SignalWakeup(ms) : timeoutWakeup(ms);
}

/**
 * On Deno, `setTimeout` loads 21 modules of the runtime, this none. It cannot be
 * stopped; without its listener it holds nothing up.
 */
class SignalWakeup implements Wakeup {
  readonly #signal: AbortSignal;
  #held = false;

  constructor(ms: number) {
    this.#signal = AbortSignal.timeout(ms);
    this.ref();
  }

  get isOver(): boolean {
    return this.#signal.aborted;
  }

  ref(): void {
    if (this.#held) return;
    this.#held = true;
    this.#signal.addEventListener("abort", fire);
  }

  unref(): void {
    this.stop();
  }

  stop(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#signal.removeEventListener("abort", fire);
  }
}

function timeoutWakeup(ms: number): Wakeup {
  const id: unknown = setTimeout(fire, ms);
  const timer: Partial<Wakeup> = typeof id === "object" && id !== null
    ? id
    : {};
  return {
    // It fires seen or not.
    isOver: false,
    // Browsers have numbers for timers, and no program that could end.
    ref: () => timer.ref?.(),
    unref: () => timer.unref?.(),
    stop: () => clearTimeout(id as number),
  };
}
