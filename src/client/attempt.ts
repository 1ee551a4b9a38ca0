/**
 * One attempt, from the request of the call to the output of its response.
 *
 * @module
 */
import { withoutSecretHeaders } from "../foundation/redact.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { Credentials } from "../ports/credentials.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
} from "../ports/http.ts";
import type { Operation, SerializedRequest } from "../ports/schema.ts";
import type { AttemptFacts } from "../ports/service.ts";
import {
  address,
  identity,
  locate,
  type Parts,
  scopeOf,
  timeAt,
} from "./parts.ts";
import { bodyFacts } from "./response_bodies.ts";
import type {
  Attempt,
  AttemptedCall,
  AttemptTrace,
  Mutable,
} from "./retry_loop.ts";
import { Secrets } from "./secrets.ts";

/** What all attempts of one call share. */
export interface Call<Input, Output>
  extends Omit<AttemptedCall<unknown>, "explain" | "send"> {
  /** The operation's table. */
  readonly table: Operation<Input, Output>;
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
  /** What its last attempt was signed with. */
  credentials?: Credentials;
  /** What its errors must not show, by {@linkcode secretsOf}. */
  secrets?: Secrets;
}

/** What the errors and logs of a call must not show; looked for when one is written. */
export function secretsOf<Input, Output>(call: Call<Input, Output>): Secrets {
  const { table, input, credentials } = call;
  call.secrets ??= new Secrets(table.input(), input);
  if (credentials !== undefined) call.secrets.addCredentials(credentials);
  return call.secrets;
}

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
  const { table, draft, body, options } = call;
  const { signal } = options;
  const { region } = attempt.correction;
  const locating = locate(parts, draft, table.name, region);
  const endpoint = locating instanceof Promise ? await locating : locating;
  const { origin, signature } = endpoint;
  const host = origin.slice(origin.indexOf("//") + 2);
  const identifying = identity(parts, table.auth, endpoint, signal);
  const credentials = identifying instanceof Promise
    ? await identifying
    : identifying;
  const scope = scopeOf(endpoint, timeAt(host, parts));
  const facts: Mutable<AttemptFacts> = {
    operation: table.name,
    context: draft.context,
    host,
    region: scope.region,
    signedAt: scope.at,
  };
  if (credentials !== undefined) facts.credentials = credentials;
  if (signal !== undefined) facts.signal = signal;
  trace.facts = facts;
  let request = address(draft, endpoint, body);
  // A request without a body has nothing that would have to be protected, as a rule.
  if (
    body !== undefined || parts.payload.signing === false ||
    table.auth === "unsigned-body" || table.checksum?.required ||
    table.checksum?.algorithmMember !== undefined
  ) {
    payloads ??= await import("./request_body.ts");
    request = await payloads.framePayload(request, {
      operation: table,
      input: call.input,
      streamed: draft.streamed,
      anonymous: credentials === undefined,
      signal,
    }, parts.payload);
  }
  let sent: Outgoing;
  if (credentials === undefined) {
    sent = { ...request, headers: { ...request.headers } };
  } else {
    if (call.credentials !== credentials) {
      // Those before them are secrets as well.
      if (call.credentials !== undefined) secretsOf(call);
      call.credentials = credentials;
    }
    const signer = signature === "sigv4a"
      ? await parts.multiRegionSigner()
      : parts.signer;
    const signing = signer.sign(request, credentials, scope);
    // What a signer hands back is this attempt's own.
    sent = signing instanceof Promise ? await signing : signing;
  }
  const { headers } = sent;
  headers["user-agent"] = parts.userAgent;
  headers["amz-sdk-invocation-id"] = call.invocationId;
  const ttl = draft.streamed ? undefined : attempt.ttl?.(parts, options);
  headers["amz-sdk-request"] = `${
    ttl ?? ""
  }attempt=${attempt.number}; max=${parts.retry.maxAttempts}`;
  trace.sent = headers;
  const logging = parts.wireLog();
  const log = logging && await logging;
  log?.request(table, sent, secretsOf(call));
  let response = await parts.transport.send(sent, sendOptions(parts, call));
  trace.answer = {
    status: response.status,
    headers: withoutSecretHeaders(response.headers),
  };
  // What is read into memory has a limit; a stream is the caller's.
  const isRefusal = response.status >= 300;
  if (response.body !== null && (isRefusal || !bodyFacts(table).streams)) {
    guards ??= await import("./guarded_bodies.ts");
    response = isRefusal
      ? guards.withShortRefusal(response)
      : guards.withLimitedDocument(response, table.name, parts.documentLimit);
  }
  if (log !== undefined) {
    response = log.response(table, response, secretsOf(call));
  }
  const reading = read(response);
  return reading instanceof Promise ? await reading : reading;
}

/** What only requests with a body, or something else to protect, need. */
let payloads: typeof import("./request_body.ts") | undefined;

/** What only documents need; loaded with the first. */
let guards: typeof import("./guarded_bodies.ts") | undefined;

/** A request whose header fields are still being written. */
interface Outgoing extends HttpRequest {
  readonly headers: Record<string, string>;
}

/** The times of one attempt: the call's, else the client's. */
function sendOptions<Input, Output>(
  { times, purpose, repeatUnsafe }: Parts,
  call: Call<Input, Output>,
): SendOptions {
  const { idempotent, options } = call;
  const { signal, queueTimeoutMs, onSent } = options;
  const { connectTimeoutMs, readTimeoutMs, attemptTimeoutMs } = options;
  const send: Mutable<SendOptions> = {
    ...times,
    replaceSecrets: (text, mark) => secretsOf(call).replacedIn(text, mark),
    repeatable: repeatUnsafe || idempotent,
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
