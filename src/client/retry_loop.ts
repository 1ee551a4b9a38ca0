/**
 * Attempts, until one succeeds or there is no further one; and what the call has
 * of the retry budget until the last byte of its body is read. What follows a
 * failure is loaded with the first.
 *
 * @module
 */
import type { AwsError } from "../foundation/errors.ts";
import type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
} from "../foundation/metadata.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Clock } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/service.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
} from "../ports/retry.ts";
import type { Parts } from "./attempt.ts";

/** One attempt, as the loop hands it to `send`. */
export interface Attempt {
  /** Its number, 1 for the first. */
  readonly number: number;
  /** What earlier attempts learnt. */
  readonly correction: Correction;
  /** When the server may give up on it, in a header field's words. Absent: not known. */
  readonly ttl?: (
    parts: Pick<Parts, "clock" | "settings">,
    options: CallOptions,
  ) => string;
}

/** What the loop needs to know of a call. */
export interface AttemptedCall<T> extends RetriedCall {
  /** Sends once; tells what it did in the trace, also where it fails. */
  readonly send: (attempt: Attempt, trace: AttemptTrace) => Promise<T>;
  /** Adds to a failure of `send` what its reader may not know. */
  readonly explain?: (
    error: unknown,
    attempt: Attempt,
    trace: AttemptTrace,
  ) => Promise<unknown>;
  /** Whether sending it twice does what sending it once does. */
  readonly idempotent: boolean;
  /** Whether its body can be sent again. */
  readonly replayable: boolean;
  /** Ends the call early, also during a wait. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time of the whole call, in milliseconds. */
  readonly totalTimeoutMs?: number | undefined;
}

/** A strategy. What decides on a failure may have to be loaded. */
export interface LoopStrategy extends Omit<RetryStrategy, "afterFailure"> {
  /** Decides on a failure, as {@linkcode RetryStrategy} does. */
  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): Promise<RetryGrant | RetryRefusal> | RetryGrant | RetryRefusal;
}

/** What decides about further attempts, shared by all calls of a client. */
export interface LoopParts {
  /** Decides on each failure. */
  readonly retry: LoopStrategy;
  /** Whether a call that is not idempotent is repeated although it may have been carried out. */
  readonly repeatUnsafe: boolean;
  /** What is asked before the strategy, or what loads that. */
  readonly recoveries:
    | readonly Recovery[]
    | (() => Promise<readonly Recovery[]>);
  /** Does the waiting. */
  readonly clock: Clock;
  /** Told of every further attempt. */
  readonly logger: Logger;
  /** What was closed, so that nothing is sent any more. */
  readonly closed?: () => "client" | "session" | undefined;
}

/** How a call goes on after what it returned broke. */
export interface Continuation<T>
  extends Pick<AttemptedCall<T>, "send" | "signal"> {
  /** Whether its attempts are counted anew, as much came meanwhile. */
  readonly anew?: boolean;
}

const FIRST: Attempt = { number: 1, correction: {} };

/** What sends, what explains a failure, and what ends it early. */
export type RetryStep<T> = Pick<
  AttemptedCall<T>,
  "explain" | "send" | "signal"
>;

/**
 * The attempts of one call, and what it holds of the retry budget until it is
 * settled. A body that can go on keeps the call's place in the budget after the
 * call has returned, until it is read or cancelled.
 */
export class RetryLoop {
  /** Whether a body will settle it. */
  keptByBody = false;
  /** What decides. */
  readonly parts: LoopParts;
  /** What is called. */
  readonly call: Omit<AttemptedCall<unknown>, "send">;
  /** When the call began, in milliseconds. */
  readonly startMs: number;
  /** How its attempts ended. */
  readonly attempts: AttemptRecord[] = [];
  /** What is known of the last one. */
  last: AttemptTrace = {};
  /** What earlier attempts learnt, and the kinds of that. */
  correction: Correction = FIRST.correction;
  recovered: readonly Recovery["kind"][] = [];
  /** Attempts that do not count any more. */
  before = 0;
  /** The call's place in the retry budget, once an attempt has succeeded. */
  ticket: RetryTicket | undefined;
  /** Whether it has that place still. */
  holds = false;

  /**
   * Starts without an attempt.
   *
   * @param parts What decides.
   * @param call What is called.
   */
  constructor(parts: LoopParts, call: Omit<AttemptedCall<unknown>, "send">) {
    this.parts = parts;
    this.call = call;
    this.startMs = parts.clock.now().getTime();
  }

  /**
   * Runs attempts until one succeeds or there is no further one.
   *
   * Only this library's own errors are put to the recoveries and the strategy.
   * Anything else, the caller's abort included, ends the call at once.
   *
   * @typeParam T Result of a successful attempt.
   * @param step What sends.
   * @returns What the successful attempt returned.
   * @throws What the last attempt threw.
   */
  async run<T>(
    step: RetryStep<T>,
    grant: RetryGrant = this.parts.retry.begin(),
    attempt: Attempt = FIRST,
    failure?: AwsError,
  ): Promise<T> {
    const { clock, retry } = this.parts;
    let startMs = this.startMs;
    while (true) {
      if (grant.delayMs > 0 || retry.turn !== undefined) {
        failures ??= await import("./after_failure.ts");
        grant = await failures.waited(this, grant, step.signal);
      }
      if (attempt !== FIRST || retry.turn !== undefined) {
        startMs = clock.now().getTime();
      }
      const trace: AttemptTrace = {};
      const { ticket, delayMs } = grant;
      try {
        const value = await step.send(attempt, trace);
        const durationMs = clock.now().getTime() - startMs;
        this.note(attempt.number, delayMs, durationMs, trace);
        this.ticket = ticket;
        this.holds = true;
        return value;
      } catch (thrown) {
        const received = clock.now();
        failures ??= await import("./after_failure.ts");
        const made = { attempt, trace, grant, startMs, received, failure };
        const next = await failures.afterFailure(this, step, thrown, made);
        ({ attempt, grant, failure } = next);
      }
    }
  }

  /**
   * Goes on, within the same budget, after what the call returned broke.
   *
   * @param failure How it broke.
   * @param next What is sent to go on.
   * @returns What the successful attempt returned.
   * @throws What ends the call: the failure, if the budget is used up.
   */
  async goOn<Next>(
    failure: AwsError,
    next: Continuation<Next>,
  ): Promise<Next> {
    failures ??= await import("./after_failure.ts");
    const { grant, attempt } = await failures.afterBreak(this, failure, next);
    return await this.run(next, grant, attempt, failure);
  }

  /** Gives back what the call holds, once. */
  settle(): void {
    if (this.ticket === undefined || !this.holds) return;
    this.holds = false;
    this.parts.retry.afterSuccess(this.ticket);
  }

  /** The facts of the call so far. */
  metadata(stop?: StopReason): ResponseMetadata {
    const last = this.attempts.at(-1);
    const headers = this.last.answer?.headers ?? {};
    const hostId = headers["x-amz-id-2"] ?? this.last.hostId;
    const metadata: Partial<Mutable<ResponseMetadata>> = {};
    if (last?.status !== undefined) metadata.HTTPStatusCode = last.status;
    if (last?.requestId !== undefined) metadata.RequestId = last.requestId;
    if (hostId !== undefined) metadata.HostId = hostId;
    if (stop !== undefined) metadata.StopReason = stop;
    metadata.HTTPHeaders = headers;
    metadata.RetryAttempts = Math.max(0, this.attempts.length - 1);
    metadata.Attempts = [...this.attempts];
    return metadata as ResponseMetadata;
  }

  /** Notes how an attempt ended. */
  note(
    attempt: number,
    delayMs: number,
    durationMs: number,
    trace: AttemptTrace,
  ): void {
    this.last = trace;
    const { answer, facts } = trace;
    const requestId = answer?.headers["x-amz-request-id"] ??
      answer?.headers["x-amzn-requestid"] ?? trace.requestId;
    const record: Mutable<AttemptRecord> = { attempt, delayMs, durationMs };
    if (facts !== undefined) record.host = facts.host;
    if (answer !== undefined) record.status = answer.status;
    if (requestId !== undefined) record.requestId = requestId;
    this.attempts.push(record);
  }
}

/** What only calls with a failure need; loaded with the first. */
let failures: typeof import("./after_failure.ts") | undefined;

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

/** A record that is still being written. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
