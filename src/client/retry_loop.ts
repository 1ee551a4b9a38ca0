/**
 * Attempts, until one succeeds or there is no further one; and what the call has
 * of the retry budget until the last byte of its body is read.
 *
 * @module
 */
import {
  attachMetadata,
  AwsError,
  ConfigError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  AttemptRecord,
  ResponseMetadata,
  StopReason,
} from "../foundation/metadata.ts";
import type { Clock } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/service.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryStrategy,
  RetryTicket,
  RetryTurn,
} from "../ports/retry.ts";

/** One attempt, as the loop hands it to `send`. */
export interface Attempt {
  /** Its number, 1 for the first. */
  readonly number: number;
  /** What earlier attempts learnt. */
  readonly correction: Correction;
  /** The `Date` that the answer before it had, and when it was received. */
  readonly before?: { readonly date: string; readonly received: Date };
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

/** What decides about further attempts, shared by all calls of a client. */
export interface LoopParts {
  /** Decides on each failure. */
  readonly retry: RetryStrategy;
  /** Whether a call that is not idempotent is repeated although it may have been carried out. */
  readonly repeatUnsafe: boolean;
  /** What is asked before the strategy. */
  readonly recoveries: readonly Recovery[];
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

  readonly #parts: LoopParts;
  readonly #call: Omit<AttemptedCall<unknown>, "send">;
  readonly #startMs: number;
  readonly #attempts: AttemptRecord[] = [];
  #last: AttemptTrace = {};
  #correction: Correction = FIRST.correction;
  #recovered: readonly Recovery["kind"][] = [];
  /** Attempts that do not count any more. */
  #before = 0;
  #ticket: RetryTicket | undefined;
  #holds = false;

  /**
   * Starts without an attempt.
   *
   * @param parts What decides.
   * @param call What is called.
   */
  constructor(parts: LoopParts, call: Omit<AttemptedCall<unknown>, "send">) {
    this.#parts = parts;
    this.#call = call;
    this.#startMs = parts.clock.now().getTime();
  }

  /** The call's place in the retry budget, once an attempt has succeeded. */
  get ticket(): RetryTicket | undefined {
    return this.#ticket;
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
    grant: RetryGrant = this.#parts.retry.begin(),
    attempt: Attempt = FIRST,
    failure?: AwsError,
  ): Promise<T> {
    const { clock, retry } = this.#parts;
    let startMs = this.#startMs;
    while (true) {
      if (grant.delayMs > 0 || retry.turn !== undefined) {
        grant = await this.#waited(grant, step.signal);
      }
      if (attempt !== FIRST || retry.turn !== undefined) {
        startMs = clock.now().getTime();
      }
      const trace: AttemptTrace = {};
      const { number } = attempt;
      const { ticket, delayMs } = grant;
      try {
        const value = await step.send(attempt, trace);
        this.#note(number, delayMs, clock.now().getTime() - startMs, trace);
        this.#ticket = ticket;
        this.#holds = true;
        return value;
      } catch (thrown) {
        const received = clock.now();
        const error = await step.explain?.(thrown, attempt, trace) ?? thrown;
        if (!(error instanceof AwsError)) {
          throw this.#closed(error, step.signal, failure);
        }
        failure = error;
        const durationMs = received.getTime() - startMs;
        this.#note(number, delayMs, durationMs, trace, error);
        grant = await this.#afterFailure(ticket, trace, error);
        const date = trace.answer?.headers["date"];
        attempt = {
          ...this.#next(grant),
          ...date === undefined ? {} : { before: { date, received } },
        };
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
    const ticket = this.#ticket;
    if (ticket === undefined || !this.#holds) throw failure;
    this.#amendLast({
      failure: failureName(failure),
      ...failure instanceof TimeoutError && { timeline: failure.timeline },
    });
    if (next.anew) this.#before += ticket.attempt - 1;
    const counted = next.anew ? { ...ticket, attempt: 1 } : ticket;
    const grant = await this.#afterFailure(counted, this.#last, failure);
    return await this.run(next, grant, this.#next(grant), failure);
  }

  /** Gives back what the call holds, once. */
  settle(): void {
    if (this.#ticket === undefined || !this.#holds) return;
    this.#holds = false;
    this.#parts.retry.afterSuccess(this.#ticket);
  }

  /** The facts of the call so far. */
  metadata(stop?: StopReason): ResponseMetadata {
    const last = this.#attempts.at(-1);
    const headers = this.#last.answer?.headers ?? {};
    const hostId = headers["x-amz-id-2"] ?? this.#last.hostId;
    const metadata: Partial<Mutable<ResponseMetadata>> = {};
    if (last?.status !== undefined) metadata.HTTPStatusCode = last.status;
    if (last?.requestId !== undefined) metadata.RequestId = last.requestId;
    if (hostId !== undefined) metadata.HostId = hostId;
    if (stop !== undefined) metadata.StopReason = stop;
    metadata.HTTPHeaders = headers;
    metadata.RetryAttempts = Math.max(0, this.#attempts.length - 1);
    metadata.Attempts = [...this.#attempts];
    return metadata as ResponseMetadata;
  }

  /** Notes how an attempt ended. */
  #note(
    attempt: number,
    delayMs: number,
    durationMs: number,
    trace: AttemptTrace,
    failure?: AwsError,
  ): void {
    this.#last = trace;
    const { answer, facts } = trace;
    let status = answer?.status;
    if (failure instanceof ServiceError) {
      const { requestId, hostId } = failure.detail;
      status = failure.status;
      if (requestId !== undefined) trace.requestId ??= requestId;
      if (hostId !== undefined) trace.hostId ??= hostId;
    }
    const requestId = answer?.headers["x-amz-request-id"] ??
      answer?.headers["x-amzn-requestid"] ?? trace.requestId;
    const record: Mutable<AttemptRecord> = { attempt, delayMs, durationMs };
    if (facts !== undefined) record.host = facts.host;
    if (status !== undefined) record.status = status;
    if (requestId !== undefined) record.requestId = requestId;
    if (failure !== undefined) record.failure = failureName(failure);
    if (failure instanceof TimeoutError) record.timeline = failure.timeline;
    this.#attempts.push(record);
  }

  /** Adds to the record of the last attempt. */
  #amendLast(change: Partial<AttemptRecord>): void {
    const last = this.#attempts.pop();
    if (last !== undefined) this.#attempts.push({ ...last, ...change });
  }

  /** Waits until an attempt may be sent. */
  async #waited(
    grant: RetryGrant,
    signal: AbortSignal | undefined,
  ): Promise<RetryGrant> {
    const { clock, retry } = this.#parts;
    const turn = retry.turn?.(grant);
    if (turn === undefined) {
      if (grant.delayMs > 0) await this.#pause(grant.delayMs, signal);
      return grant;
    }
    const startMs = clock.now().getTime();
    try {
      for (let ms = turn.remainingMs(); ms > 0; ms = turn.remainingMs()) {
        await this.#pause(ms, signal, turn);
      }
    } finally {
      turn.end();
    }
    return { ...grant, delayMs: clock.now().getTime() - startMs };
  }

  /** A total time that passes during a wait ends the call like any other. */
  async #pause(
    ms: number,
    signal: AbortSignal | undefined,
    turn?: RetryTurn,
  ): Promise<void> {
    const { clock } = this.#parts;
    try {
      if (turn === undefined) await clock.sleep(ms, signal);
      else await sleepUntilChange(clock, ms, signal, turn);
    } catch (error) {
      if (error instanceof AwsError) {
        attachMetadata(error, this.metadata("total-timeout"));
      }
      throw error;
    }
  }

  /** The failure that a closed session left unrepeated is worth more than the closing. */
  #closed(
    error: unknown,
    signal: AbortSignal | undefined,
    failure: AwsError | undefined,
  ): unknown {
    const owner = this.#parts.closed?.();
    if (owner === undefined || signal?.aborted || failure === undefined) {
      return error;
    }
    const closed = new ConfigError(
      owner === "session" ? "SessionClosed" : "ClientClosed",
      `Cannot repeat ${this.#call.operation}: the ${owner} was closed while the call waited to be sent again after "${failure.message}"; keep the ${owner} open until its last call has ended`,
      { cause: failure },
    );
    attachMetadata(closed, this.metadata());
    return closed;
  }

  #next({ ticket }: RetryGrant): Attempt {
    const number = this.#before + ticket.attempt;
    return { number, correction: this.#correction };
  }

  /** The grant of a further attempt; what ends the call is thrown. */
  async #afterFailure(
    ticket: RetryTicket,
    trace: AttemptTrace,
    failure: AwsError,
  ): Promise<RetryGrant> {
    if (await this.#recover(trace, failure)) {
      const next = { ...ticket, attempt: ticket.attempt + 1 };
      return { kind: "go", ticket: next, delayMs: 0 };
    }
    const answer = this.#ask(ticket, trace, failure);
    if (typeof answer === "string") {
      attachMetadata(failure, this.metadata(answer));
      this.#parts.logger.debug("attempt failed, no further one follows", {
        operation: this.#call.operation,
        attempt: ticket.attempt,
        failure: failureName(failure),
        reason: answer,
      });
      throw failure;
    }
    this.#checkTotal(answer.delayMs, failure);
    this.#parts.logger.debug("attempt failed, another follows", {
      operation: this.#call.operation,
      attempt: ticket.attempt,
      failure: failureName(failure),
      delayMs: answer.delayMs,
    });
    return answer;
  }

  async #recover(trace: AttemptTrace, failure: AwsError): Promise<boolean> {
    if (trace.facts === undefined || !this.#call.replayable) return false;
    for (const recovery of this.#parts.recoveries) {
      if (this.#recovered.includes(recovery.kind)) continue;
      const correction = await this.#completed(
        recovery.recover(failure, trace.facts),
      );
      if (correction === undefined) continue;
      this.#recovered = [...this.#recovered, recovery.kind];
      this.#correction = { ...this.#correction, ...correction };
      // Another attempt follows, which is no retry.
      this.#amendLast({ recovery: recovery.kind });
      this.#parts.logger.info("attempt failed, corrected and sent again", {
        operation: this.#call.operation,
        failure: failureName(failure),
        recovery: recovery.kind,
        region: correction.region,
        skewMs: correction.skewMs,
      });
      return true;
    }
    return false;
  }

  /** A recovery that finds the failure worse than it looked ends the call. */
  async #completed<Value>(
    answer: Promise<Value> | Value,
  ): Promise<Value> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof AwsError) {
        attachMetadata(error, this.metadata());
      }
      throw error;
    }
  }

  #ask(
    ticket: RetryTicket,
    trace: AttemptTrace,
    failure: AwsError,
  ): RetryGrant | StopReason {
    const { retry, repeatUnsafe } = this.#parts;
    const { idempotent, replayable } = this.#call;
    if (failure instanceof TimeoutError && failure.limit === "total") {
      return "total-timeout";
    }
    // Nothing was sent. What failed is a call of its own, with its own attempts.
    if (trace.facts === undefined) return "not-retryable";
    const maybeDone = failure instanceof TransportError && failure.maybeSent;
    if (maybeDone && !idempotent && !repeatUnsafe) return "unsafe";
    const answer = retry.afterFailure(ticket, failure, this.#call);
    if (answer.kind === "stop") return answer.reason;
    return replayable ? answer : "body";
  }

  #checkTotal(delayMs: number, failure: AwsError): void {
    const { totalTimeoutMs, operation } = this.#call;
    if (totalTimeoutMs === undefined) return;
    const spentMs = this.#parts.clock.now().getTime() - this.#startMs;
    if (spentMs + delayMs < totalTimeoutMs) return;
    const error = new TimeoutError(
      "total",
      totalTimeoutMs,
      `Cannot call ${operation} within ${totalTimeoutMs} ms: ${spentMs} ms are spent and the next attempt is ${
        Math.ceil(delayMs)
      } ms away`,
      { cause: failure, maybeSent: false },
    );
    attachMetadata(error, this.metadata("total-timeout"));
    throw error;
  }
}

/** Sleeps until the time has passed or the turn may have come nearer. */
async function sleepUntilChange(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  turn: RetryTurn,
): Promise<void> {
  signal?.throwIfAborted();
  const sleep = new AbortController();
  const end = (): void => sleep.abort(signal?.reason);
  const changed = Symbol("changed");
  turn.onChange(() => sleep.abort(changed));
  signal?.addEventListener("abort", end, { once: true });
  try {
    await clock.sleep(ms, sleep.signal);
  } catch (error) {
    if (error !== changed) throw error;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

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

/** The service's code, or the class and kind of any other error. */
export function failureName(failure: AwsError): string {
  if (failure instanceof ServiceError) return failure.code;
  if (failure instanceof TimeoutError) return `timeout: ${failure.limit}`;
  if (failure instanceof TransportError) return failure.kind;
  return failure.name;
}
