/**
 * The whole life of a call.
 *
 * @module
 */
import { TimeoutError } from "../foundation/errors.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
} from "../ports/http.ts";
import type { RequestDraft } from "../ports/protocol.ts";
import type { Operation } from "../ports/schema.ts";
import { prepareBody } from "./body.ts";
import type { AttemptTrace } from "./call_record.ts";
import { attemptHeaders } from "./common_headers.ts";
import { address, identity, locate, type Parts, scopeOf } from "./parts.ts";
import { framePayload, type PayloadPolicy } from "./payload.ts";
import { type Attempt, retryLoop } from "./retry_loop.ts";
import { Secrets } from "./secrets.ts";
import { verified } from "./verified_body.ts";

/** What all attempts of one call share. */
interface Call<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** The parameters as the caller gave them. */
  readonly given: Input;
  /** The parameters as they are written. */
  readonly input: Input;
  readonly draft: RequestDraft;
  readonly body: RequestBody;
  readonly invocationId: string;
  readonly options: CallOptions;
  readonly secrets: Secrets;
}

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
    options.signal?.throwIfAborted();
    const parts = await load();
    return await withinTotal(parts, operation.name, options, async (bound) => {
      const call = await prepare(parts, operation, input, bound);
      try {
        return await run(parts, call);
      } catch (error) {
        throw call.secrets.removedFrom(error);
      }
    });
  };
}

async function prepare<Input, Output>(
  parts: Parts,
  operation: Operation<Input, Output>,
  input: Input,
  options: CallOptions,
): Promise<Call<Input, Output>> {
  const { service, uuid, files } = parts;
  const asked = withChecksumMode(operation, input, parts.payload);
  const amended = service.amend ? await service.amend(operation, asked) : asked;
  const draft = service.protocol.serialize(operation, amended, uuid);
  const { "content-length": stated, ...headers } = draft.headers;
  const body = await prepareBody(draft.body, {
    operation: operation.name,
    files,
    ...stated === undefined ? {} : { statedLength: Number(stated) },
  });
  return {
    operation,
    given: input,
    input: amended,
    draft: { ...draft, headers },
    body,
    invocationId: uuid(),
    options,
    secrets: new Secrets(operation.input(), amended),
  };
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

function asksForChecksum<Input, Output>(
  { checksum }: Operation<Input, Output>,
  input: Input,
): boolean {
  const member = checksum?.modeMember;
  return member !== undefined &&
    (input as Readonly<Record<string, unknown>>)[member] === "ENABLED";
}

function isIdempotent<Input, Output>(
  { idempotent, unlessGiven = [] }: Operation<Input, Output>,
  input: Input,
): boolean {
  const given = input as Readonly<Record<string, unknown>>;
  return idempotent === true &&
    unlessGiven.every((member) => given[member] === undefined);
}

async function run<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
): Promise<Output> {
  const { operation, body, options } = call;
  const { value, metadata, ticket } = await retryLoop(parts, {
    service: parts.service.id,
    operation: operation.name,
    idempotent: isIdempotent(operation, call.given),
    replayable: body === undefined || body instanceof Uint8Array ||
      body.replayable,
    ...options.signal && { signal: options.signal },
    ...options.totalTimeoutMs && { totalTimeoutMs: options.totalTimeoutMs },
    send: (attempt, trace) => send(parts, call, attempt, trace),
  });
  parts.retry.afterSuccess(ticket);
  // The protocol read all members but this one.
  return { ...value, ResponseMetadata: metadata } as Output;
}

async function send<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  trace: AttemptTrace,
): Promise<Omit<Output, "ResponseMetadata">> {
  const { operation, draft, options } = call;
  const { region } = attempt.correction;
  const endpoint = locate(parts, operation.name, draft, region);
  const host = endpoint.origin.slice(endpoint.origin.indexOf("//") + 2);
  const credentials = await identity(parts, operation.auth, options.signal);
  const scope = scopeOf(endpoint, parts.skew.now(host));
  trace.facts = {
    operation: operation.name,
    context: draft.context,
    host,
    region: scope.region,
    signedAt: scope.at,
    ...credentials && { credentials },
    ...options.signal && { signal: options.signal },
  };
  const request = await framePayload(
    address(draft, endpoint, call.body),
    { operation, input: call.input, streamed: draft.streamed },
    parts.payload,
  );
  if (credentials) call.secrets.addCredentials(credentials);
  const signed = credentials
    ? await parts.signer.sign(request, credentials, scope)
    : request;
  const response = await parts.transport.send(
    withAttemptHeaders(parts, call, attempt, signed),
    sendOptions(parts, options),
  );
  trace.answer = response;
  return await read(parts, call, response, trace);
}

async function read<Input, Output>(
  { service, logger }: Parts,
  { operation, given, input }: Call<Input, Output>,
  response: HttpResponse,
  trace: AttemptTrace,
): Promise<Omit<Output, "ResponseMetadata">> {
  const strict = trace.facts?.host.includes(".amazonaws.com") === true;
  const { output, requestId, missing } = await service.protocol.deserialize(
    operation,
    asksForChecksum(operation, input) ? verified(response) : response,
    { strict },
  );
  if (requestId !== undefined) trace.requestId = requestId;
  if (missing !== undefined) {
    logger.warn("the answer lacks what it should have; it is empty instead", {
      operation: operation.name,
      members: missing.join(", "),
    });
  }
  return service.amendOutput?.(operation, given, output) ?? output;
}

function withAttemptHeaders<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  request: HttpRequest,
): HttpRequest {
  const { readTimeoutMs } = { ...parts.settings, ...call.options };
  const headers = attemptHeaders({
    invocationId: call.invocationId,
    attempt,
    maxAttempts: parts.retry.maxAttempts,
    maxFromStart: parts.maxFromStart,
    now: parts.clock.now(),
    userAgent: parts.userAgent,
    ...call.draft.streamed || readTimeoutMs === undefined
      ? {}
      : { readTimeoutMs },
  });
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** The times of one attempt: the call's, else the client's. */
function sendOptions(
  { settings }: Parts,
  { signal, ...own }: CallOptions,
): SendOptions {
  const { connectTimeoutMs, readTimeoutMs, attemptTimeoutMs } = {
    ...settings,
    ...own,
  };
  return {
    ...signal && { signal },
    ...connectTimeoutMs === undefined ? {} : { connectTimeoutMs },
    ...readTimeoutMs === undefined ? {} : { readTimeoutMs },
    ...attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs },
  };
}

/** Bounds a call, its waits included, where a limit is set. */
async function withinTotal<T>(
  parts: Parts,
  operation: string,
  options: CallOptions,
  run: (bound: CallOptions) => Promise<T>,
): Promise<T> {
  const { totalTimeoutMs } = { ...parts.settings, ...options };
  if (totalTimeoutMs === undefined) return await run(options);

  const controller = new AbortController();
  const { signal } = controller;
  using _timer = parts.clock.timer(totalTimeoutMs, () => {
    const message = `Cannot call ${operation} within ${totalTimeoutMs} ms`;
    controller.abort(
      new TimeoutError("total", totalTimeoutMs, message, { maybeSent: true }),
    );
  });
  return await run({
    ...options,
    totalTimeoutMs,
    signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal,
  });
}
