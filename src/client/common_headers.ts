/**
 * Header fields that every attempt has and no signature covers.
 *
 * @module
 */
import { amzDate, parseTimestamp } from "../foundation/timestamps.ts";
import type { Clock } from "../ports/clock.ts";
import type { HeaderMap } from "../ports/http.ts";
import { MAX_SKEW_MS } from "./clock_skew.ts";
import type { Attempt } from "./retry_loop.ts";

/** What the header fields of one attempt tell. */
export interface AttemptHeaders {
  /** One id for all attempts of a call. */
  readonly invocationId: string;
  /** The attempt. */
  readonly attempt: Attempt;
  /** Attempts the call gets at most. */
  readonly maxAttempts: number;
  /** How long the server may be silent; absent where the body is a stream. */
  readonly readTimeoutMs?: number;
  /** The local clock. */
  readonly clock: Clock;
  /** Value of `user-agent`. */
  readonly userAgent: string;
}

/**
 * Makes the header fields that are added after signing.
 *
 * Source: retry behaviour of the AWS SDKs, headers `amz-sdk-invocation-id` and
 * `amz-sdk-request`.
 */
export function attemptHeaders(facts: AttemptHeaders): HeaderMap {
  return {
    "user-agent": facts.userAgent,
    "amz-sdk-invocation-id": facts.invocationId,
    "amz-sdk-request": sdkRequest(facts),
  };
}

function sdkRequest(facts: AttemptHeaders): string {
  const { attempt, maxAttempts } = facts;
  const ttl = timeToLive(facts);
  return `${ttl}attempt=${attempt.number}; max=${maxAttempts}`;
}

/** When the server may give up on the answer, by its own clock. */
function timeToLive(
  { attempt, readTimeoutMs, clock }: AttemptHeaders,
): string {
  const { before } = attempt;
  const server = before && parseTimestamp(before.date);
  if (!before || !server || readTimeoutMs === undefined) return "";
  const aheadMs = server.getTime() - before.received.getTime();
  if (Math.abs(aheadMs) > MAX_SKEW_MS) return "";
  const end = clock.now().getTime() + aheadMs + readTimeoutMs;
  return `ttl=${amzDate(new Date(end))}; `;
}
