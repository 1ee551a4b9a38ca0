/**
 * One attempt, from the request of the call to the head of the response.
 *
 * @module
 */
import { withoutSecretHeaders } from "../foundation/redact.ts";
import { amzDate, parseTimestamp } from "../foundation/timestamps.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
} from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { AttemptFacts } from "../ports/service.ts";
import { type Call, isIdempotent } from "./call.ts";
import {
  address,
  identity,
  locate,
  type Parts,
  scopeOf,
  signerOf,
} from "./parts.ts";
import type { PayloadPolicy } from "./payload.ts";
import { MAX_SKEW_MS } from "./recoveries.ts";
import { withLimitedDocument, withShortRefusal } from "./response_bodies.ts";
import type { Attempt, AttemptTrace, Mutable } from "./retry_loop.ts";
import { bodyFacts } from "./wire_log.ts";

/**
 * Resolves the endpoint, frames the payload, signs, sends and reads.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param attempt The attempt.
 * @param trace Told what is done, also where it fails.
 * @param read Reads the response, whatever its status.
 * @returns What `read` made of it.
 */
export async function exchange<Input, Output, Result>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  trace: AttemptTrace,
  read: (response: HttpResponse) => Promise<Result> | Result,
): Promise<Result> {
  const { operation, draft, options, secrets } = call;
  const { region } = attempt.correction;
  const endpoint = locate(parts, operation.name, draft, region);
  const host = endpoint.origin.slice(endpoint.origin.indexOf("//") + 2);
  const { signal } = options;
  const identifying = identity(parts, operation, { endpoint, signal });
  const credentials = identifying instanceof Promise
    ? await identifying
    : identifying;
  const scope = scopeOf(endpoint, parts.skew.now(host));
  const facts: Mutable<AttemptFacts> = {
    operation: operation.name,
    context: draft.context,
    host,
    region: scope.region,
    signedAt: scope.at,
  };
  if (credentials !== undefined) facts.credentials = credentials;
  if (signal !== undefined) facts.signal = signal;
  trace.facts = facts;
  let request = address(draft, endpoint, call.body);
  if (!isPlain(operation, call.body, parts.payload)) {
    payloads ??= await import("./payload.ts");
    request = await payloads.framePayload(
      request,
      {
        operation,
        input: call.input,
        streamed: draft.streamed,
        anonymous: credentials === undefined,
        signal,
      },
      parts.payload,
    );
  }
  let sent: Outgoing;
  if (credentials === undefined) {
    sent = { ...request, headers: { ...request.headers } };
  } else {
    secrets.addCredentials(credentials);
    const loading = signerOf(parts, endpoint);
    const signer = loading instanceof Promise ? await loading : loading;
    const signing = signer.sign(request, credentials, scope);
    // What a signer hands back is this attempt's own.
    sent = signing instanceof Promise ? await signing : signing;
  }
  const { headers } = sent;
  headers["user-agent"] = parts.userAgent;
  headers["amz-sdk-invocation-id"] = call.invocationId;
  const ttl = attempt.before === undefined || draft.streamed
    ? ""
    : timeToLive(parts, call, attempt.before);
  headers["amz-sdk-request"] =
    `${ttl}attempt=${attempt.number}; max=${parts.retry.maxAttempts}`;
  trace.sent = headers;
  parts.wireLog.request(operation, sent, secrets);
  const response = await parts.transport.send(sent, sendOptions(parts, call));
  const { status } = response;
  trace.answer = { status, headers: withoutSecretHeaders(response.headers) };
  const reading = read(
    parts.wireLog.response(
      operation,
      limited(parts, operation, response),
      secrets,
    ),
  );
  return reading instanceof Promise ? await reading : reading;
}

/** What only requests with something to protect need; loaded with the first. */
let payloads: typeof import("./payload.ts") | undefined;

/** Whether a request has nothing that would have to be protected. */
function isPlain<Input, Output>(
  { auth, checksum }: Operation<Input, Output>,
  body: RequestBody,
  { signing }: PayloadPolicy,
): boolean {
  return body === undefined && signing !== false && auth !== "unsigned-body" &&
    checksum?.algorithmMember === undefined && !checksum?.required;
}

/** A request whose header fields are still being written. */
interface Outgoing extends HttpRequest {
  readonly headers: Record<string, string>;
}

/** What is read into memory has a limit; a stream is the caller's. */
function limited<Input, Output>(
  { documentLimit }: Parts,
  { name, output }: Operation<Input, Output>,
  response: HttpResponse,
): HttpResponse {
  if (response.status >= 300) return withShortRefusal(response);
  return bodyFacts(output()).streams
    ? response
    : withLimitedDocument(response, name, documentLimit);
}

/** The times of one attempt: the call's, else the client's. */
function sendOptions<Input, Output>(
  { times, purpose, repeatUnsafe }: Parts,
  { operation, given, options, secrets }: Call<Input, Output>,
): SendOptions {
  const {
    signal,
    connectTimeoutMs = times.connectTimeoutMs,
    readTimeoutMs = times.readTimeoutMs,
    attemptTimeoutMs = times.attemptTimeoutMs,
    queueTimeoutMs,
    onSent,
  } = options;
  const send: { -readonly [K in keyof SendOptions]: SendOptions[K] } = {
    replaceSecrets: secrets.replacedIn,
    repeatable: repeatUnsafe || isIdempotent(operation, given),
  };
  if (signal) send.signal = signal;
  if (purpose) send.purpose = purpose;
  if (connectTimeoutMs !== undefined) send.connectTimeoutMs = connectTimeoutMs;
  if (readTimeoutMs !== undefined) send.readTimeoutMs = readTimeoutMs;
  if (attemptTimeoutMs !== undefined) send.attemptTimeoutMs = attemptTimeoutMs;
  if (queueTimeoutMs !== undefined) send.queueTimeoutMs = queueTimeoutMs;
  if (onSent) send.onSent = onSent;
  return send;
}

/**
 * When the server may give up on the answer, by its own clock.
 *
 * Source: retry behaviour of the AWS SDKs, header `amz-sdk-request`.
 */
function timeToLive<Input, Output>(
  { clock, settings }: Parts,
  { options }: Call<Input, Output>,
  before: NonNullable<Attempt["before"]>,
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
