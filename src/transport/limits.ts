/**
 * The settings that are numbers, checked.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";

/** Timers of the platforms count in 31 bits; more is no limit. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks a time limit.
 *
 * @param name Name of the setting.
 * @param ms Its value.
 * @throws {ConfigError} If it is not more than 0.
 */
export function checkLimit(name: string, ms: number): void {
  if (ms > 0) return;
  throw new ConfigError(
    "InvalidTimeLimit",
    `Cannot set up the transport as ${name} must be a number of milliseconds > 0, or Infinity for no limit: current value is ${ms}`,
  );
}

/**
 * Checks a number of connections.
 *
 * @param name Name of the setting.
 * @param count Its value.
 * @param least The smallest that makes sense.
 * @throws {ConfigError} If it is not a whole number of at least `least`.
 */
export function checkCount(name: string, count: number, least: number): void {
  if (count === Infinity) return;
  if (Number.isInteger(count) && count >= least) return;
  throw new ConfigError(
    "InvalidConnectionCount",
    `Cannot set up the transport as ${name} must be a whole number >= ${least}: current value is ${count}`,
  );
}
