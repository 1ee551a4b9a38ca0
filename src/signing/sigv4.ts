/**
 * Signature version 4.
 *
 * @module
 */
import { hex } from "../foundation/bytes.ts";
import { hmacSha256 } from "../foundation/digest.ts";
import { amzDate } from "../foundation/timestamps.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { HttpRequest, QueryParam } from "../ports/http.ts";
import type { Signer, SigningScope } from "../ports/signer.ts";
import {
  type CanonicalHeaders,
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  NEVER_SIGNED,
} from "./canonical_request.ts";
import { KeyCache } from "./key_cache.ts";
import {
  PAYLOAD_HEADER,
  payloadHash,
  presignedPayloadHash,
} from "./payload_hash.ts";
import {
  presetHash,
  refuseExpiry,
  refuseSigned,
  remainingHeaders,
  TOKEN_HEADER,
  tokenParam,
} from "./query_auth.ts";
import { credentialScope, isS3, rulesOf } from "./scope.ts";
import { ALGORITHM, stringToSign } from "./string_to_sign.ts";

/** Settings of {@linkcode SigV4}. */
export interface SigV4Options {
  /** Header fields left unsigned beside the usual ones; lower case. */
  readonly unsignedHeaders?: readonly string[];
  /**
   * Which services get the header `x-amz-content-sha256`. Default: `"s3"`, as
   * the others do not ask for it.
   */
  readonly payloadHeader?: "always" | "s3";
  /**
   * Whether the signature covers the session token. Default: `"signed"`. AWS
   * IoT wants it `"added"` once the signature is made.
   */
  readonly sessionToken?: "added" | "signed";
}

/** Facts of one signature. */
interface Signing {
  readonly credentials: Credentials;
  readonly scope: SigningScope;
  /** Time of signing, as `20130524T000000Z`. */
  readonly time: string;
  /** The credential scope. */
  readonly place: string;
  readonly headers: CanonicalHeaders;
  readonly hash: string;
}

/**
 * Signs requests with Signature Version 4 and keeps the keys it derives, so one
 * signer should sign all requests.
 *
 * `host` is signed always and left to the transport to send, unless the request
 * has it among its header fields.
 *
 * Source: "Create a signed AWS API request", IAM User Guide; for S3
 * "Authenticating Requests (AWS Signature Version 4)", S3 API Reference.
 */
export class SigV4 implements Signer {
  readonly #keys = new KeyCache();
  readonly #unsigned: ReadonlySet<string>;
  readonly #payloadHeader: "always" | "s3";
  readonly #sessionToken: "added" | "signed";

  /**
   * Makes a signer that has no keys yet.
   *
   * @param options What differs from the defaults.
   */
  constructor(options: SigV4Options = {}) {
    this.#unsigned = new Set([
      ...NEVER_SIGNED,
      ...options.unsignedHeaders ?? [],
    ]);
    this.#payloadHeader = options.payloadHeader ?? "s3";
    this.#sessionToken = options.sessionToken ?? "signed";
  }

  async sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
  ): Promise<HttpRequest> {
    refuseSigned(request.query);
    const time = amzDate(scope.at);
    const place = credentialScope(time, scope);
    const hash = await payloadHash(request, scope.service);
    const { accessKeyId, sessionToken } = credentials;
    const { tokenHeader = TOKEN_HEADER } = scope;

    const sent: Record<string, string> = {
      ...request.headers,
      "x-amz-date": time,
    };
    if (this.#payloadHeader === "always" || isS3(scope.service)) {
      sent[PAYLOAD_HEADER] = hash;
    }
    if (sessionToken !== undefined && this.#sessionToken === "signed") {
      sent[tokenHeader] = sessionToken;
    }
    const headers = canonicalHeaders(request.origin, sent, this.#unsigned);
    const signature = await this.#signature(
      request,
      { credentials, scope, time, place, headers, hash },
    );

    if (sessionToken !== undefined) sent[tokenHeader] = sessionToken;
    sent.authorization =
      `${ALGORITHM} Credential=${accessKeyId}/${place}, SignedHeaders=${headers.names}, Signature=${signature}`;
    return { ...request, headers: sent };
  }

  async presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    expiresInSeconds: number,
  ): Promise<HttpRequest> {
    refuseSigned(request.query);
    refuseExpiry(expiresInSeconds);
    const time = amzDate(scope.at);
    const place = credentialScope(time, scope);
    const hash = await presignedPayloadHash(request, scope.service);
    const { accessKeyId, sessionToken } = credentials;

    const sent = remainingHeaders(request.headers);
    const headers = canonicalHeaders(request.origin, sent, this.#unsigned);
    const query: QueryParam[] = [
      ...request.query,
      ...presetHash(request.headers),
      ["X-Amz-Algorithm", ALGORITHM],
      ["X-Amz-Credential", `${accessKeyId}/${place}`],
      ["X-Amz-Date", time],
      ["X-Amz-Expires", String(expiresInSeconds)],
      ["X-Amz-SignedHeaders", headers.names],
    ];
    const token: readonly QueryParam[] = sessionToken === undefined
      ? []
      : [[tokenParam(scope.tokenHeader ?? TOKEN_HEADER), sessionToken]];
    const signed = this.#sessionToken === "signed"
      ? [...query, ...token]
      : query;
    const signature = await this.#signature(
      { ...request, query: signed },
      { credentials, scope, time, place, headers, hash },
    );
    return {
      ...request,
      headers: sent,
      query: [...query, ...token, ["X-Amz-Signature", signature]],
    };
  }

  async signText(
    text: string,
    credentials: Credentials,
    scope: SigningScope,
  ): Promise<string> {
    const place = credentialScope(amzDate(scope.at), scope);
    return await this.#hmac(text, credentials, place);
  }

  async #signature(
    { method, path, query }: HttpRequest,
    { credentials, scope, time, place, headers, hash }: Signing,
  ): Promise<string> {
    const canonical = canonicalRequest({
      method,
      path: canonicalPath(path, rulesOf(scope)),
      query: canonicalQuery(query),
      headers,
      payloadHash: hash,
    });
    const text = await stringToSign(canonical, time, place);
    return await this.#hmac(text, credentials, place);
  }

  async #hmac(
    text: string,
    credentials: Credentials,
    place: string,
  ): Promise<string> {
    const key = await this.#keys.get(credentials, place);
    return hex(await hmacSha256(key, text));
  }
}
