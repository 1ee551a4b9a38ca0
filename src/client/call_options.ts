/**
 * What one call may say for itself.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
} from "../foundation/options.ts";
import { isMilliseconds, MILLISECONDS } from "../foundation/setting_values.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Transport } from "../ports/http.ts";

const TIMES = [
  "connectTimeoutMs",
  "readTimeoutMs",
  "attemptTimeoutMs",
  "totalTimeoutMs",
  "queueTimeoutMs",
] as const satisfies readonly (keyof CallOptions)[];

/** The times that only a transport can keep. */
const KEPT_BY_TRANSPORT = [
  ["connectTimeoutMs", "connect"],
  ["queueTimeoutMs", "queue"],
] as const;

const KINDS: OptionKinds<CallOptions> = CALL_OPTION_KINDS;

/**
 * Refuses options of a call that do not exist, make no sense, or would not be
 * kept.
 *
 * @param operation Name of the operation, for the error.
 * @param options What the call says.
 * @param transport What sends: not every one can keep the connect limit.
 * @throws {ConfigError} `"UnknownOption"`, `"InvalidOption"`, `"InvalidTimeLimit"`, `"ContradictoryOptions"`.
 */
export function checkCallOptions(
  operation: string,
  options: CallOptions,
  { limits = [] }: Transport,
): void {
  checkOptions(`call ${operation}`, options, KINDS, { of: "a call" });
  for (const name of TIMES) {
    const ms = options[name];
    if (ms === undefined || ms === Infinity || isMilliseconds(ms)) continue;
    throw new ConfigError(
      "InvalidTimeLimit",
      `Cannot call ${operation} as ${name} must be ${MILLISECONDS}, or Infinity for no limit: current value is ${ms}`,
    );
  }
  for (const [name, limit] of KEPT_BY_TRANSPORT) {
    const ms = options[name];
    // Without a queue, no wait is too long: a transfer may always lift the limit.
    if (ms === undefined || name === "queueTimeoutMs" && ms === Infinity) {
      continue;
    }
    if (limits.includes(limit)) continue;
    throw new ConfigError(
      "ContradictoryOptions",
      `Cannot call ${operation} with ${name}: the transport does not keep a ${limit} limit; leave the option out, or use a transport whose limits name "${limit}"`,
    );
  }
}
