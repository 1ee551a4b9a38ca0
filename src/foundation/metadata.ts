/**
 * What a call tells about itself, beside its result or its error.
 *
 * @module
 */

/** One sending of a request, and how it ended. */
export interface AttemptRecord {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Wait before it, in milliseconds. */
  readonly delayMs: number;
  /** From its start to its answer or failure, in milliseconds. */
  readonly durationMs: number;
  /** Host it was sent to; absent where none was found. */
  readonly host?: string;
  /** HTTP status of the answer, 500 for an error inside a success; absent where there was none. */
  readonly status?: number;
  /** The service's id of the request, for support cases. */
  readonly requestId?: string;
  /** What went wrong: the service's error code, or the error's class and kind. */
  readonly failure?: string;
  /** How far it came, where a time limit ended it. */
  readonly timeline?: Timeline;
  /** Why there was a further attempt that is no retry. */
  readonly recovery?: "credentials" | "region" | "skew";
}

/** Why a call that failed was not sent again. */
export type StopReason =
  | "attempts"
  | "body"
  | "not-retryable"
  | "quota"
  | "total-timeout"
  | "unsafe";

/** Facts of a finished call. Named as boto3 names them, where it has them. */
export interface ResponseMetadata {
  /** HTTP status of the last answer, 500 for an error inside a success; absent where none came. */
  readonly HTTPStatusCode?: number;
  /** The service's id of the last request, for support cases. */
  readonly RequestId?: string;
  /** S3's second id of the last request. */
  readonly HostId?: string;
  /** Header fields of the last answer, by lower-case name. */
  readonly HTTPHeaders: Readonly<Record<string, string>>;
  /** Attempts after the first. */
  readonly RetryAttempts: number;
  /** Every attempt, in order. */
  readonly Attempts: readonly AttemptRecord[];
  /** Why a failed call was not sent again. Absent on success. */
  readonly StopReason?: StopReason;
}

/** What every result of a call has. */
export interface ResponseBase {
  /** Facts of the call. */
  readonly ResponseMetadata: ResponseMetadata;
}

/**
 * The stages of one attempt, in milliseconds. What was not reached, or cannot be
 * told, is absent. All but the first two count from the moment that the
 * transport started on the request.
 */
export interface Timeline {
  /** Sum of all waits between the attempts of the call. */
  readonly waitedMs?: number;
  /** How long the request stood in the queue for a connection. */
  readonly queuedMs?: number;
  /** When a connection to the host was seen to be open; known where it was dialled. */
  readonly dialledMs?: number;
  /**
   * When the platform had taken the whole request. It does not tell when the
   * last byte left the machine.
   */
  readonly sentMs?: number;
  /** When the answer began. */
  readonly firstByteMs?: number;
  /** When its last byte so far came. */
  readonly lastByteMs?: number;
}

/** The stages in their order, and what stands before and after their time. */
const STAGES: readonly (readonly [keyof Timeline, string, string])[] = [
  ["waitedMs", "waited", "ms between attempts"],
  ["queuedMs", "queued for", "ms"],
  ["dialledMs", "dialled after", "ms"],
  ["sentMs", "handed over after", "ms"],
  ["firstByteMs", "first byte after", "ms"],
  ["lastByteMs", "last byte after", "ms"],
];

/** The stages that were reached, in words; empty where there are none. */
export function timelineWords(timeline: Timeline): string {
  return STAGES.flatMap(([stage, before, after]) => {
    const ms = timeline[stage];
    return ms === undefined ? [] : [`${before} ${Math.ceil(ms)} ${after}`];
  }).join(", ");
}
