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
import { attemptLimit, classify, first, stop } from "./standard.ts";

/** Settings of {@linkcode LegacyRetry}. */
export interface LegacyRetryOptions {
  /** Attempts a call gets in all, at least 1. Default: 5. */
  readonly maxAttempts?: number;
  /** Source of jitter, in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/** Attempts where the options do not say. */
const MAX_ATTEMPTS = 5;

/** Longest first wait; it doubles with each retry, without an end. */
const BASE_MS = 1_000;

/**
 * boto3's old default: more attempts than the standard mode, tables of its own,
 * and no quota, so calls know nothing of each other.
 *
 * Source: "Retries", Boto3 documentation, legacy mode; numbers as in botocore
 * 1.43.
 */
export class LegacyRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "legacy";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #random: () => number;

  /**
   * Makes a strategy.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
   */
  constructor(options: LegacyRetryOptions = {}) {
    const { maxAttempts = MAX_ATTEMPTS, random = Math.random } = options;
    this.maxAttempts = attemptLimit(maxAttempts);
    this.#random = random;
  }

  begin(): RetryGrant {
    return first(0);
  }

  afterFailure(
    { attempt }: RetryTicket,
    failure: AwsError,
    { service }: RetriedCall,
  ): RetryGrant | RetryRefusal {
    if (!isLegacyRetryable(failure, service)) return stop("not-retryable");
    if (attempt >= this.maxAttempts) return stop("attempts");
    return {
      kind: "go",
      ticket: { attempt: attempt + 1, held: 0 },
      delayMs: this.#random() * BASE_MS * 2 ** (attempt - 1),
    };
  }

  /** Does nothing: there is no quota. */
  afterSuccess(): void {}
}

/** Statuses that are retried whatever the error code. */
export const LEGACY_STATUSES: ReadonlySet<number> = new Set([
  429,
  500,
  502,
  503,
  504,
  509,
]);

/** Error codes that are retried where the status is 400. */
export const LEGACY_CODES: ReadonlySet<string> = new Set([
  "ProvisionedThroughputExceededException",
  "RequestThrottledException",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
]);

/** The same for single services, by service id. */
export const LEGACY_SERVICE_CODES: Readonly<
  Record<string, ReadonlySet<string>>
> = {
  s3: new Set(["BadDigest", "RequestTimeout"]),
  sts: new Set(["IDPCommunicationError"]),
};

/**
 * Says whether the legacy mode retries a failure.
 *
 * @param failure What the attempt ended with.
 * @param service Id of the service, for example `"s3"`.
 * @returns Whether it does.
 */
export function isLegacyRetryable(failure: AwsError, service: string): boolean {
  if (failure instanceof ServiceError) return isListed(failure, service);
  // Unlike the other modes, this one gives up where nobody knows what happened.
  return failure instanceof TransportError && failure.kind !== "unknown" &&
    classify(failure, service) !== "fatal";
}

function isListed({ code, status }: ServiceError, service: string): boolean {
  if (LEGACY_STATUSES.has(status)) return true;
  if (status !== 400) return false;
  return LEGACY_CODES.has(code) ||
    LEGACY_SERVICE_CODES[service]?.has(code) === true;
}
