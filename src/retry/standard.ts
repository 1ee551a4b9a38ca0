import type { AwsError } from "../foundation/errors.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
} from "../ports/retry.ts";
import { attemptLimit, first, stop } from "./answers.ts";
import { classify, type RetryableClass } from "./classify.ts";
import { CLASSIC, type RetryConstants } from "./constants.ts";
import { RetryQuota } from "./quota.ts";
import { amzRetryAfterMs } from "./server_hints.ts";

/** Settings of {@linkcode StandardRetry}. */
export interface StandardRetryOptions {
  /** Attempts a call gets in all, at least 1. Default: what the numbers say, 3. */
  readonly maxAttempts?: number;
  /** The numbers. Default: the classic ones. */
  readonly constants?: RetryConstants;
  /** Quota to share with other strategies. Default: a full one of its own. */
  readonly quota?: RetryQuota;
  /** Source of jitter, in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * The standard retry mode: exponential backoff with full jitter, within a quota
 * that all calls of a client share.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, standard mode;
 * numbers and order as in botocore 1.43.
 */
export class StandardRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "standard";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #constants: RetryConstants;
  readonly #quota: RetryQuota;
  readonly #random: () => number;

  /**
   * Makes a strategy.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
   */
  constructor(options: StandardRetryOptions = {}) {
    const { constants = CLASSIC } = options;
    this.maxAttempts = attemptLimit(
      options.maxAttempts ?? constants.maxAttempts,
    );
    this.#constants = constants;
    this.#quota = options.quota ?? new RetryQuota(constants.quota);
    this.#random = options.random ?? Math.random;
  }

  begin(): RetryGrant {
    return first(0);
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    const failureClass = classify(failure, call.service);
    if (failureClass === "fatal") return stop("not-retryable");
    if (ticket.attempt >= this.maxAttempts) return stop("attempts");

    const held = this.#constants.cost[failureClass];
    if (!this.#quota.take(held)) return stop("quota");

    const backoffMs = this.#backoffMs(ticket, failureClass, call);
    const hintMs = Math.min(
      amzRetryAfterMs(failure),
      backoffMs + this.#constants.maxHintMs,
    );
    return {
      kind: "go",
      ticket: { attempt: ticket.attempt + 1, held },
      delayMs: Math.max(backoffMs, hintMs),
    };
  }

  afterSuccess(ticket: RetryTicket): void {
    this.#quota.give(ticket.held || this.#constants.easySuccess);
  }

  #backoffMs(
    { attempt }: RetryTicket,
    failureClass: RetryableClass,
    { service }: RetriedCall,
  ): number {
    const { baseMs, maxDelayMs, serviceBaseMs } = this.#constants;
    const base = (serviceBaseMs[service] ?? baseMs)[failureClass];
    return this.#random() * Math.min(base * 2 ** (attempt - 1), maxDelayMs);
  }
}
