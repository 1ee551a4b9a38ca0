/**
 * One call, from its options to its output: the options are checked, the input is
 * written once, attempts are sent until one succeeds, and its response is read.
 *
 * @module
 */
import { dropBody } from "../foundation/body_content.ts";
import {
  ConfigError,
  ServiceError,
  TimeoutError,
} from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
} from "../foundation/options.ts";
import { isMilliseconds, MILLISECONDS } from "../foundation/setting_values.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type { Clock } from "../ports/system.ts";
import type { HttpResponse, RequestBody, Transport } from "../ports/http.ts";
import type { Operation, SerializedRequest } from "../ports/schema.ts";
import { exchange } from "./attempt.ts";
import { withChecksumHint, withUnreadSettings } from "./hints.ts";
import type { Parts } from "./parts.ts";
import type { PayloadPolicy } from "./payload.ts";
import { prepareBody } from "./request_body.ts";
import { verified } from "./response_bodies.ts";
import { resumable } from "./resume.ts";
import {
  type Attempt,
  type AttemptTrace,
  Ledger,
  retryLoop,
} from "./retry_loop.ts";
import { Secrets } from "./secrets.ts";

/**
 * Joins the parts to a caller. This is the whole life of a request: amend and
 * serialize once; then, per attempt, resolve the endpoint, frame the payload,
 * sign, send and deserialize.
 *
 * @param load Gets the parts. Every call asks, so that they are made when they
 * are first needed.
 * @returns A function that makes one call.
 */
export function createCaller(load: () => Parts | Promise<Parts>): Caller {
  return async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    options: CallOptions = {},
  ): Promise<Output> => {
    try {
      // What is no signal at all is told by the check below.
      if (options?.signal?.aborted) throw options.signal.reason;
      const parts = await load();
      checkCallOptions(operation.name, options, parts.transport);
      const { totalTimeoutMs = parts.settings.totalTimeoutMs } = options;
      if (totalTimeoutMs === undefined || totalTimeoutMs === Infinity) {
        return await make(parts, operation, input, options);
      }
      const total = new TotalTime(parts.clock, operation.name, totalTimeoutMs);
      try {
        return await make(parts, operation, input, total.bound(options));
      } finally {
        total[Symbol.dispose]();
      }
    } catch (error) {
      // What nobody came to read is ended here.
      for (const value of Object.values(Object(input))) dropBody(value, error);
      throw error;
    }
  };
}

async function make<Input, Output>(
  parts: Parts,
  operation: Operation<Input, Output>,
  input: Input,
  options: CallOptions,
): Promise<Output> {
  const call = await prepare(parts, operation, input, options);
  try {
    const output = await run(parts, call);
    endBody(call.body);
    return output;
  } catch (error) {
    endBody(call.body, error);
    throw call.secrets.removedFrom(error);
  }
}

/** Whatever reads a body stops with the call: its sources are closed. */
function endBody(body: RequestBody, reason?: unknown): void {
  if (body !== undefined && !(body instanceof Uint8Array)) {
    body.cancel?.(reason);
  }
}

async function run<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
): Promise<Output> {
  const { operation, body, options } = call;
  const looped = await retryLoop(parts, {
    service: parts.service.id,
    operation: operation.name,
    idempotent: isIdempotent(operation, call.given),
    replayable: body === undefined || body instanceof Uint8Array ||
      body.replayable,
    ...options.signal && { signal: options.signal },
    ...options.totalTimeoutMs && { totalTimeoutMs: options.totalTimeoutMs },
    send: async (attempt, trace) => {
      try {
        return await send(parts, call, attempt, trace);
      } catch (error) {
        throw withUnreadSettings(error, parts.unread ?? []);
      }
    },
  });
  call.ledger.enter(looped);
  const { metadata: ResponseMetadata } = looped;
  // The protocol read all members but this one; a copy would show its secrets.
  const output = Object.assign(looped.value, { ResponseMetadata }) as Output;
  // What holds a connection can be declared with `await using`, as its body can.
  const held = Object.values(output as object).find(isAsyncDisposable);
  return held === undefined ? output : Object.defineProperty(
    output,
    Symbol.asyncDispose,
    { value: () => held[Symbol.asyncDispose]() },
  );
}

function isAsyncDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null &&
    Symbol.asyncDispose in value;
}

async function send<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  trace: AttemptTrace,
): Promise<Omit<Output, "ResponseMetadata">> {
  const response = await exchange(parts, call, attempt, trace);
  try {
    return await read(parts, call, resumable(parts, call, response), trace);
  } catch (error) {
    const { service, settings } = parts;
    const explained = withServiceHint(
      error,
      (refusal) => service.hint?.(call.operation, refusal),
    );
    throw withChecksumHint(withProxyHint(explained, trace), settings, {
      checksum: call.operation.checksum,
      input: call.given,
      headers: trace.sent ?? {},
      held: call.body === undefined || call.body instanceof Uint8Array,
      supported: parts.payload.requestChecksum === "when_supported",
    });
  }
}

/** A store of one's own often stands behind a reverse proxy. */
function withProxyHint(error: unknown, { facts }: AttemptTrace): unknown {
  if (!(error instanceof ServiceError) || error.detail.hint !== undefined) {
    return error;
  }
  if (error.code !== "SignatureDoesNotMatch") return error;
  if (facts === undefined || /\.amazonaws\.com/.test(facts.host)) return error;
  return new ServiceError(error.reason, {
    ...error.detail,
    hint:
      'where the secret key is right, a proxy before the store changes host or path: see "behind a proxy" in the README of @inia/aws (docs/behind-a-proxy.md)',
  });
}

async function read<Input, Output>(
  { service, protocol, logger }: Parts,
  { operation, given, input, draft, ledger }: Call<Input, Output>,
  response: HttpResponse,
  trace: AttemptTrace,
): Promise<Omit<Output, "ResponseMetadata">> {
  const { output, requestId, missing, unreadable } = await protocol.deserialize(
    operation,
    asksForChecksum(operation, input)
      ? verified(
        response,
        (error) => ledger.complete(error),
        draft.headers["range"] === undefined &&
          draft.query.some(([name]) => name === "partNumber"),
      )
      : response,
  );
  if (requestId !== undefined) trace.requestId = requestId;
  if (missing !== undefined) {
    logger.warn(
      "Response is missing required members; texts, lists and maps are empty, all else is absent",
      { operation: operation.name, members: missing.join(", ") },
    );
  }
  if (unreadable !== undefined) {
    logger.warn("Response has times that cannot be read; they are left out", {
      operation: operation.name,
      members: unreadable.join(", "),
    });
  }
  return service.amendOutput?.(operation, given, output) ?? output;
}

/** The same refusal with what its service has to say about it. */
function withServiceHint(
  error: unknown,
  hintFor: (error: ServiceError) => string | undefined,
): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { hint: before } = error.detail;
  const hint = hintFor(error);
  return hint === undefined ? error : new ServiceError(error.reason, {
    ...error.detail,
    hint: before === undefined ? hint : `${before}; ${hint}`,
  });
}

const TIMES = [
  "connectTimeoutMs",
  "readTimeoutMs",
  "attemptTimeoutMs",
  "totalTimeoutMs",
  "queueTimeoutMs",
] as const satisfies readonly (keyof CallOptions)[];

/** The times that only a transport can keep. */
const KEPT_BY_TRANSPORT = [
  ["connectTimeoutMs", "connect"],
  ["queueTimeoutMs", "queue"],
] as const;

const KINDS: OptionKinds<CallOptions> = CALL_OPTION_KINDS;

/**
 * Refuses options of a call that do not exist, make no sense, or would not be
 * kept.
 *
 * @param operation Name of the operation, for the error.
 * @param options What the call says.
 * @param transport What sends: not every one can keep the connect limit.
 * @throws {ConfigError} `"UnknownOption"`, `"InvalidOption"`, `"InvalidTimeLimit"`, `"ContradictoryOptions"`.
 */
export function checkCallOptions(
  operation: string,
  options: CallOptions,
  { limits = [] }: Transport,
): void {
  checkOptions(`call ${operation}`, options, KINDS, { of: "a call" });
  for (const name of TIMES) {
    const ms = options[name];
    if (ms === undefined || ms === Infinity || isMilliseconds(ms)) continue;
    throw new ConfigError(
      "InvalidTimeLimit",
      `Cannot call ${operation} as ${name} must be ${MILLISECONDS}, or Infinity for no limit: current value is ${ms}`,
    );
  }
  for (const [name, limit] of KEPT_BY_TRANSPORT) {
    const ms = options[name];
    // Without a queue, no wait is too long: a transfer may always lift the limit.
    if (ms === undefined || name === "queueTimeoutMs" && ms === Infinity) {
      continue;
    }
    if (limits.includes(limit)) continue;
    throw new ConfigError(
      "ContradictoryOptions",
      `Cannot call ${operation} with ${name}: the transport does not keep a ${limit} limit; leave the option out, or use a transport whose limits name "${limit}"`,
    );
  }
}

/** Runs from the start of a call until it is disposed of. */
export class TotalTime implements Disposable {
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  readonly #timer: Disposable;

  /**
   * Starts the time.
   *
   * @param clock Time.
   * @param operation Name of the operation, for the error.
   * @param limitMs The limit, in milliseconds.
   */
  constructor(clock: Clock, operation: string, limitMs: number) {
    this.#limitMs = limitMs;
    this.#timer = clock.timer(limitMs, () => {
      const message = `Cannot call ${operation} within ${limitMs} ms`;
      this.#controller.abort(
        new TimeoutError("total", limitMs, message, { maybeSent: true }),
      );
    });
  }

  /** The options of a call, whose signal is aborted at the limit too. */
  bound(options: CallOptions): CallOptions {
    const { signal } = this.#controller;
    return {
      ...options,
      totalTimeoutMs: this.#limitMs,
      signal: options.signal
        ? AbortSignal.any([options.signal, signal])
        : signal,
    };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

/** What all attempts of one call share. */
export interface Call<Input, Output> {
  /** The operation's table. */
  readonly operation: Operation<Input, Output>;
  /** The parameters as the caller gave them. */
  readonly given: Input;
  /** The parameters as they are written. */
  readonly input: Input;
  /** The request, not yet addressed. */
  readonly draft: SerializedRequest;
  /** The body, prepared. */
  readonly body: RequestBody;
  /** One id for all attempts. */
  readonly invocationId: string;
  /** The call's signal and times. */
  readonly options: CallOptions;
  /** What its errors must not show. */
  readonly secrets: Secrets;
  /** What the call holds of the retry budget. */
  readonly ledger: Ledger;
}

/**
 * Makes what all attempts share: the input is amended and written once.
 *
 * @param parts The client's parts.
 * @param operation The operation's table.
 * @param input The parameters.
 * @param options The call's signal and times.
 * @throws {ValidationError} If the input does not fit the operation.
 */
async function prepare<Input, Output>(
  parts: Parts,
  operation: Operation<Input, Output>,
  input: Input,
  options: CallOptions,
): Promise<Call<Input, Output>> {
  const { service, protocol, uuid, files } = parts;
  const asked = withChecksumMode(operation, input, parts.payload);
  const amended = service.amend
    ? await service.amend(operation, asked, parts.settings)
    : asked;
  const draft = protocol.serialize(operation, amended, uuid);
  const body = await prepareBody(draft.body, {
    operation: operation.name,
    files,
    ...options.signal && { signal: options.signal },
    ...statedLength(draft),
  });
  return {
    operation,
    given: input,
    input: amended,
    draft: withoutLength(draft),
    body,
    invocationId: uuid(),
    options,
    secrets: new Secrets(operation.input(), amended),
    ledger: new Ledger(parts.retry),
  };
}

function statedLength(
  { headers }: SerializedRequest,
): { statedLength?: number } {
  const { "content-length": stated } = headers;
  return stated === undefined ? {} : { statedLength: Number(stated) };
}

/** The transport states the length, as it is the one that knows it. */
function withoutLength(draft: SerializedRequest): SerializedRequest {
  if (!("content-length" in draft.headers)) return draft;
  const { "content-length": _length, ...headers } = draft.headers;
  return { ...draft, headers };
}

/** Whether the answer is asked for with its checksum. */
function asksForChecksum<Input, Output>(
  { checksum }: Operation<Input, Output>,
  input: Input,
): boolean {
  const member = checksum?.modeMember;
  return member !== undefined &&
    (input as Readonly<Record<string, unknown>>)[member] === "ENABLED";
}

export function isIdempotent<Input, Output>(
  { idempotent, unlessGiven = [] }: Operation<Input, Output>,
  input: Input,
): boolean {
  const given = input as Readonly<Record<string, unknown>>;
  return idempotent === true &&
    unlessGiven.every((member) => given[member] === undefined);
}

/** Asks for the answer's checksum, unless the caller has said what to do. */
function withChecksumMode<Input, Output>(
  { checksum }: Operation<Input, Output>,
  input: Input,
  { responseChecksum }: PayloadPolicy,
): Input {
  const member = checksum?.modeMember;
  return member === undefined || responseChecksum === "when_required"
    ? input
    : { [member]: "ENABLED", ...input };
}
