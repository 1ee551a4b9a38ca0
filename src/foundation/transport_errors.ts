/**
 * The errors of exchanges that failed.
 *
 * @module
 */
import { AwsError, retell } from "./aws_error.ts";
import { type Timeline, timelineWords } from "./timeline.ts";

/** What went wrong with an exchange. */
export type TransportFault =
  | "closed"
  | "cut"
  | "denied"
  | "dns"
  | "not-http"
  | "refused"
  | "reset"
  | "timeout"
  | "tls"
  | "unknown";

/** The exchange itself failed: there is no complete response to look at. */
export class TransportError extends AwsError {
  /** Stable name of the class. */
  override readonly name: "TimeoutError" | "TransportError" = "TransportError";
  /** What went wrong. */
  readonly kind: TransportFault;
  /** Whether the server may have seen the request. `false`: it cannot have. */
  readonly maybeSent: boolean;
  /** Whether another attempt would end the same way, so that none is made. */
  readonly final: boolean;

  /**
   * Makes the error.
   *
   * @param kind What went wrong.
   * @param message What was attempted and what the runtime reported.
   * @param options Whether the server may have seen the request, whether another
   * attempt would end the same way, and the runtime's error as `cause`.
   */
  constructor(
    kind: TransportFault,
    message: string,
    options: ErrorOptions & {
      readonly maybeSent: boolean;
      readonly final?: boolean;
    },
  ) {
    super(message, options);
    this.kind = kind;
    this.maybeSent = options.maybeSent;
    this.final = options.final ?? kind === "denied";
  }
}

/** The named times of a call. */
export type TimeLimit = "attempt" | "connect" | "queue" | "read" | "total";

/** A time limit passed. */
export class TimeoutError extends TransportError {
  /** Stable name of the class. */
  override readonly name = "TimeoutError";
  /** Which limit passed. */
  readonly limit: TimeLimit;
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  /** How far the last attempt came, and when; also the end of the message. */
  timeline: Timeline = {};

  readonly #reason: string;

  /**
   * Makes the error.
   *
   * @param limit Which limit passed.
   * @param limitMs The limit, in milliseconds.
   * @param message What was waited for, and for how long.
   * @param options Whether the server may have seen the request.
   */
  constructor(
    limit: TimeLimit,
    limitMs: number,
    message: string,
    options: ErrorOptions & { readonly maybeSent: boolean },
  ) {
    super("timeout", message, options);
    this.limit = limit;
    this.limitMs = limitMs;
    this.#reason = message;
  }

  /**
   * Tells how far the attempt came.
   *
   * @param stages The stages that are known now, beside those told before.
   */
  place(stages: Timeline): void {
    this.timeline = { ...this.timeline, ...stages };
    const words = timelineWords(this.timeline);
    retell(this, words === "" ? this.#reason : `${this.#reason}; ${words}`);
  }
}
