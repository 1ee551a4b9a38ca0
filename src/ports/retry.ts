/**
 * The port that decides whether and when a call is sent again.
 *
 * @module
 */
import type { AwsError } from "../foundation/errors.ts";

/** The retry behaviours a client can be given. Named as boto3 names them. */
export type RetryMode = "adaptive" | "legacy" | "standard";

/** Settings of a client's retries. */
export interface RetryOptions {
  /** Behaviour. Default: `AWS_RETRY_MODE`, the profile's `retry_mode`, `"standard"`. */
  readonly mode?: RetryMode;
  /**
   * Attempts a call gets in all, the first one included, at least 1. Default:
   * `AWS_MAX_ATTEMPTS`, the profile's `max_attempts`, 3 (`"legacy"`: 5).
   */
  readonly maxAttempts?: number;
  /**
   * The numbers of the standard and adaptive modes. Default: `"classic"`, or
   * `"2026"` where `AWS_NEW_RETRIES_2026` is `true`.
   */
  readonly constants?: "2026" | "classic";
  /**
   * Whether a call that is not idempotent is repeated although the server may
   * have carried it out, as boto3 does. Default: `false`.
   */
  readonly repeatUnsafe?: boolean;
  /**
   * Whether the `Retry-After` header of an answer lengthens a wait, up to 20
   * seconds. Default: `false`, as in boto3.
   */
  readonly honourRetryAfter?: boolean;
}

/**
 * One call's place in its retry budget. A value, not a handle: a strategy never
 * changes a ticket, it hands out the next one.
 */
export interface RetryTicket {
  /** 1 for the first attempt, 2 for the first retry. */
  readonly attempt: number;
  /** Quota taken for this attempt, given back when the call succeeds. */
  readonly held: number;
}

/** Permission to send an attempt, after a wait. */
export interface RetryGrant {
  /** Tells the two answers apart. */
  readonly kind: "go";
  /** The ticket the attempt runs under. */
  readonly ticket: RetryTicket;
  /** How long the loop waits before it sends, in milliseconds. */
  readonly delayMs: number;
}

/** An attempt's place in the line of those that wait to be sent. */
export interface RetryTurn {
  /**
   * Tells what is still to be waited. Asked first, and again after each wait.
   *
   * @returns Milliseconds; 0: send now.
   */
  remainingMs(): number;
  /**
   * Sets what is called, once, when the wait may have become shorter.
   *
   * @param wake Ends the wait, so that {@linkcode remainingMs} is asked again.
   */
  onChange(wake: () => void): void;
  /** Ends the turn: the attempt is sent, or its call has ended before. */
  end(): void;
}

/** The end of a call's attempts. */
export interface RetryRefusal {
  /** Tells the two answers apart. */
  readonly kind: "stop";
  /** Why there is no further attempt. */
  readonly reason: "attempts" | "not-retryable" | "quota";
}

/** What a call is, as far as retrying it depends on that. */
export interface RetriedCall {
  /** Id of the service, for example `"s3"`. */
  readonly service: string;
  /** Name of the operation, for example `"PutObject"`. */
  readonly operation: string;
}

/**
 * Decides whether and when a call is sent again.
 *
 * All modes share this interface, so the loop does not know which it drives. A
 * strategy keeps the state that calls share (quota, send rate) and is made once
 * per client. It never sleeps and never sends: it only answers.
 */
export interface RetryStrategy {
  /** The mode, for the user agent and the logs. */
  readonly mode: string;
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  /**
   * Admits a call's first attempt. Only the adaptive mode makes it wait.
   *
   * @returns The grant of attempt 1.
   */
  begin(): RetryGrant;

  /**
   * Answers a failed attempt.
   *
   * @param ticket The ticket the attempt ran under.
   * @param failure What the attempt ended with.
   * @param call What was called.
   * @returns The next attempt's grant, or the reason there is none.
   */
  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal;

  /**
   * Takes a grant's place in line. Where a strategy has this, the loop waits by
   * the turn and not by `delayMs`, which then only estimates the wait: a rate
   * may change while attempts wait for it.
   *
   * @param grant A grant of this strategy.
   * @returns The turn; `undefined`: `delayMs` holds.
   */
  turn?(grant: RetryGrant): RetryTurn | undefined;

  /**
   * Gives back what the call still holds.
   *
   * @param ticket The ticket the successful attempt ran under.
   */
  afterSuccess(ticket: RetryTicket): void;
}
