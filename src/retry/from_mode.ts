import { ConfigError } from "../foundation/errors.ts";
import type { RetryOptions, RetryStrategy } from "../ports/retry.ts";
import { AdaptiveRetry } from "./adaptive.ts";
import { CLASSIC, EDITION_2026, type RetryConstants } from "./constants.ts";
import { LegacyRetry } from "./legacy.ts";
import { RetryAfter } from "./retry_after.ts";
import { StandardRetry } from "./standard.ts";

/** What a strategy gets from its client rather than from the user. */
export interface RetryDependencies {
  /** Id of the client's service, for numbers of its own, for example `"dynamodb"`. */
  readonly service?: string;
  /** Source of jitter, in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
  /** Time in milliseconds, on any scale. Default: `performance.now`. */
  readonly now?: () => number;
}

const EDITIONS: Readonly<
  Record<NonNullable<RetryOptions["constants"]>, RetryConstants>
> = { "2026": EDITION_2026, "classic": CLASSIC };

/**
 * Makes the strategy that settings ask for. Each call makes one with a state of
 * its own.
 *
 * `repeatUnsafe` is not looked at: that is for whoever knows the operation.
 *
 * @param options The settings. Default: the standard mode.
 * @param doors What the client adds.
 * @returns The strategy.
 * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
 */
export function retryStrategy(
  options: RetryOptions = {},
  doors: RetryDependencies = {},
): RetryStrategy {
  const strategy = ofMode(options, doors);
  return options.honourRetryAfter ? new RetryAfter(strategy) : strategy;
}

function ofMode(
  options: RetryOptions,
  doors: RetryDependencies,
): RetryStrategy {
  const { mode = "standard" } = options;
  if (mode === "legacy" && options.constants === "2026") {
    throw new ConfigError(
      "ContradictoryOptions",
      'Cannot use the constants "2026" with the retry mode "legacy": they are of the modes standard and adaptive',
    );
  }
  if (mode === "legacy") return new LegacyRetry({ ...doors, ...options });

  const constants = EDITIONS[options.constants ?? "classic"];
  const settings = {
    ...doors,
    constants,
    maxAttempts: options.maxAttempts ??
      constants.serviceMaxAttempts[doors.service ?? ""] ??
      constants.maxAttempts,
  };
  return mode === "adaptive"
    ? new AdaptiveRetry(settings)
    : new StandardRetry(settings);
}
