import type { AwsError } from "../foundation/errors.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
  RetryTurn,
} from "../ports/retry.ts";
import { retryAfterMs } from "./server_hints.ts";

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
