/**
 * What follows a failed attempt: corrections by what a refusal teaches (the time of
 * the server, and that credentials have expired), the strategy's word, the wait, or
 * the end of the call. Loaded with the first failure.
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
import type { AttemptRecord, StopReason } from "../foundation/metadata.ts";
import { amzDate, parseTimestamp } from "../foundation/timestamps.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type { RetryGrant, RetryTicket, RetryTurn } from "../ports/retry.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/service.ts";
import type { Clock } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import { type Parts, timeAt } from "./attempt.ts";
import type {
  Attempt,
  AttemptTrace,
  Continuation,
  RetryLoop,
  RetryStep,
} from "./retry_loop.ts";

/** An attempt that failed. */
interface FailedAttempt {
  readonly attempt: Attempt;
  readonly trace: AttemptTrace;
  /** What allowed it. */
  readonly grant: RetryGrant;
  /** When it began, in milliseconds, and when its failure was received. */
  readonly startMs: number;
  readonly received: Date;
  /** What the attempt before it failed with. */
  readonly failure: AwsError | undefined;
}

/** The attempt that follows, and why. */
interface NextAttempt {
  readonly attempt: Attempt;
  readonly grant: RetryGrant;
  readonly failure: AwsError;
}

/**
 * Finds the attempt that follows a failed one.
 *
 * @param loop The attempts of the call.
 * @param step What was sent.
 * @param thrown What it failed with.
 * @param made The failed attempt.
 * @throws What ends the call.
 */
export async function afterFailure<T>(
  loop: RetryLoop,
  step: RetryStep<T>,
  thrown: unknown,
  made: FailedAttempt,
): Promise<NextAttempt> {
  const { attempt, trace, grant, received } = made;
  const error = await step.explain?.(thrown, attempt, trace) ?? thrown;
  if (!(error instanceof AwsError)) {
    throw closed(loop, error, step.signal, made.failure);
  }
  const change: { -readonly [K in keyof AttemptRecord]?: AttemptRecord[K] } = {
    failure: failureName(error),
  };
  if (error instanceof ServiceError) {
    const { requestId, hostId } = error.detail;
    change.status = error.status;
    if (requestId !== undefined) trace.requestId ??= requestId;
    if (hostId !== undefined) trace.hostId ??= hostId;
  }
  if (error instanceof TimeoutError) change.timeline = error.timeline;
  const durationMs = received.getTime() - made.startMs;
  loop.note(attempt.number, grant.delayMs, durationMs, trace);
  amendLast(loop, change);
  const granted = await grantOf(loop, grant.ticket, trace, error);
  const date = trace.answer?.headers["date"];
  const next = {
    ...nextOf(loop, granted),
    ...date === undefined ? {} : {
      ttl: (parts: TtlParts, options: CallOptions): string =>
        timeToLive(parts, options, { date, received }),
    },
  };
  return { attempt: next, grant: granted, failure: error };
}

/**
 * Finds the attempt that follows after what the call returned broke.
 *
 * @param loop The attempts of the call.
 * @param failure How it broke.
 * @param next What is sent to go on.
 * @throws What ends the call: the failure, if the budget is used up.
 */
export async function afterBreak<T>(
  loop: RetryLoop,
  failure: AwsError,
  next: Continuation<T>,
): Promise<NextAttempt> {
  const { ticket } = loop;
  if (ticket === undefined || !loop.holds) throw failure;
  amendLast(loop, {
    failure: failureName(failure),
    ...failure instanceof TimeoutError && { timeline: failure.timeline },
  });
  if (next.anew) loop.before += ticket.attempt - 1;
  const counted = next.anew ? { ...ticket, attempt: 1 } : ticket;
  const grant = await grantOf(loop, counted, loop.last, failure);
  return { attempt: nextOf(loop, grant), grant, failure };
}

/** Adds to the record of the last attempt. */
function amendLast(loop: RetryLoop, change: Partial<AttemptRecord>): void {
  const last = loop.attempts.pop();
  if (last !== undefined) loop.attempts.push({ ...last, ...change });
}

/**
 * Waits until an attempt may be sent.
 *
 * @param loop The attempts of the call.
 * @param grant What allows the attempt.
 * @param signal Ends the wait early.
 */
export async function waited(
  loop: RetryLoop,
  grant: RetryGrant,
  signal: AbortSignal | undefined,
): Promise<RetryGrant> {
  const { clock, retry } = loop.parts;
  const turn = retry.turn?.(grant);
  if (turn === undefined) {
    if (grant.delayMs > 0) await pause(loop, grant.delayMs, signal);
    return grant;
  }
  const startMs = clock.now().getTime();
  try {
    for (let ms = turn.remainingMs(); ms > 0; ms = turn.remainingMs()) {
      await pause(loop, ms, signal, turn);
    }
  } finally {
    turn.end();
  }
  return { ...grant, delayMs: clock.now().getTime() - startMs };
}

/** A total time that passes during a wait ends the call like any other. */
async function pause(
  loop: RetryLoop,
  ms: number,
  signal: AbortSignal | undefined,
  turn?: RetryTurn,
): Promise<void> {
  const { clock } = loop.parts;
  try {
    if (turn === undefined) await clock.sleep(ms, signal);
    else await sleepUntilChange(clock, ms, signal, turn);
  } catch (error) {
    if (error instanceof AwsError) {
      attachMetadata(error, loop.metadata("total-timeout"));
    }
    throw error;
  }
}

/** The failure that a closed session left unrepeated is worth more than the closing. */
function closed(
  loop: RetryLoop,
  error: unknown,
  signal: AbortSignal | undefined,
  failure: AwsError | undefined,
): unknown {
  const owner = loop.parts.closed?.();
  if (owner === undefined || signal?.aborted || failure === undefined) {
    return error;
  }
  const closed = new ConfigError(
    owner === "session" ? "SessionClosed" : "ClientClosed",
    `Cannot repeat ${loop.call.operation}: the ${owner} was closed while the call waited to be sent again after "${failure.message}"; keep the ${owner} open until its last call has ended`,
    { cause: failure },
  );
  attachMetadata(closed, loop.metadata());
  return closed;
}

function nextOf(loop: RetryLoop, { ticket }: RetryGrant): Attempt {
  const number = loop.before + ticket.attempt;
  return { number, correction: loop.correction };
}

/** The grant of a further attempt; what ends the call is thrown. */
async function grantOf(
  loop: RetryLoop,
  ticket: RetryTicket,
  trace: AttemptTrace,
  failure: AwsError,
): Promise<RetryGrant> {
  if (await recovered(loop, trace, failure)) {
    const next = { ...ticket, attempt: ticket.attempt + 1 };
    return { kind: "go", ticket: next, delayMs: 0 };
  }
  const answer = await ask(loop, ticket, trace, failure);
  if (typeof answer === "string") {
    attachMetadata(failure, loop.metadata(answer));
    loop.parts.logger.debug("attempt failed, no further one follows", {
      operation: loop.call.operation,
      attempt: ticket.attempt,
      failure: failureName(failure),
      reason: answer,
    });
    throw failure;
  }
  checkTotal(loop, answer.delayMs, failure);
  loop.parts.logger.debug("attempt failed, another follows", {
    operation: loop.call.operation,
    attempt: ticket.attempt,
    failure: failureName(failure),
    delayMs: answer.delayMs,
  });
  return answer;
}

async function recovered(
  loop: RetryLoop,
  trace: AttemptTrace,
  failure: AwsError,
): Promise<boolean> {
  if (trace.facts === undefined || !loop.call.replayable) return false;
  const { recoveries } = loop.parts;
  const all = typeof recoveries === "function"
    ? await recoveries()
    : recoveries;
  for (const recovery of all) {
    if (loop.recovered.includes(recovery.kind)) continue;
    const correction = await completed(
      loop,
      recovery.recover(failure, trace.facts),
    );
    if (correction === undefined) continue;
    loop.recovered = [...loop.recovered, recovery.kind];
    loop.correction = { ...loop.correction, ...correction };
    // Another attempt follows, which is no retry.
    amendLast(loop, { recovery: recovery.kind });
    loop.parts.logger.info("attempt failed, corrected and sent again", {
      operation: loop.call.operation,
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
async function completed<Value>(
  loop: RetryLoop,
  answer: Promise<Value> | Value,
): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsError) {
      attachMetadata(error, loop.metadata());
    }
    throw error;
  }
}

async function ask(
  loop: RetryLoop,
  ticket: RetryTicket,
  trace: AttemptTrace,
  failure: AwsError,
): Promise<RetryGrant | StopReason> {
  const { parts: { retry, repeatUnsafe }, call } = loop;
  const { idempotent, operation, replayable, service } = call;
  if (failure instanceof TimeoutError && failure.limit === "total") {
    return "total-timeout";
  }
  // Nothing was sent. What failed is a call of its own, with its own attempts.
  if (trace.facts === undefined) return "not-retryable";
  const maybeDone = failure instanceof TransportError && failure.maybeSent;
  if (maybeDone && !idempotent && !repeatUnsafe) return "unsafe";
  // A strategy may be anybody's, and the call holds its input and credentials.
  const told = { service, operation };
  const answer = await retry.afterFailure(ticket, failure, told);
  if (answer.kind === "stop") return answer.reason;
  return replayable ? answer : "body";
}

function checkTotal(loop: RetryLoop, delayMs: number, failure: AwsError): void {
  const { totalTimeoutMs, operation } = loop.call;
  if (totalTimeoutMs === undefined) return;
  const spentMs = loop.parts.clock.now().getTime() - loop.startMs;
  if (spentMs + delayMs < totalTimeoutMs) return;
  const error = new TimeoutError(
    "total",
    totalTimeoutMs,
    `Cannot call ${operation} within ${totalTimeoutMs} ms: ${spentMs} ms are spent and the next attempt is ${
      Math.ceil(delayMs)
    } ms away`,
    { cause: failure, maybeSent: false },
  );
  attachMetadata(error, loop.metadata("total-timeout"));
  throw error;
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

/** The service's code, or the class and kind of any other error. */
export function failureName(failure: AwsError): string {
  if (failure instanceof ServiceError) return failure.code;
  if (failure instanceof TimeoutError) return `timeout: ${failure.limit}`;
  if (failure instanceof TransportError) return failure.kind;
  return failure.name;
}

/** What the time to live of a request depends on. */
type TtlParts = Pick<Parts, "clock" | "settings">;

/**
 * When the server may give up on the answer, by its own clock.
 *
 * Source: retry behaviour of the AWS SDKs, header `amz-sdk-request`.
 */
function timeToLive(
  { clock, settings }: TtlParts,
  options: CallOptions,
  before: { readonly date: string; readonly received: Date },
): string {
  const { readTimeoutMs = settings.readTimeoutMs } = options;
  const server = parseTimestamp(before.date);
  if (!server || readTimeoutMs === undefined || readTimeoutMs === Infinity) {
    return "";
  }
  const aheadMs = server.getTime() - before.received.getTime();
  if (Math.abs(aheadMs) > MAX_SKEW_MS) return "";
  const end = clock.now().getTime() + aheadMs + readTimeoutMs;
  return `ttl=${amzDate(new Date(end))}; `;
}

/** What services answer to a signature whose time is off. */
const SKEW_CODES: ReadonlySet<string> = new Set([
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
  // A HEAD answer has no body to name the code.
  "403",
]);

/** Servers accept 15 minutes; below this, the time was not the reason. */
const TOLERATED_MS = 4 * 60_000;

/**
 * A difference that a wrong time zone explains. Beyond it a server could ask for
 * signatures that are good years from now.
 */
export const MAX_SKEW_MS = 24 * 3_600_000;

/** The difference between the local clock and the servers', by host. */
export class ClockSkew implements Recovery {
  readonly kind = "skew";
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, "warn"> | undefined;
  readonly #skewMs: Map<string, number>;

  /**
   * Makes what learns them.
   *
   * @param clock The local clock.
   * @param logger Told of differences. Default: nobody.
   * @param known The differences by host, in milliseconds. Default: none.
   */
  constructor(
    clock: Clock,
    logger?: Pick<Logger, "warn">,
    known = new Map<string, number>(),
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#skewMs = known;
  }

  /** The current time, as a host sees it. */
  now(host: string): Date {
    return timeAt(host, { clock: this.#clock, skewMs: this.#skewMs });
  }

  recover(failure: AwsError, facts: AttemptFacts): Correction | undefined {
    if (!(failure instanceof ServiceError)) return undefined;
    if (!SKEW_CODES.has(failure.code)) return undefined;
    const { date = "", age } = failure.detail.headers;
    const server = parseTimestamp(date);
    // An answer with an age comes from a cache, and so does its date.
    if (server === undefined || age !== undefined) return undefined;
    const off = Math.abs(server.getTime() - facts.signedAt.getTime());
    if (off < TOLERATED_MS) return undefined;
    const skewMs = server.getTime() - this.#clock.now().getTime();
    const told = {
      host: facts.host,
      date,
      local: facts.signedAt.toISOString(),
    };
    if (Math.abs(skewMs) > MAX_SKEW_MS) {
      this.#logger?.warn(
        "the server's clock is more than 24 hours off; signing with the local clock",
        told,
      );
      return undefined;
    }
    this.#logger?.warn(
      "the local clock is off; signing with the server's",
      told,
    );
    this.#skewMs.set(facts.host, skewMs);
    return { skewMs };
  }
}

/** What services answer to credentials whose time is over. */
const EXPIRED_CODES: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidToken",
]);

/** Tells the sources which credentials were refused, once per call. */
export class ExpiredCredentials implements Recovery {
  readonly kind = "credentials";
  readonly #sources: readonly Pick<CredentialSource, "invalidate">[];

  /**
   * Makes the recovery of a client.
   *
   * @param sources Where its credentials come from.
   */
  constructor(sources: readonly Pick<CredentialSource, "invalidate">[]) {
    this.#sources = sources;
  }

  recover(
    failure: AwsError,
    { credentials }: AttemptFacts,
  ): Correction | undefined {
    if (!(failure instanceof ServiceError) || credentials === undefined) {
      return undefined;
    }
    // Keys without a token and an end cannot be had anew.
    if (!EXPIRED_CODES.has(failure.code) || !credentials.sessionToken) {
      return undefined;
    }
    for (const source of this.#sources) source.invalidate(credentials);
    return { freshCredentials: true };
  }
}
