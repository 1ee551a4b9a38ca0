/**
 * The port that proves who is calling.
 *
 * @module
 */
import type { Credentials } from "./credentials.ts";
import type { HttpRequest } from "./http.ts";

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
