/**
 * Credentials, and the ports through which they are found.
 *
 * @module
 */

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
