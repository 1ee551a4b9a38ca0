import {
  type AwsError,
  ServiceError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
} from "../ports/retry.ts";
import { first } from "./answers.ts";
import { classify } from "./classify.ts";
import { SendLimiter } from "./send_limiter.ts";
import { StandardRetry, type StandardRetryOptions } from "./standard.ts";

/** Settings of {@linkcode AdaptiveRetry}. */
export interface AdaptiveRetryOptions extends StandardRetryOptions {
  /** Time in milliseconds, on any scale. Default: `performance.now`. */
  readonly now?: () => number;
}

/**
 * The adaptive retry mode: the standard mode, and a send rate for first attempts
 * and retries alike that follows what the service bears.
 *
 * A token is taken when an attempt is granted, not when it is sent; a wait
 * covers both the backoff and the token.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, adaptive mode.
 */
export class AdaptiveRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "adaptive";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #standard: StandardRetry;
  readonly #limiter: SendLimiter;
  readonly #now: () => number;

  /**
   * Makes a strategy that does not limit the rate yet.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
   */
  constructor(options: AdaptiveRetryOptions = {}) {
    this.#standard = new StandardRetry(options);
    this.maxAttempts = this.#standard.maxAttempts;
    this.#now = options.now ?? (() => performance.now());
    this.#limiter = new SendLimiter(this.#seconds());
  }

  begin(): RetryGrant {
    return first(this.#tokenMs());
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    this.#note(failure, call);
    const answer = this.#standard.afterFailure(ticket, failure, call);
    if (answer.kind === "stop") return answer;
    return { ...answer, delayMs: Math.max(answer.delayMs, this.#tokenMs()) };
  }

  afterSuccess(ticket: RetryTicket): void {
    this.#limiter.served(this.#seconds());
    this.#standard.afterSuccess(ticket);
  }

  #note(failure: AwsError, { service }: RetriedCall): void {
    if (classify(failure, service) === "throttling") {
      this.#limiter.throttled(this.#seconds());
    } else if (
      failure instanceof ServiceError || failure instanceof TransportError
    ) {
      // Other errors say nothing about how many requests the service gets.
      this.#limiter.served(this.#seconds());
    }
  }

  #tokenMs(): number {
    return this.#limiter.admit(this.#seconds()) * 1_000;
  }

  #seconds(): number {
    return this.#now() / 1_000;
  }
}
