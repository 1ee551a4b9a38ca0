/**
 * The port to time.
 *
 * @module
 */

/** Time, as something a test can hold still. */
export interface Clock {
  /** The current time. */
  now(): Date;
  /**
   * Waits.
   *
   * @param ms How long, in milliseconds. 0 or less: not at all.
   * @param signal Ends the wait early by throwing its reason.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls a function later.
   *
   * @param ms How much later, in milliseconds.
   * @param fn What to call, once.
   * @returns What stops the timer. Stopping one that has run does nothing.
   */
  timer(ms: number, fn: () => void): Disposable;
}
