/**
 * Credentials, the ports through which they are found, and the one that proves with
 * them who is calling.
 *
 * @module
 */
import type { HttpRequest } from "./http.ts";

/** What a request is signed with. */
export interface Credentials {
  /** Public part of the key, for example `"AKIAIOSFODNN7EXAMPLE"`. */
  readonly accessKeyId: string;
  /** Secret part of the key. Never logged, never part of an error. */
  readonly secretAccessKey: string;
  /** Present on temporary credentials. */
  readonly sessionToken?: string;
  /** When they stop working. Absent: they do not. */
  readonly expiration?: Date;
  /** Account that the key belongs to, 12 digits, where the source tells it. */
  readonly accountId?: string;
  /** Name of the provider they came from, for example `"env"`. */
  readonly source?: string;
}

/**
 * One link of the credential chain.
 *
 * The difference between *nothing here* and *broken here* is the point of this
 * interface: the chain goes on after the first and stops at the second, so a
 * typo in a profile never ends in the credentials of some other identity.
 */
export interface CredentialProvider {
  /** Short name, for logs and for `CredentialsError.tried`. */
  readonly name: string;
  /**
   * Gets credentials.
   *
   * @param signal Ends the attempt early.
   * @returns The credentials, or `undefined` where this source is not in use.
   * @throws {CredentialsError} If this source is in use and failed.
   */
  load(signal?: AbortSignal): Promise<Credentials | undefined>;
}

/** Credentials that are valid now; refreshed behind the scenes. */
export interface CredentialSource {
  /**
   * Gets credentials that are valid now.
   *
   * @param signal Ends the wait early. A refresh that others wait for goes on.
   * @throws {CredentialsError} If there are none, or they cannot be refreshed.
   */
  get(signal?: AbortSignal): Promise<Credentials>;
  /**
   * Forgets credentials that the service refused as expired, so that the next
   * {@linkcode get} loads new ones.
   *
   * @param refused The credentials that were refused. Others are kept.
   */
  invalidate(refused: Credentials): void;
}

/** A tag of an assumed-role session. */
export interface SessionTag {
  /** Name, 1 to 128 characters. */
  readonly Key: string;
  /** Value, up to 256 characters. */
  readonly Value: string;
}

/** What a caller can ask of STS when it assumes a role. */
export interface RoleRequest {
  /** Role to assume. */
  readonly RoleArn: string;
  /** Name of the session, 2 to 64 characters. */
  readonly RoleSessionName: string;
  /** Life of the credentials, in seconds. */
  readonly DurationSeconds?: number;
  /** Secret agreed with the role's owner. */
  readonly ExternalId?: string;
  /** MFA device, where the role asks for one. */
  readonly SerialNumber?: string;
  /** The device's current code. */
  readonly TokenCode?: string;
  /** Policy that narrows the session's rights, as JSON text. */
  readonly Policy?: string;
  /** Managed policies that narrow the session's rights. */
  readonly PolicyArns?: readonly { readonly arn?: string }[];
  /** Tags of the session. */
  readonly Tags?: readonly SessionTag[];
  /** Names of the tags that roles assumed later keep. */
  readonly TransitiveTagKeys?: readonly string[];
  /** Who is behind the session, for the audit log. */
  readonly SourceIdentity?: string;
}

/**
 * Assumes a role with the credentials of another identity.
 *
 * The credential chain needs STS, and STS needs credentials. This port is how
 * the circle stays open: providers are handed a function, the session makes it.
 */
export type AssumeRole = (
  as: CredentialSource,
  request: RoleRequest,
  signal?: AbortSignal,
) => Promise<Credentials>;

/** Assumes a role with a token of an identity provider; nothing is signed. */
export type AssumeRoleWithWebIdentity = (
  token: string,
  request: RoleRequest,
  signal?: AbortSignal,
) => Promise<Credentials>;

/**
 * How the path enters the signature: `"s3"` takes it as it is sent,
 * `"general"` removes dot segments and empty ones and encodes it once more,
 * `"unresolved"` only encodes it once more.
 */
export type SigningRules = "general" | "s3" | "unresolved";

/** What a signature is bound to, apart from the request itself. */
export interface SigningScope {
  /** Service name in the credential scope, for example `"s3"`. */
  readonly service: string;
  /** Region in the credential scope, for example `"eu-west-1"`. */
  readonly region: string;
  /** Time of signing. Servers refuse one that is 15 minutes off. */
  readonly at: Date;
  /** How the path is signed. Default: `"s3"` for services of the S3 family. */
  readonly rules?: SigningRules;
  /** Header that carries the session token. Default: `"x-amz-security-token"`. */
  readonly tokenHeader?: string;
}

/**
 * Adds proof of identity to a request.
 *
 * A signer answers at once where it can. What is wrong with a request is a
 * rejection in either case.
 */
export interface Signer {
  /**
   * Signs in the header fields.
   *
   * @returns A new request; the given one is unchanged.
   */
  sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
  ): HttpRequest | Promise<HttpRequest>;
  /**
   * Signs in the query, for a URL that someone else will use.
   *
   * @param expiresInSeconds Life of the URL, 1 to 604 800 (seven days).
   */
  presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    expiresInSeconds: number,
  ): HttpRequest | Promise<HttpRequest>;
  /**
   * Signs a text as it is, for example the policy of a POST form.
   *
   * @returns The signature in hexadecimal.
   */
  signText(
    text: string,
    credentials: Credentials,
    scope: SigningScope,
  ): string | Promise<string>;
}
