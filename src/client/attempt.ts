/**
 * One attempt, from the request of the call to the output of its response; the parts
 * that it passes through, and the steps that it shares with presigned URLs.
 *
 * @module
 */
import { withoutSecretHeaders } from "../foundation/redact.ts";
import type { CallOptions } from "../ports/caller.ts";
import type { ClientConfig } from "../ports/config.ts";
import type {
  Credentials,
  CredentialSource,
  Signer,
  SigningScope,
} from "../ports/credentials.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type {
  Operation,
  Protocol,
  SerializedRequest,
} from "../ports/schema.ts";
import type {
  AttemptFacts,
  Endpoint,
  EndpointQuery,
  RegionMemory,
  ServiceDefinition,
} from "../ports/service.ts";
import type { Files } from "../ports/system.ts";
import type { DocumentLimit } from "./guarded_bodies.ts";
import type { UnreadSetting } from "./hints.ts";
import type { PayloadPolicy } from "./request_body.ts";
import { bodyFacts } from "./response_bodies.ts";
import type {
  Attempt,
  AttemptedCall,
  AttemptTrace,
  LoopParts,
  Mutable,
} from "./retry_loop.ts";
import { Secrets } from "./secrets.ts";
import type { WireLog } from "./wire_log.ts";

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

/** The parts of one client, ready to use. */
export interface Parts extends LoopParts {
  /** How long a document may be that is read into memory. */
  readonly documentLimit: DocumentLimit;
  /** What is called. */
  readonly service: ServiceDefinition;
  /** The client's settings, with their defaults filled in. */
  readonly settings: ClientConfig;
  /** How messages are written. */
  readonly protocol: Protocol;
  /** Loads what is told of what goes over the wire, where anybody listens. */
  readonly wireLog: () => Promise<WireLog> | undefined;
  /** How bodies are protected. */
  readonly payload: PayloadPolicy;
  /** Who is calling; absent: nobody, requests are not signed. */
  readonly credentials?: CredentialSource;
  /** Who signs where an endpoint asks for a session. */
  readonly sessions?: Pick<Sessions, "invalidate" | "sourceOf">;
  /** Proof of who is calling. */
  readonly signer: Signer;
  /** The same for endpoints in several regions: loaded when one is called. */
  readonly multiRegionSigner: () => Promise<Signer>;
  /** The text that was signed for a request, made anew where a service refuses its signature. */
  readonly canonicalOf: (
    request: HttpRequest,
    scope: SigningScope,
  ) => Promise<string | undefined>;
  /** Request to response. */
  readonly transport: Transport;
  /** The times that it is told, where a call names none. */
  readonly times: Pick<
    SendOptions,
    "attemptTimeoutMs" | "connectTimeoutMs" | "readTimeoutMs"
  >;
  /** Told to the transport; absent: the caller's own calls. */
  readonly purpose?: SendOptions["purpose"];
  /** How far the clocks of servers are ahead, by host, in milliseconds. */
  readonly skewMs: ReadonlyMap<string, number>;
  /** Regions that earlier calls found buckets in. */
  readonly regions?: RegionMemory;
  /** Opens the files that bodies are made of. */
  readonly files: Files;
  /** Makes the ids of calls and tokens. */
  readonly uuid: () => string;
  /** Value of `user-agent`. */
  readonly userAgent: string;
  /** Name of the profile that counts. Absent: there is none. */
  readonly profile?: string;
  /** Settings with a default that the program could not look behind. Absent: none. */
  readonly unread?: readonly UnreadSetting[];
}

/**
 * The current time, as a host sees it.
 *
 * @param host The host.
 * @param parts The client's parts.
 */
export function timeAt(
  host: string,
  { clock, skewMs }: Pick<Parts, "clock" | "skewMs">,
): Date {
  const now = clock.now();
  const aheadMs = skewMs.get(host);
  return aheadMs === undefined ? now : new Date(now.getTime() + aheadMs);
}

/**
 * Finds where a draft goes.
 *
 * @param parts The client's parts.
 * @param draft The draft.
 * @param operation Name of the operation.
 * @param region Region that a refusal named; absent: the known one.
 * @returns The endpoint, at once where its rules are loaded.
 * @throws {EndpointError} If it can go nowhere.
 */
export function locate(
  parts: Parts,
  { context }: SerializedRequest,
  operation: string,
  region = parts.regions?.regionOf(context) ?? parts.settings.region,
): Endpoint | Promise<Endpoint> {
  const { service, settings } = parts;
  const { endpointUrl } = settings;
  const query: Mutable<EndpointQuery> = { settings, operation, context };
  if (region !== undefined) query.region = region;
  if (endpointUrl !== undefined) query.endpointUrl = endpointUrl;
  return service.endpoint(query);
}

/**
 * Puts a draft on its way. A service is found at the base path of its endpoint
 * itself, a bucket of the host in it.
 *
 * @param draft The draft.
 * @param endpoint Where it goes.
 * @param body Its body, prepared.
 */
export function address(
  { method, hostPrefix, path, query, headers, context }: SerializedRequest,
  { origin, basePath }: Endpoint,
  body: RequestBody,
): HttpRequest {
  const { Bucket: bucket } = context;
  const isBucket = path === "" && bucket !== undefined &&
    origin.includes(`//${bucket}.`);
  return {
    method,
    origin: hostPrefix === undefined
      ? origin
      : origin.replace("://", `://${hostPrefix}`),
    path: isBucket
      ? `${basePath}/`
      : path === "/" && basePath !== ""
      ? basePath
      : basePath + path || "/",
    query,
    headers,
    body,
  };
}

/** What a signature is bound to. */
export function scopeOf(
  { signingName, signingRegion, signingRules, session }: Endpoint,
  at: Date,
): SigningScope {
  const scope: Mutable<SigningScope> = {
    service: signingName,
    region: signingRegion,
    at,
  };
  if (signingRules !== undefined) scope.rules = signingRules;
  if (session !== undefined) scope.tokenHeader = session.tokenHeader;
  return scope;
}

/**
 * Gets the credentials that a request is signed with: those of the endpoint's
 * session, where it asks for one, else those of the caller.
 *
 * @param parts The client's parts.
 * @param auth The operation's own word goes first: `"none"` is never signed.
 * @param endpoint Where the request goes.
 * @param signal Ends the search early.
 * @returns The credentials, at once where they are known.
 * @throws {CredentialsError} If there are none.
 * @throws {ServiceError} If the session cannot be opened.
 */
export function identity(
  { credentials, sessions }: Parts,
  auth: Operation<never, never>["auth"],
  { session }: Endpoint,
  signal?: AbortSignal,
): Credentials | Promise<Credentials> | undefined {
  if (auth === "none" || credentials === undefined) return undefined;
  const source = session && sessions?.sourceOf(session.name) || credentials;
  return source.get(signal);
}

/** Sessions that are kept; those that were not used for longest go first. */
const KEPT = 100;

/**
 * Keeps a source of credentials for each session, so that it is opened once for
 * many calls.
 *
 * Source: botocore, `S3ExpressIdentityCache`.
 */
export class Sessions implements Pick<CredentialSource, "invalidate"> {
  readonly #sources = new Map<string, CredentialSource>();
  readonly #create: (name: string) => CredentialSource;

  /**
   * Starts with none.
   *
   * @param create Makes the source of a session; it opens the session when it is
   * first asked.
   */
  constructor(create: (name: string) => CredentialSource) {
    this.#create = create;
  }

  /** The source of a session's credentials. */
  sourceOf(name: string): CredentialSource {
    const source = this.#sources.get(name) ?? this.#create(name);
    // A map is in the order of its entries: the last one is the newest.
    this.#sources.delete(name);
    this.#sources.set(name, source);
    for (const oldest of this.#sources.keys()) {
      if (this.#sources.size <= KEPT) break;
      this.#sources.delete(oldest);
    }
    return source;
  }

  /** Forgets credentials that the service refused as expired. */
  invalidate(refused: Credentials): void {
    for (const source of this.#sources.values()) source.invalidate(refused);
  }
}
