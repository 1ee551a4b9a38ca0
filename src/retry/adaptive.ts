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
  RetryTurn,
} from "../ports/retry.ts";
import { first, StandardRetry, type StandardRetryOptions } from "./standard.ts";
import { classify } from "./classify.ts";
import { SendLimiter, type SendToken } from "./rate_limiter.ts";

/** Settings of {@linkcode AdaptiveRetry}. */
export interface AdaptiveRetryOptions extends StandardRetryOptions {
  /** Time in milliseconds, on any scale. Default: `performance.now`. */
  readonly now?: () => number;
}

/** What a ticket waits for before its attempt is sent. */
interface Wait {
  /** The backoff, in milliseconds. */
  readonly backoffMs: number;
  /** The delay of the grant, in milliseconds. */
  readonly delayMs: number;
  /** The token, where it was taken with the grant. */
  readonly token?: SendToken;
}

/**
 * The adaptive retry mode: the standard mode, and a send rate for first attempts
 * and retries alike that follows what the service bears.
 *
 * A retry takes its token after its backoff. A grant's `delayMs` is an estimate,
 * as the rate changes while attempts wait; {@linkcode turn} returns the wait
 * itself.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, adaptive mode;
 * order of the waits as in botocore 1.43.
 */
export class AdaptiveRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "adaptive";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #standard: StandardRetry;
  readonly #limiter: SendLimiter;
  readonly #now: () => number;
  readonly #waits = new WeakMap<RetryTicket, Wait>();

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
    const at = this.#seconds();
    const token = this.#limiter.reserve(at);
    if (token === undefined) return first(0);
    const delayMs = token.remaining(at) * 1_000;
    const grant = first(delayMs);
    this.#waits.set(grant.ticket, { backoffMs: 0, delayMs, token });
    return grant;
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    this.#note(failure, call);
    const answer = this.#standard.afterFailure(ticket, failure, call);
    if (answer.kind === "stop" || !this.#limiter.enabled) return answer;
    const backoffMs = answer.delayMs;
    const tokenMs = this.#limiter.estimate(this.#seconds()) * 1_000;
    const delayMs = Math.max(backoffMs, tokenMs);
    this.#waits.set(answer.ticket, { backoffMs, delayMs });
    return { ...answer, delayMs };
  }

  turn({ ticket, delayMs }: RetryGrant): RetryTurn | undefined {
    const wait = this.#waits.get(ticket);
    if (wait === undefined) return undefined;
    // Each ticket has one turn.
    this.#waits.delete(ticket);
    // Someone may have lengthened the wait on the way.
    let backoffMs = delayMs > wait.delayMs ? delayMs : wait.backoffMs;
    let { token } = wait;
    return {
      remainingMs: () => {
        if (backoffMs > 0) {
          const waited = backoffMs;
          backoffMs = 0;
          return waited;
        }
        const at = this.#seconds();
        token ??= this.#limiter.reserve(at);
        // Clocks and timers count whole milliseconds.
        return Math.ceil((token?.remaining(at) ?? 0) * 1_000);
      },
      onChange: (wake) => token?.onChange(wake),
      end: () => token?.leave(this.#seconds()),
    };
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

  #seconds(): number {
    return this.#now() / 1_000;
  }
}
