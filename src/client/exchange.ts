/**
 * One attempt, from the draft to the head of the response.
 *
 * @module
 */
import { withoutSecretHeaders } from "../foundation/redact.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { HttpRequest, HttpResponse, SendOptions } from "../ports/http.ts";
import type { Operation } from "../ports/schema.ts";
import type { AttemptTrace } from "./call_record.ts";
import { attemptHeaders } from "./common_headers.ts";
import {
  address,
  identity,
  locate,
  type Parts,
  scopeOf,
  signerOf,
} from "./parts.ts";
import { framePayload } from "./payload.ts";
import { type Call, isIdempotent } from "./prepare.ts";
import { withLimitedDocument, withShortRefusal } from "./refusal_body.ts";
import type { Attempt } from "./retry_loop.ts";
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
