/**
 * The facts of a service, as the session sees them, and its ports: what finds where
 * a call goes, and what makes a second attempt worthwhile without being a retry.
 *
 * @module
 */
import type { AwsError, ServiceError } from "../foundation/errors.ts";
import type { Caller, CallOptions, ClientCore } from "./caller.ts";
import type { ClientConfig, Setting } from "./config.ts";
import type { Credentials, SigningRules } from "./credentials.ts";
import type { Operation, ParsedResponse, Protocol } from "./schema.ts";

/**
 * Facts of a service that all its calls share.
 *
 * @typeParam Config Settings of its clients.
 */
export interface ServiceDefinition<Config extends ClientConfig = ClientConfig> {
  /** Short name, for example `"s3"`; also part of `AWS_ENDPOINT_URL_S3`. */
  readonly id: string;
  /** Loads how its messages are written: with the first call, not with the client. */
  readonly protocol: () => Promise<Protocol>;
  /** Where its requests go. */
  endpoint(query: EndpointQuery<Config>): Endpoint | Promise<Endpoint>;
  /**
   * What inputs need before they are written (S3: key digests, url-encoded
   * lists). The given input is unchanged.
   */
  readonly amend?: <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    settings: Pick<ClientConfig, "endpointUrl" | "region">,
  ) => Input | Promise<Input>;
  /**
   * What outputs need after they are read (S3: undoes the url-encoding that
   * {@linkcode amend} asked for). Gets the input as the caller gave it.
   */
  readonly amendOutput?: <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    output: ParsedResponse<Output>["output"],
  ) => ParsedResponse<Output>["output"];
  /**
   * Finds out what became of a call, where its failure leaves that open (S3:
   * deletes under a condition).
   *
   * @returns The output, or the error in place of the failure; `undefined` where
   * the failure stays, as it does where it is thrown again.
   */
  readonly settle?: <Input, Output>(
    call: FailedCall<Input, Output>,
  ) => Promise<Output> | undefined;
  /**
   * What the caller should know about a refusal that the service does not explain
   * (S3: answers to HEAD have no body).
   */
  readonly hint?: (
    operation: { readonly name: string; readonly method: string },
    error: ServiceError,
  ) => Promise<string | undefined> | string | undefined;
  /**
   * Makes a client's memory of where things are (S3: buckets), where the
   * service tells of another region. It may make calls of its own.
   *
   * @param call Makes these calls.
   * @param known What all clients of the session know, by name.
   */
  readonly regions?: (
    call: Caller,
    known: Map<string, string>,
  ) => RegionMemory;
  /**
   * Opens a session, where some endpoints ask for one (S3: directory buckets).
   *
   * @param call Makes the call that opens it, with the caller's own credentials.
   * @param name What it is opened for.
   * @param signal Ends the call early.
   */
  readonly openSession?: (
    call: Caller,
    name: string,
    signal?: AbortSignal,
  ) => Promise<Credentials>;
  /** The settings that only its clients have; a row replaces the general one of its name. */
  readonly settings: readonly Setting<unknown>[];
  /** Whether it can be called without a region (S3, STS: their global hosts). */
  readonly regionless?: true;
}

/** A call that failed. */
export interface FailedCall<Input, Output> {
  /** The operation's table. */
  readonly operation: Operation<Input, Output>;
  /** The input as the caller gave it. */
  readonly input: Input;
  /** The call's options. */
  readonly options: CallOptions;
  /** What it failed with. */
  readonly failure: unknown;
  /** Makes other calls, whose failures stay. */
  readonly call: Caller;
}

/**
 * A generated client class, as the session sees it.
 *
 * @typeParam Client Type of the instances.
 * @typeParam Config Settings of the instances.
 */
export interface ServiceClientClass<
  Client,
  Config extends ClientConfig = ClientConfig,
> {
  /** The service the class is a client of. */
  readonly service: ServiceDefinition<Config>;
  /** Makes a client. */
  new (core: ClientCore): Client;
}

/** What an attempt was made with. */
export interface AttemptFacts {
  /** Name of the operation. */
  readonly operation: string;
  /** Input members that the endpoint depends on. */
  readonly context: Readonly<Record<string, string>>;
  /** Host the attempt was sent to. */
  readonly host: string;
  /** Region it was signed for. */
  readonly region: string;
  /** Credentials it was signed with; absent where it was not signed. */
  readonly credentials?: Credentials;
  /** Time it was signed at, by the corrected clock. */
  readonly signedAt: Date;
  /** The caller's signal. */
  readonly signal?: AbortSignal;
}

/** What the next attempt does differently. */
export interface Correction {
  /** Region to resolve the endpoint and sign for. */
  readonly region?: string;
  /** What to add to the local time, in milliseconds. */
  readonly skewMs?: number;
  /** Whether to get credentials anew. */
  readonly freshCredentials?: true;
}

/**
 * Looks at a failed attempt before the retry strategy does. The attempt that it
 * asks for comes at once, is not limited by `maxAttempts`, and each kind of
 * recovery happens at most once per call.
 */
export interface Recovery {
  /** Which kind it is. */
  readonly kind: "credentials" | "region" | "skew";
  /**
   * Says what the next attempt should do differently.
   *
   * @returns The correction, or `undefined` where the failure is none of its kind.
   */
  recover(
    failure: AwsError,
    facts: AttemptFacts,
  ): Correction | Promise<Correction | undefined> | undefined;
}

/** Learns from refusals in which region a service keeps what calls ask for. */
export interface RegionMemory extends Recovery {
  /** Which kind it is. */
  readonly kind: "region";
  /**
   * Tells the region that a call should start in.
   *
   * @param context Input members that the endpoint depends on.
   * @returns The region, or `undefined` where no call has learnt one.
   */
  regionOf(context: AttemptFacts["context"]): string | undefined;
}

/**
 * How requests to an endpoint are signed: for one region, by a session of a
 * directory bucket, for several regions.
 */
export type SignatureKind = "sigv4" | "sigv4-s3express" | "sigv4a";

/** Where a request goes and what its signature is bound to. */
export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path put in front of the operation's own, `""` or starting with `/`. */
  readonly basePath: string;
  /**
   * Region to sign for; differs from the client's for global endpoints. With
   * `"sigv4a"` a set of them: `"*"` stands for all.
   */
  readonly signingRegion: string;
  /** How it is signed. Default: `"sigv4"`. */
  readonly signature?: SignatureKind;
  /** Service to sign for. */
  readonly signingName: string;
  /** How the path is signed. Default: by the service to sign for. */
  readonly signingRules?: SigningRules;
  /** Session that signs in place of the caller (S3: directory buckets). */
  readonly session?: EndpointSession;
}

/** A session that is opened with the service itself. */
export interface EndpointSession {
  /** What it is opened for: the bucket. */
  readonly name: string;
  /** Header that carries its token, lower case. */
  readonly tokenHeader: string;
}

/**
 * What an endpoint depends on.
 *
 * @typeParam Settings The service's own settings, with their defaults filled in.
 */
export interface EndpointQuery<Settings extends object = object> {
  /** The client's region, where one is set. */
  readonly region?: string;
  /** Endpoint set by the user, which replaces the host rules. */
  readonly endpointUrl?: string;
  /** The service's own settings. */
  readonly settings: Readonly<Settings>;
  /** Name of the operation, for example `"GetObject"`. */
  readonly operation: string;
  /**
   * Input members that the operation's table marks as endpoint context (S3:
   * `Bucket`), and the table's own constants for the endpoint, as text.
   */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Finds the endpoint of one call, later where its rules have to be loaded. Pure:
 * same query, same endpoint.
 *
 * @typeParam Settings The service's own settings.
 * @throws {EndpointError} If there is no endpoint for this query.
 * @throws {ValidationError} If an input member cannot be part of one.
 */
export type EndpointResolver<Settings extends object = object> = (
  query: EndpointQuery<Settings>,
) => Endpoint | Promise<Endpoint>;
