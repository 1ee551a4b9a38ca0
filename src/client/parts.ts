/**
 * The parts that a call passes through, and the steps that calls and presigned
 * URLs share.
 *
 * @module
 */
import type { ClientConfig } from "../ports/config.ts";
import type {
  Credentials,
  CredentialSource,
  Signer,
  SigningScope,
} from "../ports/credentials.ts";
import type {
  Endpoint,
  EndpointQuery,
  RegionMemory,
  ServiceDefinition,
} from "../ports/service.ts";
import type {
  HttpRequest,
  RequestBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type {
  Operation,
  Protocol,
  SerializedRequest,
} from "../ports/schema.ts";
import type { Files } from "../ports/system.ts";
import type { UnreadSetting } from "./hints.ts";
import type { PayloadPolicy } from "./request_body.ts";
import type { DocumentLimit } from "./guarded_bodies.ts";
import type { LoopParts, Mutable } from "./retry_loop.ts";
import type { WireLog } from "./wire_log.ts";

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
