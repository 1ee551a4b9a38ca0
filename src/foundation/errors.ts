/**
 * Every error this library throws on purpose.
 *
 * Sort them by class, or by `name` where two copies of the library are loaded;
 * never by message. What the caller's own `AbortSignal` throws is passed on as
 * it is and is not part of this family.
 *
 * @module
 */
import {
  type AttemptRecord,
  type ResponseMetadata,
  type Timeline,
  timelineWords,
} from "./metadata.ts";
import { escapeControls, printedWithout } from "./redact.ts";

export type { Timeline } from "./metadata.ts";

/** Base of every error this library throws on purpose. */
export abstract class AwsError extends Error {
  /**
   * Makes the error.
   *
   * @param message What went wrong. Control characters in it are escaped, as a
   * server may have chosen its words.
   * @param options The underlying error, as `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(escapeControls(message), options);
  }

  /** Facts of the call that ended with this error. Absent: it was not a call. */
  ResponseMetadata?: ResponseMetadata;
}

/**
 * Gives an error another message, also at the head of its stack.
 *
 * @param error The error.
 * @param message Its new message.
 */
export function withMessage(error: Error, message: string): void {
  const escaped = escapeControls(message);
  const stack = error.stack?.replace(error.message, () => escaped);
  error.message = escaped;
  if (stack !== undefined) error.stack = stack;
}

/** What became of one credential provider. */
export interface ProviderAttempt {
  /** Name of the provider. */
  readonly name: string;
  /** What it said: absent, skipped or broken, and why. Never a secret. */
  readonly verdict: string;
}

/** A setting is missing, contradictory or unreadable. */
export class ConfigError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ConfigError";
  /** Which case it is, in botocore's words where it has one, for example `"ProfileNotFound"`. */
  readonly code: string;
  /** The credential providers that were asked, where it ended their search. */
  tried?: readonly ProviderAttempt[];

  /**
   * Makes the error.
   *
   * @param code Which case it is.
   * @param message What is wrong, what would be right, and where to set it.
   * @param options The underlying error, as `cause`.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The credential provider in charge could not get credentials. */
export class CredentialsError extends AwsError {
  /** Stable name of the class. */
  override readonly name:
    | "CredentialsError"
    | "NoCredentialsError"
    | "PartialCredentialsError" = "CredentialsError";
  /** Which case it is, in botocore's words where it has one, for example `"CredentialRetrievalError"`. */
  readonly code: string;
  /** The providers that were asked, in order; a chain adds those before the one in charge. */
  tried: readonly ProviderAttempt[];

  /**
   * Makes the error.
   *
   * @param code Which case it is.
   * @param message What was attempted and why it failed.
   * @param options The providers asked, and the underlying error as `cause`.
   */
  constructor(
    code: string,
    message: string,
    options: ErrorOptions & { readonly tried?: readonly ProviderAttempt[] } =
      {},
  ) {
    super(message, options);
    this.code = code;
    this.tried = options.tried ?? [];
  }
}

/** No provider had credentials. */
export class NoCredentialsError extends CredentialsError {
  /** Stable name of the class. */
  override readonly name = "NoCredentialsError";

  /**
   * Makes the error; its message lists every provider, those that say the same
   * in one line.
   *
   * @param tried The providers that were asked, in order.
   */
  constructor(tried: readonly ProviderAttempt[]) {
    const names = Map.groupBy(tried, ({ verdict }) => verdict);
    const list = [...names].map(([verdict, those]) =>
      `\n  ${those.map(({ name }) => name).join(", ")}: ${verdict}`
    );
    super(
      "NoCredentialsError",
      `Cannot find credentials: none of the sources has any${list.join("")}`,
      { tried },
    );
  }
}

/** One half of a pair of credentials is set and the other is not. */
export class PartialCredentialsError extends CredentialsError {
  /** Stable name of the class. */
  override readonly name = "PartialCredentialsError";

  /**
   * Makes the error.
   *
   * @param provider Name of the provider.
   * @param missing What is missing, and where to set it.
   */
  constructor(provider: string, missing: string) {
    super(
      "PartialCredentialsError",
      `Cannot use the credentials of "${provider}": ${missing}`,
      { tried: [{ name: provider, verdict: `broken: ${missing}` }] },
    );
  }
}

/** One way in which an input does not fit its operation. */
export interface ValidationProblem {
  /** Where in the input, for example `"Delete.Objects[2].Key"`. */
  readonly path: string;
  /** What is wrong there, without the value. */
  readonly problem: string;
}

/** The input does not fit the operation. Nothing was sent. */
export class ValidationError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ValidationError";
  /** All that is wrong, not only the first. */
  readonly problems: readonly ValidationProblem[];

  /**
   * Makes the error; its message lists all problems.
   *
   * @param operation Name of the operation.
   * @param problems All that is wrong.
   */
  constructor(operation: string, problems: readonly ValidationProblem[]) {
    const list = problems.map(({ path, problem }) => `${path} ${problem}`);
    super(`Cannot call ${operation}: ${list.join("; ")}`);
    this.problems = problems;
  }
}

/** There is no endpoint for the call, or none that can be addressed. */
export class EndpointError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "EndpointError";
}

/** A response came, but it is not what the operation's table describes. */
export class ProtocolError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ProtocolError";
}

/** The bytes that came are not those that the service has. */
export class ChecksumError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ChecksumError";
  /** Name of the checksum, for example `"CRC32"`. */
  readonly algorithm: string;
  /** What the service says it is, in base64. */
  readonly expected: string;
  /** What it is of the bytes that came, in base64. */
  readonly actual: string;

  /**
   * Makes the error.
   *
   * @param algorithm Name of the checksum.
   * @param expected What the service says it is.
   * @param actual What it is of the bytes that came.
   */
  constructor(algorithm: string, expected: string, actual: string) {
    super(
      `Cannot trust the body: its ${algorithm} is "${actual}", the service says "${expected}"`,
    );
    this.algorithm = algorithm;
    this.expected = expected;
    this.actual = actual;
  }
}

/** What a service tells about a request that it refuses. */
export interface ServiceErrorDetail {
  /** The service's error code, for example `"NoSuchKey"`. */
  readonly code: string;
  /** Name of the operation. */
  readonly operation: string;
  /** HTTP status, 300 to 599; 500 for an error inside a success, as it is retried like one. */
  readonly status: number;
  /** The service's id of the request, for support cases. */
  readonly requestId?: string;
  /** S3's second id (`x-amz-id-2`). */
  readonly hostId?: string;
  /** Region that the service names as the right one. */
  readonly region?: string;
  /** Header fields of the answer, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** What else the error document says, by element name; modelled members typed. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The model says that it may be tried again, and whether because of throttling. */
  readonly retryable?: "throttling" | "transient";
  /** What came in the place of an error document, where the answer was no error: its status, its type and its first bytes. */
  readonly found?: string;
  /** What to change, where this library can tell; also the end of the message. */
  readonly hint?: string;
  /** What usually helps, where there is no hint; not part of the message. */
  readonly advice?: string;
}

/** The service answered, and the answer is no. */
export class ServiceError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ServiceError";
  /** The service's own message. */
  readonly reason: string;
  /** The other facts of the answer. */
  readonly detail: ServiceErrorDetail;

  /**
   * Makes the error.
   *
   * @param reason The service's own message.
   * @param detail The other facts of the answer.
   */
  constructor(reason: string, detail: ServiceErrorDetail) {
    super(serviceMessage(reason, detail, 1));
    this.reason = reason;
    // A printed error shows the header fields in its metadata.
    this.detail = printedWithout(detail, "headers");
  }

  /** The service's error code, for example `"NoSuchKey"`. */
  get code(): string {
    return this.detail.code;
  }

  /** HTTP status of the answer. */
  get status(): number {
    return this.detail.status;
  }

  /**
   * What to do, in a sentence or two, from what the service says and what is
   * known of the request. Absent: nothing is known. Never a secret.
   */
  get advice(): string | undefined {
    return this.detail.hint ?? this.detail.advice;
  }
}

/**
 * Completes an error with the facts of the call that it ends.
 *
 * @param error The error; its message tells the attempts from then on.
 * @param metadata Facts of the call.
 */
export function attachMetadata(
  error: AwsError,
  metadata: ResponseMetadata,
): void {
  error.ResponseMetadata = metadata;
  const attempts = metadata.Attempts.length;
  if (error instanceof ServiceError && attempts > 1) {
    withMessage(error, serviceMessage(error.reason, error.detail, attempts));
  }
  if (error instanceof TimeoutError && attempts > 1) {
    const waits = metadata.Attempts.map(({ delayMs }) => delayMs);
    error.place({ waitedMs: waits.reduce((sum, ms) => sum + ms) });
  }
}

function serviceMessage(
  reason: string,
  detail: ServiceErrorDetail,
  attempts: number,
): string {
  const { found } = detail;
  const facts = [
    ...found === undefined ? [detail.operation, detail.status] : [],
    ...detail.requestId === undefined ? [] : [`request ${detail.requestId}`],
    ...attempts === 1 ? [] : [`${attempts} attempts`],
  ];
  const hint = detail.hint === undefined ? "" : `; ${detail.hint}`;
  if (found === undefined) {
    // A sentence of the service goes on.
    const said = hint === "" ? reason : reason.replace(/\.$/, "");
    return `${detail.code} (${facts.join(", ")}): ${said}${hint}`;
  }
  const told = facts.length === 0 ? "" : ` (${facts.join(", ")})`;
  return `Cannot read the answer to ${detail.operation}${told}: ${found}${hint}`;
}

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

/** How far an exchange came: what was being done when it failed. */
export type TransportPhase =
  | "dns"
  | "connect"
  | "tls"
  | "write"
  | "head"
  | "body";

/** Where an exchange failed, as far as its transport can tell. */
export interface TransportLocation {
  /** What was being done. */
  readonly phase?: TransportPhase;
  /** Address and port on this machine. */
  readonly localAddress?: string;
  /** Address and port that the connection leads to: a proxy's, where there is one. */
  readonly remoteAddress?: string;
}

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
  /** What was being done. Absent: the transport cannot tell. */
  declare readonly phase?: TransportPhase;
  /** Address and port on this machine. Absent: the transport cannot tell. */
  declare readonly localAddress?: string;
  /** Address and port that the connection leads to. Absent: the transport cannot tell. */
  declare readonly remoteAddress?: string;

  /**
   * Makes the error.
   *
   * @param kind What went wrong.
   * @param message What was attempted and what the runtime reported.
   * @param options Whether the server may have seen the request, whether another
   * attempt would end the same way, where it failed, and the runtime's error as
   * `cause`.
   */
  constructor(
    kind: TransportFault,
    message: string,
    options: ErrorOptions & {
      readonly maybeSent: boolean;
      readonly final?: boolean;
      readonly location?: TransportLocation;
    },
  ) {
    super(message, options);
    this.kind = kind;
    this.maybeSent = options.maybeSent;
    this.final = options.final ?? kind === "denied";
    // Only what is known, so that nothing else is printed.
    Object.assign(this, options.location);
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
    options: ErrorOptions & {
      readonly maybeSent: boolean;
      readonly location?: TransportLocation;
    },
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
    withMessage(
      this,
      words === "" ? this.#reason : `${this.#reason}; ${words}`,
    );
  }
}

/** Tells of the call of the refusal that an error comes from. */
function takeMetadata(error: AwsError): void {
  const { cause } = error;
  if (cause instanceof AwsError && cause.ResponseMetadata) {
    error.ResponseMetadata = cause.ResponseMetadata;
  }
}

/** What became of the object. */
export type ObjectChange = "removed" | "replaced";

/** An object was replaced or removed while it was read in pieces. */
export class ObjectChangedError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ObjectChangedError";
  /** What became of it. */
  readonly kind: ObjectChange;

  /**
   * Makes the error.
   *
   * @param kind What became of the object.
   * @param object The object, in words.
   * @param options The service's refusal, as `cause`.
   */
  constructor(kind: ObjectChange, object: string, options?: ErrorOptions) {
    super(
      `Cannot read ${object} to its end: it was ${kind} in the meantime`,
      options,
    );
    this.kind = kind;
    takeMetadata(this);
  }
}

/** What stood against a condition: the object exists, has changed, or has not. */
export type PreconditionKind = "changed" | "exists" | "not-modified";

/** A condition that the caller set did not hold, so nothing was read or written. */
export class PreconditionError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "PreconditionError";
  /** What stood against it. */
  readonly kind: PreconditionKind;

  /**
   * Makes the error.
   *
   * @param kind What stood against the condition.
   * @param message What could not be done, and why.
   * @param options The service's refusal, as `cause`.
   */
  constructor(kind: PreconditionKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    takeMetadata(this);
  }
}

/** What is done with a file. */
export type FileAct = "read" | "send" | "write";

/** What the codes of the system mean where its own words would not help. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "the system does not permit it",
  EFBIG: "it is larger than the file system allows",
  EINVAL: "the file system does not allow it",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links follow one another",
  ENAMETOOLONG: "its name is too long for the file system",
  ENOTDIR: "a part of its path is not a folder",
  ENXIO: "nothing reads from it, or it is a socket",
};

/**
 * Reports what the system threw. Its own message may name the unfinished file
 * instead of the one that the user knows.
 *
 * @param act What was to be done.
 * @param path The file that the user named.
 * @param cause What the system threw, for example that the disk is full.
 */
export function fileFailed(
  act: FileAct,
  path: string | URL,
  cause: unknown,
): ConfigError {
  if (cause instanceof ConfigError) return cause;
  const code = cause instanceof Error && "code" in cause
    ? String(cause.code)
    : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  const words = message.replace(/: \w+ '[^]*$/, "");
  const reason = REASONS[code];
  return new ConfigError(
    act === "write" ? "FileNotWritten" : "FileNotRead",
    `${fileFailure(act, path)}: ${reason ? `${reason} (${words})` : words}`,
    { cause },
  );
}

/**
 * Reports a folder where a file should be.
 *
 * @param act What was to be done.
 * @param path The path that the user named.
 */
export function isFolder(act: FileAct, path: string | URL): ConfigError {
  return new ConfigError(
    "FileIsFolder",
    `${fileFailure(act, path)}: it is a folder`,
  );
}

/** The begin of a message. */
export function fileFailure(act: FileAct, path: string | URL): string {
  return `Cannot ${act} "${path}"`;
}

/** Failures of attempts whose request cannot have been carried out. */
const UNSENT: ReadonlySet<string> = new Set([
  "denied",
  "dns",
  "refused",
  "timeout: connect",
  "timeout: queue",
]);

/** Refusals that look like failures of the server. */
const REFUSALS: ReadonlySet<string> = new Set([
  "NotImplemented",
  "ServiceUnavailable",
  "SlowDown",
]);

/** Whether another write to the same object of S3 was under way. */
export function isConflict(error: unknown): error is ServiceError {
  return error instanceof ServiceError &&
    error.code === "ConditionalRequestConflict";
}

/**
 * Whether the failure of a write leaves open if it was carried out: the answer
 * to one of its attempts was lost, was that of a server that failed, or is not
 * one of S3.
 *
 * @param error What the write failed with.
 */
export function maybeWritten(error: unknown): error is AwsError {
  if (!(error instanceof AwsError)) return false;
  const attempts = error.ResponseMetadata?.Attempts ?? [];
  if (attempts.slice(0, -1).some(isLost)) return true;
  if (error instanceof TransportError) return error.maybeSent;
  if (error instanceof ProtocolError) return true;
  return error instanceof ServiceError && isFailure(error.status, error.code);
}

function isLost({ status, failure, recovery }: AttemptRecord): boolean {
  if (failure === undefined || recovery !== undefined) return false;
  if (status === undefined) return !UNSENT.has(failure);
  return status < 300 || isFailure(status, failure);
}

function isFailure(status: number, code: string): boolean {
  return status >= 500 && !REFUSALS.has(code);
}
