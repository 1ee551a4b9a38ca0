/**
 * One timer of the platform for all time limits.
 *
 * @module
 */

/** Timers of the platforms count in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

/** Limits that end together, in milliseconds: what the first one ends may stop the others. */
const TOGETHER_MS = 1;

/** Rests after which the program is let go only when one lasts. */
const MANY_RESTS = 32;

/** How long a rest lasts then before the program is let go, in milliseconds. */
const REST_MS = 10;

/** A timer of the platform. */
interface Wakeup {
  /** Keeps the program alive until it fires. Says whether it is still to fire. */
  ref(): boolean;
  /** Lets the program end before it fires, or stops it. */
  unref(): void;
  /** Stops it, where {@linkcode unref} does not. */
  stop?(): void;
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
/** Whether the timer keeps the program alive. */
let isHeld = false;
/** Whether the end of a rest is being waited for. */
let isResting = false;
/** Times that no limit ran any more. */
let rests = 0;

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
  RUNNING.add(deadline);
  // It may have fired unseen, while no limit ran.
  if (
    firesMs > deadline.dueMs || wakeup === undefined ||
    !isHeld && !(isHeld = wakeup.ref())
  ) {
    setWakeup(deadline.dueMs, performance.now());
  }
}

/** Stops what {@linkcode startDeadline} has started, if it runs. */
export function stopDeadline(deadline: Deadline): void {
  if (RUNNING.delete(deadline) && RUNNING.size === 0 && !isResting) rest();
}

/**
 * Lets the program end. Where one call follows the other, to do so after each
 * costs as much as all else here: then it is done when none has followed.
 */
function rest(hasLasted = ++rests <= MANY_RESTS): void {
  if (hasLasted) {
    isHeld = false;
    return wakeup?.unref();
  }
  isResting = true;
  wakeupIn(REST_MS, () => {
    isResting = false;
    if (RUNNING.size === 0) rest(true);
  });
}

function setWakeup(dueMs: number, now: number): void {
  if (isHeld) wakeup?.unref();
  wakeup?.stop?.();
  firesMs = dueMs;
  isHeld = true;
  wakeup = wakeupIn(
    Math.min(Math.max(0, Math.ceil(dueMs - now)), LONGEST_MS),
    fire,
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

function wakeupIn(ms: number, end: () => void): Wakeup {
  return "Deno" in globalThis
    ? new SignalWakeup(ms, end)
    : timeoutWakeup(ms, end);
}

/**
 * On Deno, `setTimeout` loads 21 modules of the runtime, this none. It cannot be
 * stopped; without its listener it holds nothing up.
 */
class SignalWakeup implements Wakeup {
  readonly #signal: AbortSignal;
  readonly #end: () => void;

  constructor(ms: number, end: () => void) {
    this.#signal = AbortSignal.timeout(ms);
    this.#end = end;
    this.ref();
  }

  ref(): boolean {
    // To add it twice is to add it once.
    this.#signal.addEventListener("abort", this.#end);
    return !this.#signal.aborted;
  }

  unref(): void {
    this.#signal.removeEventListener("abort", this.#end);
  }
}

function timeoutWakeup(ms: number, end: () => void): Wakeup {
  const id: unknown = setTimeout(end, ms);
  const timer: { ref?(): unknown; unref?(): unknown } =
    typeof id === "object" && id !== null ? id : {};
  return {
    ref: () => {
      // Browsers have numbers for timers, and no program that could end.
      timer.ref?.();
      // It fires seen or not.
      return true;
    },
    unref: () => timer.unref?.(),
    stop: () => clearTimeout(id as number),
  };
}
