/**
 * Retries: three modes, and the parts to make a strategy of your own.
 *
 * A strategy is an object of three methods that answers for each failed attempt
 * whether and when the next one comes. Give it to a client or a session as
 * `retry`.
 *
 * @example Three attempts, one second apart
 * ```ts
 * import { classify, type RetryStrategy } from "@inia/aws/retry";
 *
 * const steady: RetryStrategy = {
 *   mode: "steady",
 *   maxAttempts: 3,
 *   begin: () => ({ kind: "go", ticket: { attempt: 1, held: 0 }, delayMs: 0 }),
 *   afterFailure({ attempt }, failure, { service }) {
 *     if (classify(failure, service) === "fatal") {
 *       return { kind: "stop", reason: "not-retryable" };
 *     }
 *     if (attempt >= 3) return { kind: "stop", reason: "attempts" };
 *     const ticket = { attempt: attempt + 1, held: 0 };
 *     return { kind: "go", ticket, delayMs: 1_000 };
 *   },
 *   afterSuccess() {},
 * };
 * console.log(steady.begin().delayMs);
 * ```
 *
 * @module
 */
export { AwsError } from "../foundation/errors.ts";
export type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
  Timeline,
} from "../foundation/metadata.ts";
export type {
  RetriedCall,
  RetryGrant,
  RetryMode,
  RetryOptions,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
  RetryTurn,
} from "../ports/retry.ts";
export { AdaptiveRetry, type AdaptiveRetryOptions } from "./adaptive.ts";
export {
  classify,
  type FailureClass,
  type RetryableClass,
} from "./standard.ts";
export { LegacyRetry, type LegacyRetryOptions } from "./legacy.ts";
export {
  CLASSIC,
  EDITION_2026,
  type RetryConstants,
  type RetryDependencies,
  RetryQuota,
  StandardRetry,
  type StandardRetryOptions,
} from "./standard.ts";
export { RetryAfter, retryStrategy } from "./strategy.ts";
