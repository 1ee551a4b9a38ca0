/**
 * One attempt, from the request of the call to the head of the response.
 *
 * @module
 */
import { withoutSecretHeaders } from "../foundation/redact.ts";
import { amzDate, parseTimestamp } from "../foundation/timestamps.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Clock } from "../ports/system.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  SendOptions,
} from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import { type Call, isIdempotent } from "./call.ts";
import {
  address,
  identity,
  locate,
  type Parts,
  scopeOf,
  signerOf,
} from "./parts.ts";
import { framePayload } from "./payload.ts";
import { MAX_SKEW_MS } from "./recoveries.ts";
import { withLimitedDocument, withShortRefusal } from "./response_bodies.ts";
import type { Attempt, AttemptTrace } from "./retry_loop.ts";
import { streams } from "./wire_log.ts";

/**
 * Resolves the endpoint, frames the payload, signs and sends.
 *
 * @param parts The client's parts.
 * @param call The call.
 * @param attempt The attempt.
 * @param trace Told what is done, also where it fails.
 * @returns The response, whatever its status; its body is not read.
 */
export async function exchange<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  trace: AttemptTrace,
): Promise<HttpResponse> {
  const { operation, draft, options } = call;
  const { region } = attempt.correction;
  const endpoint = locate(parts, operation.name, draft, region);
  const host = endpoint.origin.slice(endpoint.origin.indexOf("//") + 2);
  const { signal } = options;
  const credentials = await identity(parts, operation, { endpoint, signal });
  const scope = scopeOf(endpoint, parts.skew.now(host));
  trace.facts = {
    operation: operation.name,
    context: draft.context,
    host,
    region: scope.region,
    signedAt: scope.at,
    ...credentials && { credentials },
    ...signal && { signal },
  };
  const request = await framePayload(
    address(draft, endpoint, call.body),
    {
      operation,
      input: call.input,
      streamed: draft.streamed,
      anonymous: credentials === undefined,
      signal,
    },
    parts.payload,
  );
  if (credentials) call.secrets.addCredentials(credentials);
  const signed = credentials
    ? await (await signerOf(parts, endpoint)).sign(request, credentials, scope)
    : request;
  const sent = withAttemptHeaders(parts, call, attempt, signed);
  trace.sent = sent.headers;
  parts.wireLog.request(operation, sent, call.secrets);
  const response = await parts.transport.send(
    sent,
    {
      ...sendOptions(parts, options),
      replaceSecrets: call.secrets.replacedIn,
      repeatable: parts.repeatUnsafe || isIdempotent(operation, call.given),
    },
  );
  const { status, headers } = response;
  trace.answer = { status, headers: withoutSecretHeaders(headers) };
  return parts.wireLog.response(
    operation,
    limited(parts, operation, response),
    call.secrets,
  );
}

/** What is read into memory has a limit; a stream is the caller's. */
function limited<Input, Output>(
  { documentLimit }: Parts,
  { name, output }: Operation<Input, Output>,
  response: HttpResponse,
): HttpResponse {
  if (response.status >= 300) return withShortRefusal(response);
  return streams(output())
    ? response
    : withLimitedDocument(response, name, documentLimit);
}

function withAttemptHeaders<Input, Output>(
  parts: Parts,
  call: Call<Input, Output>,
  attempt: Attempt,
  request: HttpRequest,
): HttpRequest {
  const { readTimeoutMs = parts.settings.readTimeoutMs } = call.options;
  const headers = attemptHeaders({
    invocationId: call.invocationId,
    attempt,
    maxAttempts: parts.retry.maxAttempts,
    clock: parts.clock,
    userAgent: parts.userAgent,
    ...call.draft.streamed || readTimeoutMs === undefined ||
        readTimeoutMs === Infinity
      ? {}
      : { readTimeoutMs },
  });
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** The times of one attempt: the call's, else the client's. */
function sendOptions(
  { times, purpose }: Parts,
  options: CallOptions,
): SendOptions {
  const {
    signal,
    connectTimeoutMs = times.connectTimeoutMs,
    readTimeoutMs = times.readTimeoutMs,
    attemptTimeoutMs = times.attemptTimeoutMs,
    queueTimeoutMs,
    onSent,
  } = options;
  return {
    ...signal && { signal },
    ...purpose && { purpose },
    ...connectTimeoutMs !== undefined && { connectTimeoutMs },
    ...readTimeoutMs !== undefined && { readTimeoutMs },
    ...attemptTimeoutMs !== undefined && { attemptTimeoutMs },
    ...queueTimeoutMs !== undefined && { queueTimeoutMs },
    ...onSent && { onSent },
  };
}

/** What the header fields of one attempt tell. */
interface AttemptHeaders {
  /** One id for all attempts of a call. */
  readonly invocationId: string;
  /** The attempt. */
  readonly attempt: Attempt;
  /** Attempts the call gets at most. */
  readonly maxAttempts: number;
  /** How long the server may be silent; absent where the body is a stream. */
  readonly readTimeoutMs?: number;
  /** The local clock. */
  readonly clock: Clock;
  /** Value of `user-agent`. */
  readonly userAgent: string;
}

/**
 * Makes the header fields that are added after signing.
 *
 * Source: retry behaviour of the AWS SDKs, headers `amz-sdk-invocation-id` and
 * `amz-sdk-request`.
 */
function attemptHeaders(facts: AttemptHeaders): HeaderMap {
  return {
    "user-agent": facts.userAgent,
    "amz-sdk-invocation-id": facts.invocationId,
    "amz-sdk-request": sdkRequest(facts),
  };
}

function sdkRequest(facts: AttemptHeaders): string {
  const { attempt, maxAttempts } = facts;
  const ttl = timeToLive(facts);
  return `${ttl}attempt=${attempt.number}; max=${maxAttempts}`;
}

/** When the server may give up on the answer, by its own clock. */
function timeToLive(
  { attempt, readTimeoutMs, clock }: AttemptHeaders,
): string {
  const { before } = attempt;
  const server = before && parseTimestamp(before.date);
  if (!before || !server || readTimeoutMs === undefined) return "";
  const aheadMs = server.getTime() - before.received.getTime();
  if (Math.abs(aheadMs) > MAX_SKEW_MS) return "";
  const end = clock.now().getTime() + aheadMs + readTimeoutMs;
  return `ttl=${amzDate(new Date(end))}; `;
}
