/**
 * The port that finds where a call goes.
 *
 * @module
 */
import type { SigningRules } from "./signer.ts";

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
 * Finds the endpoint of one call. Pure: same query, same endpoint.
 *
 * @typeParam Settings The service's own settings.
 * @throws {EndpointError} If there is no endpoint for this query.
 * @throws {ValidationError} If an input member cannot be part of one.
 */
export type EndpointResolver<Settings extends object = object> = (
  query: EndpointQuery<Settings>,
) => Endpoint;
