/**
 * What a call tells about itself: its attempts, and the facts of its end.
 *
 * @module
 */
import {
  type AwsError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
} from "../foundation/metadata.ts";
import type { AttemptFacts, Recovery } from "../ports/recovery.ts";

/** What is known of an attempt; filled while it runs, also where it fails. */
export interface AttemptTrace {
  /** What it was made with; absent until it was addressed and signed. */
  facts?: AttemptFacts;
  /** Header fields of the request. */
  sent?: Readonly<Record<string, string>>;
  /** Status and header fields of its answer. */
  answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** The service's id of the request, where only the body tells it. */
  requestId?: string;
  /** S3's second id, where only the body tells it. */
  hostId?: string;
}

/** The attempts of one call, in order. */
export class CallRecord {
  readonly #attempts: AttemptRecord[] = [];
  #last: AttemptTrace = {};
  #status: number | undefined;

  /**
   * Notes how an attempt ended.
   *
   * @param made Its number, and how long it had to wait.
   * @param trace What is known of it.
   * @param durationMs From its start to its answer or failure.
   * @param failure What it failed with.
   */
  note(
    made: Pick<AttemptRecord, "attempt" | "delayMs">,
    trace: AttemptTrace,
    durationMs: number,
    failure?: AwsError,
  ): void {
    this.#last = trace;
    const status = failure instanceof ServiceError
      ? failure.status
      : trace.answer?.status;
    this.#status = status;
    if (failure instanceof ServiceError) {
      const { requestId, hostId } = failure.detail;
      if (requestId !== undefined) trace.requestId ??= requestId;
      if (hostId !== undefined) trace.hostId ??= hostId;
    }
    const requestId = requestIdOf(trace);
    this.#attempts.push({
      ...made,
      durationMs,
      ...trace.facts && { host: trace.facts.host },
      ...status === undefined ? {} : { status },
      ...requestId === undefined ? {} : { requestId },
      ...failure && { failure: failureName(failure) },
      ...failure instanceof TimeoutError && { timeline: failure.timeline },
    });
  }

  /** Notes why another attempt follows the last one without being a retry. */
  noteRecovery(kind: Recovery["kind"]): void {
    this.#amendLast({ recovery: kind });
  }

  /** Notes that the answer to the last attempt broke off while it was read. */
  noteBreak(failure: AwsError): void {
    this.#amendLast({
      failure: failureName(failure),
      ...failure instanceof TimeoutError && { timeline: failure.timeline },
    });
  }

  /** The facts of the call so far. */
  metadata(stop?: StopReason): ResponseMetadata {
    const status = this.#status;
    const headers = this.#last.answer?.headers ?? {};
    const requestId = requestIdOf(this.#last);
    const hostId = headers["x-amz-id-2"] ?? this.#last.hostId;
    return {
      ...status === undefined ? {} : { HTTPStatusCode: status },
      ...requestId === undefined ? {} : { RequestId: requestId },
      ...hostId === undefined ? {} : { HostId: hostId },
      HTTPHeaders: headers,
      RetryAttempts: Math.max(0, this.#attempts.length - 1),
      Attempts: [...this.#attempts],
      ...stop && { StopReason: stop },
    };
  }

  #amendLast(change: Partial<AttemptRecord>): void {
    const last = this.#attempts.pop();
    if (last !== undefined) this.#attempts.push({ ...last, ...change });
  }
}

function requestIdOf(
  { answer, requestId }: AttemptTrace,
): string | undefined {
  return answer?.headers["x-amz-request-id"] ??
    answer?.headers["x-amzn-requestid"] ?? requestId;
}

/** The service's code, or the class and kind of any other error. */
export function failureName(failure: AwsError): string {
  if (failure instanceof ServiceError) return failure.code;
  if (failure instanceof TimeoutError) return `timeout: ${failure.limit}`;
  if (failure instanceof TransportError) return failure.kind;
  return failure.name;
}
