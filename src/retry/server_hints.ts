/**
 * What an answer says about when to come back.
 *
 * @module
 */
import { type AwsError, ServiceError } from "../foundation/errors.ts";
import { parseTimestamp } from "../foundation/timestamps.ts";

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
