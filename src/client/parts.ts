/**
 * The parts that a call passes through, and the steps that calls and presigned
 * URLs share.
 *
 * @module
 */
import type { ClientConfig } from "../ports/config.ts";
import type { Credentials, CredentialSource } from "../ports/credentials.ts";
import type { Endpoint } from "../ports/endpoint.ts";
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
import type { RegionMemory, ServiceDefinition } from "../ports/service.ts";
import type { Signer, SigningScope } from "../ports/signer.ts";
import type { Files } from "../ports/system.ts";
import type { UnreadSetting } from "./hints.ts";
import type { PayloadPolicy } from "./payload.ts";
import type { ClockSkew } from "./recoveries.ts";
import type { DocumentLimit } from "./response_bodies.ts";
import type { LoopParts } from "./retry_loop.ts";
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
  /** Told of what goes over the wire. */
  readonly wireLog: WireLog;
  /** How bodies are protected. */
  readonly payload: PayloadPolicy;
  /** Who is calling; absent: nobody, requests are not signed. */
  readonly credentials?: CredentialSource;
  /** Who signs where an endpoint asks for a session. */
  readonly sessions?: Sessions;
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
  /** The time, as the servers see it. */
  readonly skew: ClockSkew;
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
 * Finds where a draft goes.
 *
 * @param parts The client's parts.
 * @param operation Name of the operation.
 * @param draft The draft.
 * @param region Region that a refusal named; absent: the known one.
 * @throws {EndpointError} If it can go nowhere.
 */
export function locate(
  parts: Parts,
  operation: string,
  draft: SerializedRequest,
  region = parts.regions?.regionOf(draft.context) ?? parts.settings.region,
): Endpoint {
  const { endpointUrl } = parts.settings;
  return parts.service.endpoint({
    settings: parts.settings,
    operation,
    context: draft.context,
    ...region === undefined ? {} : { region },
    ...endpointUrl === undefined ? {} : { endpointUrl },
  });
}

/**
 * Puts a draft on its way.
 *
 * @param draft The draft.
 * @param endpoint Where it goes.
 * @param body Its body, prepared.
 */
export function address(
  draft: SerializedRequest,
  endpoint: Endpoint,
  body: RequestBody,
): HttpRequest {
  return {
    method: draft.method,
    origin: draft.hostPrefix === undefined
      ? endpoint.origin
      : endpoint.origin.replace("://", `://${draft.hostPrefix}`),
    path: pathOf(draft, endpoint),
    query: draft.query,
    headers: draft.headers,
    body,
  };
}

/** Who signs requests to an endpoint. */
export function signerOf(
  { signer, multiRegionSigner }: Parts,
  { signature }: Endpoint,
): Signer | Promise<Signer> {
  return signature === "sigv4a" ? multiRegionSigner() : signer;
}

/** A service is found at the base path itself, a bucket of the host in it. */
function pathOf(
  { path, context: { Bucket: bucket } }: SerializedRequest,
  { basePath, origin }: Endpoint,
): string {
  if (path === "/" && basePath !== "") return basePath;
  const inHost = bucket !== undefined && origin.includes(`//${bucket}.`);
  return path === "" && inHost ? `${basePath}/` : basePath + path || "/";
}

/** What a signature is bound to. */
export function scopeOf(endpoint: Endpoint, at: Date): SigningScope {
  const { signingName: service, signingRegion: region } = endpoint;
  const { signingRules, session } = endpoint;
  return {
    service,
    region,
    at,
    ...signingRules === undefined ? {} : { rules: signingRules },
    ...session && { tokenHeader: session.tokenHeader },
  };
}

/**
 * Gets the credentials that a request is signed with: those of the endpoint's
 * session, where it asks for one, else those of the caller.
 *
 * @param parts The client's parts.
 * @param operation Its own word goes first: `"none"` is never signed.
 * @param request Where it goes, and what ends the search early.
 * @returns The credentials, at once where they are known.
 * @throws {CredentialsError} If there are none.
 * @throws {ServiceError} If the session cannot be opened.
 */
export function identity<Input, Output>(
  { credentials, sessions }: Parts,
  { auth }: Operation<Input, Output>,
  request: {
    readonly endpoint: Endpoint;
    readonly signal?: AbortSignal | undefined;
  },
): Credentials | Promise<Credentials> | undefined {
  if (auth === "none" || credentials === undefined) return undefined;
  const { endpoint: { session }, signal } = request;
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
