/**
 * What one call may say for itself.
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

const OPTIONS: readonly string[] = ["signal", ...TIMES];

/**
 * Refuses options of a call that do not exist, make no sense, or would not be
 * kept.
 *
 * @param operation Name of the operation, for the error.
 * @param options What the call says.
 * @param transport What sends: not every one can keep the connect limit.
 * @throws {ConfigError} `"UnknownOption"`, `"InvalidTimeLimit"`, `"ContradictoryOptions"`.
 */
export function checkCallOptions(
  operation: string,
  options: CallOptions,
  { limits = [] }: Transport,
): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(
      "UnknownOption",
      `Cannot call ${operation} with the option "${unknown}": the options of a call are ${
        OPTIONS.join(", ")
      }`,
    );
  }
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
