/**
 * The times that one call may name for itself.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { isMilliseconds, MILLISECONDS } from "../foundation/setting_values.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Transport } from "../ports/http.ts";

const TIMES = [
  "connectTimeoutMs",
  "readTimeoutMs",
  "attemptTimeoutMs",
  "totalTimeoutMs",
] as const satisfies readonly (keyof CallOptions)[];

/**
 * Refuses times of a call that make no sense, or that would not be kept.
 *
 * @param operation Name of the operation, for the error.
 * @param options What the call says.
 * @param transport What sends: not every one can keep the connect limit.
 * @throws {ConfigError} `"InvalidTimeLimit"`, `"ContradictoryOptions"`.
 */
export function checkTimes(
  operation: string,
  options: CallOptions,
  { limits = [] }: Transport,
): void {
  for (const name of TIMES) {
    const ms = options[name];
    if (ms === undefined || ms === Infinity || isMilliseconds(ms)) continue;
    throw new ConfigError(
      "InvalidTimeLimit",
      `Cannot call ${operation} as ${name} must be ${MILLISECONDS}, or Infinity for no limit: current value is ${ms}`,
    );
  }
  if (options.connectTimeoutMs === undefined) return;
  if (limits.includes("connect")) return;
  throw new ConfigError(
    "ContradictoryOptions",
    `Cannot call ${operation} with connectTimeoutMs: the transport does not keep a connect limit; leave the option out, or use a transport whose limits name "connect"`,
  );
}
