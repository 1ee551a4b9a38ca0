/**
 * One call, from its options to its output: the options are checked, the input is
 * written once, attempts are sent until one succeeds, and its response is read.
 *
 * @module
 */
import {
  attachMetadata,
  type AwsError,
  ServiceError,
} from "../foundation/errors.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type { HttpResponse, RequestBody } from "../ports/http.ts";
import type {
  Operation,
  ParsedResponse,
  SerializedRequest,
} from "../ports/schema.ts";
import { type Call, exchange, type Parts, secretsOf } from "./attempt.ts";
import type { RefusedAttempt } from "./hints.ts";
import type { PayloadPolicy } from "./request_body.ts";
import { hasChecksum, resumable } from "./response_bodies.ts";
import { type AttemptTrace, RetryLoop, type RetryStep } from "./retry_loop.ts";

/** The options of a call that says nothing. */
const NOTHING_SAID: CallOptions = {};

/**
 * Joins the parts to a caller. This is the whole life of a request: amend and
 * serialize once; then, per attempt, resolve the endpoint, frame the payload,
 * sign, send and deserialize. What is there already is not waited for.
 *
 * @param load Gets the parts. Every call asks, so that they are made when they
 * are first needed.
 * @returns A function that makes one call.
 */
export function createCaller(load: () => Parts | Promise<Parts>): Caller {
  const make = async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    options: CallOptions = NOTHING_SAID,
    settling = false,
  ): Promise<Output> => {
    let parts: Parts | undefined;
    let call: Call<Input, Output> | undefined;
    let body: RequestBody;
    let total: Disposable | undefined;
    try {
      // What is no signal at all is refused by the check below.
      if (options?.signal?.aborted) throw options.signal.reason;
      const loading = load();
      parts = loading instanceof Promise ? await loading : loading;
      const { name } = operation;
      if (options !== NOTHING_SAID) {
        saying ??= await import("./call_options.ts");
        saying.checkCallOptions(name, options, parts.transport);
      }
      const { totalTimeoutMs = parts.settings.totalTimeoutMs } = options;
      if (totalTimeoutMs !== undefined && totalTimeoutMs !== Infinity) {
        saying ??= await import("./call_options.ts");
        const time = new saying.TotalTime(parts.clock, name, totalTimeoutMs);
        total = time;
        options = time.bound(options);
      }
      const asked = withChecksumMode(operation, input, parts.payload);
      const amending = parts.service.amend?.(operation, asked, parts.settings);
      const amended = amending instanceof Promise ? await amending : amending;
      let written = parts.protocol.serialize(
        operation,
        amended ?? asked,
        parts.uuid,
      );
      if (options.headers !== undefined || options.query !== undefined) {
        saying ??= await import("./call_options.ts");
        written = saying.withCustomFields(operation, written, options);
      }
      const hasBody = written.body !== undefined ||
        written.headers["content-length"] !== undefined;
      body = hasBody
        ? await bodyOf(parts, operation, written, options)
        : undefined;
      call = {
        service: parts.service.id,
        operation: operation.name,
        idempotent: isIdempotent(operation, input),
        replayable: body === undefined || body instanceof Uint8Array ||
          body.replayable,
        signal: options.signal,
        totalTimeoutMs: options.totalTimeoutMs,
        table: operation,
        given: input,
        input: amended ?? asked,
        draft: hasBody ? withoutLength(written) : written,
        body,
        invocationId: parts.uuid(),
        options,
      };
      const attempts = new RetryLoop(parts, call);
      const output = await attempts.run(stepOf(parts, call, attempts));
      if (!attempts.keptByBody) attempts.settle();
      if (body !== undefined) endBody(body);
      // The protocol read all members but this one; a copy would show its secrets.
      return Object.assign(output, {
        ResponseMetadata: attempts.metadata(),
      }) as Output;
    } catch (error) {
      const shown = call === undefined
        ? error
        : secretsOf(call).removedFrom(error);
      endBody(body, error);
      const { dropBody } = await import("../foundation/body_content.ts");
      // What nobody came to read is ended here.
      for (const value of Object.values(Object(input))) dropBody(value, shown);
      const settled = call === undefined || settling
        ? undefined
        : parts?.service.settle?.({
          operation,
          input,
          options,
          failure: shown,
          call: (operation, input, options) =>
            make(operation, input, options, true),
        });
      if (settled !== undefined) return await settled;
      throw shown;
    } finally {
      total?.[Symbol.dispose]();
    }
  };
  return make;
}

/** What reads a body stops with the call: its sources are closed. */
function endBody(body: RequestBody, reason?: unknown): void {
  if (body !== undefined && !(body instanceof Uint8Array)) {
    body.cancel?.(reason);
  }
}

/** What one attempt is, and what explains its failure. */
function stepOf<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
): RetryStep<Omit<Output, "ResponseMetadata">> {
  return {
    signal: call.signal,
    send: (attempt, trace) =>
      exchange(
        parts,
        call,
        attempt,
        trace,
        (response) => outputOf(parts, call, attempts, trace, response),
      ),
    explain: (error, attempt, trace) =>
      explained(parts, call, error, { ...attempt, trace }),
  };
}

/** What the rest of a body that broke off is asked for with. */
const STEPS = { exchange, secretsOf };

/** Reads the output of a call from a response. */
function outputOf<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempts: RetryLoop,
  trace: AttemptTrace,
  response: HttpResponse,
):
  | Promise<Omit<Output, "ResponseMetadata">>
  | Omit<Output, "ResponseMetadata"> {
  const { table, input, draft } = call;
  const resumed = resumable(parts, call, attempts, response, STEPS);
  const modeMember = table.checksum?.modeMember;
  if (
    modeMember === undefined || !hasChecksum(response.headers) ||
    (input as Readonly<Record<string, unknown>>)[modeMember] !== "ENABLED"
  ) return parsedOf(parts, call, trace, resumed);
  const isPart = draft.headers["range"] === undefined &&
    draft.query.some(([name]) => name === "partNumber");
  const complete = (error: AwsError): void =>
    attachMetadata(error, attempts.metadata());
  const parsed = (
    { verified }: Guards,
  ): ReturnType<typeof parsedOf<Input, Output>> =>
    parsedOf(parts, call, trace, verified(resumed, complete, isPart));
  if (guards !== undefined) return parsed(guards);
  return import("./guarded_bodies.ts").then((loaded) =>
    parsed(guards = loaded)
  );
}

/** What only answers with a checksum need; loaded with the first. */
type Guards = typeof import("./guarded_bodies.ts");
let guards: Guards | undefined;

/** Reads the output of a call from a response whose body guards itself. */
function parsedOf<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  trace: AttemptTrace,
  response: HttpResponse,
):
  | Promise<Omit<Output, "ResponseMetadata">>
  | Omit<Output, "ResponseMetadata"> {
  const { protocol } = parts;
  const parsed = protocol.deserializeHead?.(call.table, response);
  return parsed === undefined
    ? protocol.deserialize(call.table, response)
      .then((parsed) => amended(parts, call, trace, parsed))
    : amended(parts, call, trace, parsed);
}

/** The output as the service amends it. */
function amended<Input, Output>(
  parts: Parts,
  { table, given }: Call<Input, Output>,
  trace: AttemptTrace,
  parsed: ParsedResponse<Output>,
): Omit<Output, "ResponseMetadata"> {
  const { output, requestId, missing, unreadable } = parsed;
  if (requestId !== undefined) trace.requestId = requestId;
  if (missing !== undefined || unreadable !== undefined) {
    warnOfParts(parts, table.name, parsed);
  }
  return parts.service.amendOutput?.(table, given, output) ?? output;
}

/** Adds to a failure what its reader may not know. */
async function explained<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  error: unknown,
  made: RefusedAttempt,
): Promise<unknown> {
  const { unread = [] } = parts;
  const isHinted = made.trace.answer !== undefined &&
    error instanceof ServiceError;
  if (!isHinted && unread.length === 0) return error;
  const { withHints, withUnreadSettings } = await import("./hints.ts");
  return isHinted
    ? await withHints(error, parts, call, made)
    : withUnreadSettings(error, unread);
}

function warnOfParts<Output>(
  { logger }: Parts,
  operation: string,
  { missing, unreadable }: ParsedResponse<Output>,
): void {
  if (missing !== undefined) {
    logger.warn(
      "Response is missing required members; texts, lists and maps are empty, all else is absent",
      { operation, members: missing.join(", ") },
    );
  }
  if (unreadable !== undefined) {
    logger.warn("Response has times that cannot be read; they are left out", {
      operation,
      members: unreadable.join(", "),
    });
  }
}

/** What only calls with options or a total time need; loaded with the first. */
let saying: typeof import("./call_options.ts") | undefined;

/** What only requests with a body need; loaded with the first. */
let bodies: typeof import("./request_body.ts") | undefined;

/** The body of a request, ready to be sent. */
async function bodyOf<Input, Output>(
  { files }: Parts,
  { name }: Operation<Input, Output>,
  { body, headers }: SerializedRequest,
  { signal }: CallOptions,
): Promise<RequestBody> {
  const stated = headers["content-length"];
  bodies ??= await import("./request_body.ts");
  return await bodies.prepareBody(body, {
    operation: name,
    files,
    ...signal && { signal },
    ...stated === undefined ? {} : { statedLength: Number(stated) },
  });
}

/** The transport states the length, as it is the one that knows it. */
function withoutLength(written: SerializedRequest): SerializedRequest {
  const { "content-length": _stated, ...headers } = written.headers;
  return { ...written, headers };
}

/** Whether sending a call twice does what sending it once does. */
function isIdempotent<Input, Output>(
  { idempotent, unlessGiven }: Operation<Input, Output>,
  input: Input,
): boolean {
  if (unlessGiven === undefined) return idempotent === true;
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
