/**
 * What a failure says about sending the call again: whether another attempt may
 * succeed, and when.
 *
 * @module
 */
import {
  type AwsError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import { parseTimestamp } from "../foundation/timestamps.ts";

/** Kinds of failure after which another attempt may succeed. */
export type RetryableClass = "throttling" | "timeout" | "transient";

/** All kinds of failure: `"fatal"` ones come again on another attempt. */
export type FailureClass = "fatal" | RetryableClass;

/** Error codes that ask the caller to slow down, whatever the status. */
export const THROTTLING_CODES: ReadonlySet<string> = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);

/** Too Many Requests: what other stores and gateways answer, with codes of their own. */
const THROTTLING_STATUS = 429;

/** Error codes of passing troubles, whatever the status. */
export const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "PriorRequestNotComplete",
  "RequestTimeout",
  "RequestTimeoutException",
]);

/** Statuses of passing troubles, whatever the error code. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([
  500,
  502,
  503,
  504,
]);

/** Error codes of passing troubles that one service has for itself. */
const SERVICE_CODES: Readonly<Record<string, ReadonlySet<string>>> = {
  sts: new Set(["IDPCommunicationError"]),
};

/**
 * Sorts a failure for the standard and adaptive modes.
 *
 * What a service answered is sorted by its error code and status, and by what
 * the model says of the error. Of the exchanges that failed, only two ends are
 * final: the runtime denies the connection, or a limit passed that holds for
 * more than one attempt. All other errors are no failure of an exchange.
 *
 * Source: retry tables of botocore 1.43, modes standard and adaptive; status 429
 * is ours (RFC 6585, section 4).
 *
 * @param failure What the attempt ended with.
 * @param service Id of the service, for example `"sts"`.
 * @returns The kind of failure.
 */
export function classify(failure: AwsError, service: string): FailureClass {
  if (failure instanceof ServiceError) return ofAnswer(failure, service);
  if (failure instanceof TimeoutError) return ofTimeout(failure);
  if (failure instanceof TransportError) return ofExchange(failure);
  return "fatal";
}

function ofAnswer(failure: ServiceError, service: string): FailureClass {
  const { code, status, retryable } = failure.detail;
  // Throttling first: PriorRequestNotComplete is in both tables.
  if (
    THROTTLING_CODES.has(code) || status === THROTTLING_STATUS ||
    retryable === "throttling"
  ) {
    return "throttling";
  }
  const transient = TRANSIENT_CODES.has(code) ||
    TRANSIENT_STATUSES.has(status) ||
    retryable === "transient" ||
    SERVICE_CODES[service]?.has(code);
  return transient ? "transient" : "fatal";
}

function ofTimeout({ limit }: TimeoutError): FailureClass {
  // A whole call has one total time, and a queue in this process only grows
  // when its calls line up again.
  return limit === "total" || limit === "queue" ? "fatal" : "timeout";
}

function ofExchange({ kind, final }: TransportError): FailureClass {
  if (final) return "fatal";
  return kind === "timeout" ? "timeout" : "transient";
}

const WHOLE_NUMBER = /^\d+$/;

/**
 * Reads the services' own header, `x-amz-retry-after`.
 *
 * @param failure What the attempt ended with.
 * @returns Milliseconds; 0 where the failure has no readable header.
 */
export function amzRetryAfterMs(failure: AwsError): number {
  const text = header(failure, "x-amz-retry-after");
  return WHOLE_NUMBER.test(text) ? Number(text) : 0;
}

/**
 * Reads the header of HTTP, `Retry-After`: seconds or a date (RFC 9110, section
 * 10.2.3). A date is set against the answer's own `Date`, not against a clock of
 * this machine that may be wrong.
 *
 * @param failure What the attempt ended with.
 * @returns Milliseconds; 0 where the failure has no readable header.
 */
export function retryAfterMs(failure: AwsError): number {
  const text = header(failure, "retry-after");
  if (WHOLE_NUMBER.test(text)) return Number(text) * 1_000;
  const until = parseTimestamp(text);
  const since = parseTimestamp(header(failure, "date"));
  if (until === undefined || since === undefined) return 0;
  return Math.max(0, until.getTime() - since.getTime());
}

function header(failure: AwsError, name: string): string {
  if (!(failure instanceof ServiceError)) return "";
  return failure.detail.headers[name]?.trim() ?? "";
}
