/**
 * Time that stands still until it is told to move.
 *
 * @module
 */
import type { Clock } from "../ports/system.ts";

/** What waits for a time. */
interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/**
 * A clock that moves when told. A sleep moves it and is over at once, so a test
 * of waits takes no time; {@linkcode slept} tells what the waits were.
 *
 * @example Usage
 * ```ts
 * import { FixedClock } from "@inia/aws/testing";
 *
 * const clock = new FixedClock("2026-11-22T10:00:00Z");
 * await clock.sleep(1_500);
 *
 * console.log(clock.now().toISOString()); // 2026-11-22T10:00:01.500Z
 * console.log(clock.slept); // [1500]
 * ```
 */
export class FixedClock implements Clock {
  #now: number;
  #slept: number[] = [];
  #alarms: Alarm[] = [];

  /**
   * Makes a clock.
   *
   * @param start The time it shows at first, as a `Date` or in ISO 8601.
   */
  constructor(start: Date | string) {
    this.#now = milliseconds(start);
  }

  /** The waits so far, in milliseconds, in order. */
  get slept(): readonly number[] {
    return this.#slept;
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ms > 0) {
      this.#slept.push(ms);
      this.advance(ms);
    }
    return Promise.resolve();
  }

  timer(ms: number, fn: () => void): Disposable {
    const alarm = { at: this.#now + ms, ring: fn };
    this.#alarms.push(alarm);
    return {
      [Symbol.dispose]: () => {
        this.#alarms = this.#alarms.filter((other) => other !== alarm);
      },
    };
  }

  /**
   * Moves the clock on, and runs the timers that are due on the way, earliest
   * first.
   *
   * @param ms How far, in milliseconds.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#due(end); next; next = this.#due(end)) {
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.ring();
    }
    this.#now = end;
  }

  /**
   * Shows another time, earlier or later, and runs no timers.
   *
   * @param time The time, as a `Date` or in ISO 8601.
   */
  set(time: Date | string): void {
    this.#now = milliseconds(time);
  }

  #due(end: number): Alarm | undefined {
    return this.#alarms.filter(({ at }) => at <= end)
      .reduce<Alarm | undefined>(
        (first, alarm) => first && first.at <= alarm.at ? first : alarm,
        undefined,
      );
  }
}

function milliseconds(time: Date | string): number {
  const ms = new Date(time).getTime();
  if (Number.isNaN(ms)) {
    throw new RangeError(
      `Cannot set the clock: "${time}" is not a time in ISO 8601`,
    );
  }
  return ms;
}
