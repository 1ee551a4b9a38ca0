/**
 * Failures and calls that the tests of this folder share.
 *
 * @module
 */
import {
  ServiceError,
  type ServiceErrorDetail,
  TimeoutError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { RetriedCall } from "../../src/ports/retry.ts";

/** What was called. */
export const CALL: RetriedCall = { service: "s3", operation: "HeadBucket" };

/** An answer that asks to slow down. */
export const SLOW_DOWN: ServiceError = answer({
  code: "SlowDown",
  status: 503,
});

/** An answer of a service in trouble. */
export const SERVER_ERROR: ServiceError = answer({
  code: "InternalError",
  status: 500,
});

/** An answer to a request that is wrong. */
export const NO_SUCH_KEY: ServiceError = answer({
  code: "NoSuchKey",
  status: 404,
});

/** A server that fell silent. */
export const SILENCE: TimeoutError = new TimeoutError(
  "read",
  60_000,
  "Cannot read within 60000 ms",
  { maybeSent: true },
);

/** A runtime that does not allow the connection. */
export const DENIED: TransportError = new TransportError(
  "denied",
  "Cannot connect: not permitted",
  { maybeSent: false },
);

/**
 * Makes an answer.
 *
 * @param detail What it has to say for the test.
 * @returns The error.
 */
export function answer(
  detail: Partial<ServiceErrorDetail> & Pick<ServiceErrorDetail, "code">,
): ServiceError {
  return new ServiceError("Made for a test", {
    operation: CALL.operation,
    status: 400,
    headers: {},
    fields: {},
    ...detail,
  });
}
