/**
 * How long the server is waited for.
 *
 * @module
 */
import type { Timeline } from "../foundation/errors.ts";
import { LONGEST_TIMER_MS } from "./limits.ts";
import type { Timing } from "./runtime.ts";

/** How long the server may be waited for, in milliseconds. */
export interface WaitLimits {
  /** Its longest silence. */
  readonly readTimeoutMs: number;
  /** The sum of all waits. */
  readonly attemptTimeoutMs: number;
}

/**
 * Counts the silence of a server, and the sum of all waits for it, between
 * {@linkcode start} and {@linkcode stop}, pauses left out. It has one timer, and
 * that only while it counts: when it fires, it looks whether something came
 * meanwhile.
 */
export class ReadTimer {
  readonly #limits: WaitLimits;
  readonly #clock: Timing;
  readonly #onEnd: (limit: "attempt" | "read") => void;
  readonly #aliveMs: () => number;
  #counting = false;
  #pausedAt: number | undefined;
  #timer: Disposable | undefined;
  #startedAt = 0;
  #heardAt = 0;
  #firstStartAt: number | undefined;
  #firstHeardAt: number | undefined;
  #lastHeardAt = 0;
  #attemptLeftMs: number;

  /**
   * Makes one that does not count yet.
   *
   * @param limits When it ends.
   * @param clock Time.
   * @param onEnd Called when it ends, with the limit that passed.
   * @param aliveMs Last sign of life that is known elsewhere, in milliseconds
   * since 1970. It is asked for only when a silence seems too long.
   */
  constructor(
    limits: WaitLimits,
    clock: Timing,
    onEnd: (limit: "attempt" | "read") => void,
    aliveMs: () => number = () => 0,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#aliveMs = aliveMs;
    this.#attemptLeftMs = limits.attemptTimeoutMs;
  }

  /**
   * Starts to count; if it does already, the silence starts anew.
   *
   * @param allowanceMs What the server may take on top of its longest silence.
   */
  start(allowanceMs = 0): void {
    if (this.#counting) {
      this.resume();
      return this.heard();
    }
    this.#counting = true;
    this.#startedAt = this.#now();
    this.#firstStartAt ??= this.#startedAt;
    this.#heardAt = this.#startedAt + allowanceMs;
    this.#arm(this.#startedAt);
  }

  /** Says that something came from the server. */
  heard(): void {
    this.#heardAt = this.#now();
    this.#lastHeardAt = this.#heardAt;
    this.#firstHeardAt ??= this.#heardAt;
  }

  /** Time since the first start, in milliseconds. */
  elapsedMs(): number {
    const now = this.#now();
    return now - (this.#firstStartAt ?? now);
  }

  /** When something came from the server, since the first start. */
  heardMs(): Pick<Timeline, "firstByteMs" | "lastByteMs"> {
    const start = this.#firstStartAt;
    const first = this.#firstHeardAt;
    if (start === undefined || first === undefined) return {};
    return {
      firstByteMs: first - start,
      lastByteMs: this.#lastHeardAt - start,
    };
  }

  /** Leaves out what follows. The timer stays: most pauses are shorter than it. */
  pause(): void {
    if (this.#counting) this.#pausedAt ??= this.#now();
  }

  /** Ends a pause; the silence starts anew. */
  resume(): void {
    if (this.#pausedAt === undefined) return;
    const now = this.#now();
    this.#startedAt += Math.max(0, now - this.#pausedAt);
    this.#pausedAt = undefined;
    this.#heardAt = now;
    if (this.#timer === undefined) this.#arm(now);
  }

  /** Stops to count. */
  stop(): void {
    if (!this.#counting) return;
    this.resume();
    this.#counting = false;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#attemptLeftMs === Infinity) return;
    this.#attemptLeftMs -= this.#now() - this.#startedAt;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #arm(now: number): void {
    const ms = Math.min(this.#silenceLeftMs(now), this.#totalLeftMs(now));
    if (ms > LONGEST_TIMER_MS) return;
    this.#timer = this.#clock.timer(ms, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#pausedAt !== undefined) return;
    const now = this.#now();
    if (now < this.#startedAt) {
      // The machine's clock was put back: what it said before is worth nothing.
      this.#startedAt = this.#heardAt = now;
    }
    if (this.#silenceLeftMs(now) <= 0) {
      this.#heardAt = Math.max(this.#heardAt, this.#aliveMs());
    }
    if (this.#totalLeftMs(now) <= 0) this.#onEnd("attempt");
    else if (this.#silenceLeftMs(now) <= 0) this.#onEnd("read");
    else this.#arm(now);
  };

  #silenceLeftMs(now: number): number {
    return this.#heardAt + this.#limits.readTimeoutMs - now;
  }

  #totalLeftMs(now: number): number {
    return this.#startedAt + this.#attemptLeftMs - now;
  }
}
