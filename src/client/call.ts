/**
 * The whole life of a call.
 *
 * @module
 */
import { dropBody } from "../foundation/body_content.ts";
import { ServiceError } from "../foundation/errors.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type { HttpResponse, RequestBody } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { AttemptTrace } from "./call_record.ts";
import { checkCallOptions } from "./call_options.ts";
import { withChecksumHint } from "./checksum_hint.ts";
import { exchange } from "./exchange.ts";
import type { Parts } from "./parts.ts";
import {
  asksForChecksum,
  type Call,
  isIdempotent,
  prepare,
} from "./prepare.ts";
import { resumable } from "./resume.ts";
import { type Attempt, retryLoop } from "./retry_loop.ts";
import { TotalTime } from "./total_time.ts";
import { withUnreadSettings } from "./unread_settings.ts";
import { verified } from "./verified_body.ts";

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
      "where the secret key is right, a proxy before the store changes host or path: see docs/behind-a-proxy.md",
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
