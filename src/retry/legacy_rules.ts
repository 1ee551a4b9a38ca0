/**
 * What the legacy mode retries: tables of its own, older than the classes.
 *
 * Source: `_retry.json` of botocore 1.43, general entries and those of S3 and STS.
 *
 * @module
 */
import {
  type AwsError,
  ServiceError,
  TransportError,
} from "../foundation/errors.ts";
import { classify } from "./classify.ts";

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
