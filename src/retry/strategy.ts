import { type AwsError, ConfigError } from "../foundation/errors.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryOptions,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
  RetryTurn,
} from "../ports/retry.ts";
import { AdaptiveRetry } from "./adaptive.ts";
import { LegacyRetry } from "./legacy.ts";
import {
  retryAfterMs,
  type RetryDependencies,
  standardOptions,
  standardRetry,
} from "./standard.ts";

/**
 * Makes the strategy that settings ask for. Each call makes one with a state of
 * its own.
 *
 * `repeatUnsafe` has no effect here: it needs the operation, which the call knows.
 *
 * @param options The settings. Default: the standard mode.
 * @param dependencies What the client adds.
 * @returns The strategy.
 * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
 */
export function retryStrategy(
  options: RetryOptions = {},
  dependencies: RetryDependencies = {},
): RetryStrategy {
  const strategy = ofMode(options, dependencies);
  return options.honourRetryAfter ? new RetryAfter(strategy) : strategy;
}

function ofMode(
  options: RetryOptions,
  dependencies: RetryDependencies,
): RetryStrategy {
  const { mode = "standard" } = options;
  if (mode === "legacy" && options.constants === "2026") {
    throw new ConfigError(
      "ContradictoryOptions",
      'Cannot use the constants "2026" with the retry mode "legacy": they are of the modes standard and adaptive',
    );
  }
  if (mode === "legacy") {
    return new LegacyRetry({ ...dependencies, ...options });
  }

  return mode === "adaptive"
    ? new AdaptiveRetry(standardOptions(options, dependencies))
    : standardRetry(options, dependencies);
}

/** Longest wait that a server may ask for. */
const MAX_RETRY_AFTER_MS = 20_000;

/**
 * Another strategy whose waits last at least as long as the answer's
 * `Retry-After` asks, up to 20 seconds. Whether to retry stays the other's
 * decision.
 */
export class RetryAfter implements RetryStrategy {
  /** The other strategy's mode. */
  readonly mode: string;
  /** The other strategy's limit. */
  readonly maxAttempts: number;

  readonly #inner: RetryStrategy;

  /**
   * Wraps a strategy.
   *
   * @param inner The other strategy.
   */
  constructor(inner: RetryStrategy) {
    this.mode = inner.mode;
    this.maxAttempts = inner.maxAttempts;
    this.#inner = inner;
  }

  begin(): RetryGrant {
    return this.#inner.begin();
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    const answer = this.#inner.afterFailure(ticket, failure, call);
    if (answer.kind === "stop") return answer;
    const askedMs = Math.min(retryAfterMs(failure), MAX_RETRY_AFTER_MS);
    return { ...answer, delayMs: Math.max(answer.delayMs, askedMs) };
  }

  turn(grant: RetryGrant): RetryTurn | undefined {
    return this.#inner.turn?.(grant);
  }

  afterSuccess(ticket: RetryTicket): void {
    this.#inner.afterSuccess(ticket);
  }
}
