/**
 * What the retry cases have in common: the failures they name, as errors of
 * ours, and what strategies do about them.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  type AwsError,
  ProtocolError,
  ServiceError,
  type TimeLimit,
  TimeoutError,
  TransportError,
  type TransportFault,
} from "../../src/foundation/errors.ts";
import type { RetriedCall, RetryStrategy } from "../../src/ports/retry.ts";

/** A failure as the cases write it: an answer, or an exception of botocore's. */
export interface RecordedFailure {
  readonly status?: number;
  readonly code?: string | null;
  readonly exception?: string;
}

/**
 * botocore's exceptions by what they say of the exchange. An answer cut off
 * within a call is a ConnectionClosedError there; ResponseStreamingError comes
 * after it, to whoever reads the body, and has no counterpart among the faults.
 */
const FAULTS: Readonly<Record<string, TransportFault>> = {
  ConnectionClosedError: "closed",
  ConnectionError: "reset",
  EndpointConnectionError: "refused",
  HTTPClientError: "unknown",
  ProxyConnectionError: "refused",
  ResponseStreamingError: "unknown",
  SSLError: "tls",
};

const LIMITS: Readonly<Record<string, TimeLimit>> = {
  ConnectTimeoutError: "connect",
  ReadTimeoutError: "read",
};

/**
 * Makes the error of a recorded failure.
 *
 * @param recorded The failure; an exception that is not the transport's is one
 * that is raised while an answer is read.
 * @param headers Header fields of the answer, by lower-case name.
 * @returns The error.
 */
export function failureOf(
  recorded: RecordedFailure,
  headers: Readonly<Record<string, string>> = {},
): AwsError {
  const { exception, status = 500, code } = recorded;
  if (exception === undefined) {
    return new ServiceError("recorded", {
      code: code ?? String(status),
      operation: "HeadBucket",
      status,
      headers,
      fields: {},
    });
  }
  const limit = LIMITS[exception];
  if (limit !== undefined) {
    const maybeSent = limit === "read";
    return new TimeoutError(limit, 60_000, exception, { maybeSent });
  }
  const kind = FAULTS[exception];
  return kind === undefined
    ? new ProtocolError(exception)
    : new TransportError(kind, exception, { maybeSent: true });
}

/** Whether an exception is none that the transport or the reader would raise. */
export function isUnknown(exception: string): boolean {
  return !(exception in FAULTS || exception in LIMITS) &&
    !/(?:Parser|Checksum|Unpack|Incomplete)\w*Error$/.test(exception);
}

/** A list of the file, if it has it; its shape is the word of the README. */
export function section<T>(data: unknown, name: string): T | undefined {
  return (data as Record<string, T | undefined>)[name];
}

/** The entries of a table of the file, if it has it. */
export function entries<T>(
  data: unknown,
  name: string,
): [string, T][] | undefined {
  const table = section<Record<string, T>>(data, name);
  return table && Object.entries(table);
}

/** A call of a service. */
export function callOf(service: string): RetriedCall {
  return { service, operation: "HeadBucket" };
}

/** Says whether a fresh call is sent again after a failure. */
export function retries(
  strategy: RetryStrategy,
  failure: RecordedFailure,
  service: string,
): boolean {
  const { ticket } = strategy.begin();
  const call = callOf(service);
  return strategy.afterFailure(ticket, failureOf(failure), call).kind === "go";
}

/** The waits of a call that fails again and again, in seconds. */
export function waits(
  strategy: RetryStrategy,
  failure: RecordedFailure,
  count: number,
  service = "s3",
): number[] {
  let { ticket } = strategy.begin();
  return Array.from({ length: count }, () => {
    const answer = strategy.afterFailure(
      ticket,
      failureOf(failure),
      callOf(service),
    );
    assert(answer.kind === "go");
    ({ ticket } = answer);
    return answer.delayMs / 1_000;
  });
}
