/**
 * The standard retry mode, and what a failure says about sending a call again.
 *
 * @module
 */
import {
  type AwsError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import { parseTimestamp } from "../foundation/timestamps.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryOptions,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
} from "../ports/retry.ts";

/** Settings of {@linkcode StandardRetry}. */
export interface StandardRetryOptions {
  /** Attempts a call gets in all, at least 1. Default: what the numbers say, 3. */
  readonly maxAttempts?: number;
  /** The numbers. Default: the classic ones. */
  readonly constants?: RetryConstants;
  /** Quota to share with other strategies. Default: a full one of its own. */
  readonly quota?: RetryQuota;
  /** Source of jitter, in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * The standard retry mode: exponential backoff with full jitter, within a quota
 * that all calls of a client share.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, standard mode;
 * numbers and order as in botocore 1.43.
 */
export class StandardRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "standard";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #constants: RetryConstants;
  readonly #quota: RetryQuota;
  readonly #random: () => number;

  /**
   * Makes a strategy.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
   */
  constructor(options: StandardRetryOptions = {}) {
    const { constants = CLASSIC } = options;
    this.maxAttempts = attemptLimit(
      options.maxAttempts ?? constants.maxAttempts,
    );
    this.#constants = constants;
    this.#quota = options.quota ?? new RetryQuota(constants.quota);
    this.#random = options.random ?? Math.random;
  }

  begin(): RetryGrant {
    return FIRST;
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    const failureClass = classify(failure, call.service);
    if (failureClass === "fatal") return stop("not-retryable");
    if (ticket.attempt >= this.maxAttempts) return stop("attempts");

    const held = this.#constants.cost[failureClass];
    if (!this.#quota.take(held)) return stop("quota");

    const backoffMs = this.#backoffMs(ticket, failureClass, call);
    const hintMs = Math.min(
      amzRetryAfterMs(failure),
      backoffMs + this.#constants.maxHintMs,
    );
    return {
      kind: "go",
      ticket: { attempt: ticket.attempt + 1, held },
      delayMs: Math.max(backoffMs, hintMs),
    };
  }

  afterSuccess(ticket: RetryTicket): void {
    this.#quota.give(ticket.held || this.#constants.easySuccess);
  }

  #backoffMs(
    { attempt }: RetryTicket,
    failureClass: RetryableClass,
    { service }: RetriedCall,
  ): number {
    const { baseMs, maxDelayMs, serviceBaseMs } = this.#constants;
    const base = (serviceBaseMs[service] ?? baseMs)[failureClass];
    return this.#random() * Math.min(base * 2 ** (attempt - 1), maxDelayMs);
  }
}

/** What a strategy gets from its client rather than from the user. */
export interface RetryDependencies {
  /** Id of the client's service, for numbers of its own, for example `"dynamodb"`. */
  readonly service?: string;
  /** Source of jitter, in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
  /** Time in milliseconds, on any scale. Default: `performance.now`. */
  readonly now?: () => number;
}

/**
 * Makes the standard mode that settings ask for.
 *
 * @param options The settings.
 * @param dependencies What the client adds.
 */
export function standardRetry(
  options: RetryOptions,
  dependencies: RetryDependencies,
): StandardRetry {
  return new StandardRetry(standardOptions(options, dependencies));
}

/** The options of the standard and adaptive modes from settings. */
export function standardOptions(
  options: RetryOptions,
  dependencies: RetryDependencies,
): StandardRetryOptions & RetryDependencies {
  const constants = options.constants === "2026" ? EDITION_2026 : CLASSIC;
  return {
    ...dependencies,
    constants,
    maxAttempts: options.maxAttempts ??
      constants.serviceMaxAttempts[dependencies.service ?? ""] ??
      constants.maxAttempts,
  };
}

/**
 * One edition of the numbers of the standard and adaptive modes. Where an edition
 * lacks a feature, its number turns the feature off.
 */
export interface RetryConstants {
  /** Attempts a call gets in all. */
  readonly maxAttempts: number;
  /** The same for single services, by service id. */
  readonly serviceMaxAttempts: Readonly<Record<string, number>>;
  /** Longest first wait, in milliseconds, by what went wrong; it doubles with each retry. */
  readonly baseMs: Readonly<Record<RetryableClass, number>>;
  /** The same for single services, by service id. */
  readonly serviceBaseMs: Readonly<
    Record<string, Readonly<Record<RetryableClass, number>>>
  >;
  /** Where the doubling ends, in milliseconds. */
  readonly maxDelayMs: number;
  /** How far `x-amz-retry-after` may lengthen a wait, in milliseconds. */
  readonly maxHintMs: number;
  /** Tokens in a full quota. */
  readonly quota: number;
  /** Tokens that a retry takes, by what went wrong before it. */
  readonly cost: Readonly<Record<RetryableClass, number>>;
  /** Tokens that a call earns when it succeeds without a retry. */
  readonly easySuccess: number;
}

/**
 * The numbers in use since 2020.
 *
 * Source: botocore 1.43, standard mode.
 */
export const CLASSIC: RetryConstants = {
  maxAttempts: 3,
  serviceMaxAttempts: {},
  baseMs: { throttling: 1_000, timeout: 1_000, transient: 1_000 },
  serviceBaseMs: {},
  maxDelayMs: 20_000,
  maxHintMs: 0,
  quota: 500,
  cost: { throttling: 5, timeout: 10, transient: 5 },
  easySuccess: 1,
};

/** DynamoDB answers within a few milliseconds, so its waits start lower. */
const DYNAMODB_BASE_MS = { throttling: 1_000, timeout: 25, transient: 25 };

/**
 * The numbers of 2026: quick first retries, a quota that ends sooner in an
 * outage, and waits that follow the server's own hint.
 *
 * Source: botocore 1.43, standard mode with `AWS_NEW_RETRIES_2026=true`.
 */
export const EDITION_2026: RetryConstants = {
  maxAttempts: 3,
  serviceMaxAttempts: { "dynamodb": 4, "dynamodb-streams": 4 },
  baseMs: { throttling: 1_000, timeout: 50, transient: 50 },
  serviceBaseMs: {
    "dynamodb": DYNAMODB_BASE_MS,
    "dynamodb-streams": DYNAMODB_BASE_MS,
  },
  maxDelayMs: 20_000,
  maxHintMs: 5_000,
  quota: 500,
  cost: { throttling: 5, timeout: 14, transient: 14 },
  easySuccess: 1,
};

/**
 * A number of tokens that retries are paid with.
 *
 * Calls that fail take tokens and calls that succeed bring some back, so that an
 * outage does not turn into a storm of retries.
 */
export class RetryQuota {
  readonly #size: number;
  #available: number;

  /**
   * Makes a full quota.
   *
   * @param size Tokens in it. Default: 500.
   */
  constructor(size = 500) {
    this.#size = size;
    this.#available = size;
  }

  /** Tokens left. */
  get available(): number {
    return this.#available;
  }

  /**
   * Takes tokens, or none if there are not enough.
   *
   * @param tokens How many, 0 or more.
   * @returns Whether they were taken.
   */
  take(tokens: number): boolean {
    if (tokens > this.#available) return false;
    this.#available -= tokens;
    return true;
  }

  /**
   * Gives tokens back. What would overfill the quota is lost.
   *
   * @param tokens How many, 0 or more.
   */
  give(tokens: number): void {
    this.#available = Math.min(this.#size, this.#available + tokens);
  }
}

/**
 * Admits a first attempt.
 *
 * @param delayMs Wait before it, in milliseconds.
 * @returns The grant of attempt 1.
 */
export function first(delayMs: number): RetryGrant {
  return { kind: "go", ticket: { attempt: 1, held: 0 }, delayMs };
}

/** A first attempt without a wait; nobody changes a grant. */
const FIRST: RetryGrant = first(0);

/**
 * Ends a call's attempts.
 *
 * @param reason Why there is no further one.
 * @returns The refusal.
 */
export function stop(reason: RetryRefusal["reason"]): RetryRefusal {
  return { kind: "stop", reason };
}

/**
 * Passes a number of attempts on if it is one.
 *
 * @param maxAttempts The number.
 * @returns The same number.
 * @throws {RangeError} If it is not a whole number of at least 1.
 */
export function attemptLimit(maxAttempts: number): number {
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(
      `Cannot set up retries as maxAttempts must be a whole number >= 1: current value is ${maxAttempts}`,
    );
  }
  return maxAttempts;
}

/** Kinds of failure after which another attempt may succeed. */
export type RetryableClass = "throttling" | "timeout" | "transient";

/** All kinds of failure: `"fatal"` ones come again on another attempt. */
export type FailureClass = "fatal" | RetryableClass;

/** Error codes that ask the caller to slow down, whatever the status. */
export const THROTTLING_CODES: ReadonlySet<string> = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);

/** Too Many Requests: what other stores and gateways answer, with codes of their own. */
const THROTTLING_STATUS = 429;

/** Error codes of passing troubles, whatever the status. */
export const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "PriorRequestNotComplete",
  "RequestTimeout",
  "RequestTimeoutException",
]);

/** Statuses of passing troubles, whatever the error code. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([
  500,
  502,
  503,
  504,
]);

/** Error codes of passing troubles that one service has for itself. */
const SERVICE_CODES: Readonly<Record<string, ReadonlySet<string>>> = {
  sts: new Set(["IDPCommunicationError"]),
};

/**
 * Sorts a failure for the standard and adaptive modes.
 *
 * What a service answered is sorted by its error code and status, and by what
 * the model says of the error. Of the exchanges that failed, only two ends are
 * final: the runtime denies the connection, or a limit passed that holds for
 * more than one attempt. All other errors are no failure of an exchange.
 *
 * Source: retry tables of botocore 1.43, modes standard and adaptive; status 429
 * is ours (RFC 6585, section 4).
 *
 * @param failure What the attempt ended with.
 * @param service Id of the service, for example `"sts"`.
 * @returns The kind of failure.
 */
export function classify(failure: AwsError, service: string): FailureClass {
  if (failure instanceof ServiceError) return ofAnswer(failure, service);
  if (failure instanceof TimeoutError) return ofTimeout(failure);
  if (failure instanceof TransportError) return ofExchange(failure);
  return "fatal";
}

function ofAnswer(failure: ServiceError, service: string): FailureClass {
  const { code, status, retryable } = failure.detail;
  // Throttling first: PriorRequestNotComplete is in both tables.
  if (
    THROTTLING_CODES.has(code) || status === THROTTLING_STATUS ||
    retryable === "throttling"
  ) {
    return "throttling";
  }
  const transient = TRANSIENT_CODES.has(code) ||
    TRANSIENT_STATUSES.has(status) ||
    retryable === "transient" ||
    SERVICE_CODES[service]?.has(code);
  return transient ? "transient" : "fatal";
}

function ofTimeout({ limit }: TimeoutError): FailureClass {
  // A whole call has one total time, and a queue in this process only grows
  // when its calls line up again.
  return limit === "total" || limit === "queue" ? "fatal" : "timeout";
}

function ofExchange({ kind, final }: TransportError): FailureClass {
  if (final) return "fatal";
  return kind === "timeout" ? "timeout" : "transient";
}

const WHOLE_NUMBER = /^\d+$/;

/**
 * Reads the services' own header, `x-amz-retry-after`.
 *
 * @param failure What the attempt ended with.
 * @returns Milliseconds; 0 where the failure has no readable header.
 */
export function amzRetryAfterMs(failure: AwsError): number {
  const text = header(failure, "x-amz-retry-after");
  return WHOLE_NUMBER.test(text) ? Number(text) : 0;
}

/**
 * Reads the header of HTTP, `Retry-After`: seconds or a date (RFC 9110, section
 * 10.2.3). A date is set against the answer's own `Date`, not against a clock of
 * this machine that may be wrong.
 *
 * @param failure What the attempt ended with.
 * @returns Milliseconds; 0 where the failure has no readable header.
 */
export function retryAfterMs(failure: AwsError): number {
  const text = header(failure, "retry-after");
  if (WHOLE_NUMBER.test(text)) return Number(text) * 1_000;
  const until = parseTimestamp(text);
  const since = parseTimestamp(header(failure, "date"));
  if (until === undefined || since === undefined) return 0;
  return Math.max(0, until.getTime() - since.getTime());
}

function header(failure: AwsError, name: string): string {
  if (!(failure instanceof ServiceError)) return "";
  return failure.detail.headers[name]?.trim() ?? "";
}
