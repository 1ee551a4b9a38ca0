/**
 * What the strategies of this folder answer, and refuse, alike.
 *
 * @module
 */
import type { RetryGrant, RetryRefusal } from "../ports/retry.ts";

/**
 * Admits a first attempt.
 *
 * @param delayMs Wait before it, in milliseconds.
 * @returns The grant of attempt 1.
 */
export function first(delayMs: number): RetryGrant {
  return { kind: "go", ticket: { attempt: 1, held: 0 }, delayMs };
}

/**
 * Ends a call's attempts.
 *
 * @param reason Why there is no further one.
 * @returns The refusal.
 */
export function stop(reason: RetryRefusal["reason"]): RetryRefusal {
  return { kind: "stop", reason };
}

/**
 * Passes a number of attempts on if it is one.
 *
 * @param maxAttempts The number.
 * @returns The same number.
 * @throws {RangeError} If it is not a whole number of at least 1.
 */
export function attemptLimit(maxAttempts: number): number {
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(
      `Cannot set up retries as maxAttempts must be a whole number >= 1: current value is ${maxAttempts}`,
    );
  }
  return maxAttempts;
}
