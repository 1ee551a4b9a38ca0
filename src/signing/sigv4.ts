/**
 * Signature version 4.
 *
 * @module
 */
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
import {
  isS3,
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
import { KeyCache } from "./signing_key.ts";
import {
  ALGORITHM,
  credentialScope,
  rulesOf,
  stringToSign,
} from "./string_to_sign.ts";

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
  #second = NaN;
  #time = "";
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

  sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
  ): HttpRequest | Promise<HttpRequest> {
    return withHash(
      () => {
        refuseSigned(request.query);
        return payloadHash(request, scope.service);
      },
      (hash) => this.#sign(request, credentials, scope, hash),
    );
  }

  presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    expiresInSeconds: number,
  ): HttpRequest | Promise<HttpRequest> {
    return withHash(
      () => {
        refuseSigned(request.query);
        refuseExpiry(expiresInSeconds);
        return presignedPayloadHash(request, scope.service);
      },
      (hash) =>
        this.#presign(request, credentials, scope, { expiresInSeconds, hash }),
    );
  }

  signText(
    text: string,
    credentials: Credentials,
    scope: SigningScope,
  ): string {
    const place = credentialScope(this.#timeOf(scope), scope);
    return this.#keys.get(credentials, place).signHex(text);
  }

  #sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    hash: string,
  ): HttpRequest {
    const time = this.#timeOf(scope);
    const place = credentialScope(time, scope);
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
    const canonical = canonicalOf(request, headers, scope, hash);
    const signature = this.#keys.get(credentials, place)
      .signHex(stringToSign(canonical, time, place));

    if (sessionToken !== undefined) sent[tokenHeader] = sessionToken;
    sent.authorization =
      `${ALGORITHM} Credential=${accessKeyId}/${place}, SignedHeaders=${headers.names}, Signature=${signature}`;
    return { ...request, headers: sent };
  }

  #presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    { expiresInSeconds, hash }: {
      readonly expiresInSeconds: number;
      readonly hash: string;
    },
  ): HttpRequest {
    const time = this.#timeOf(scope);
    const place = credentialScope(time, scope);
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
    const canonical = canonicalOf(
      { ...request, query: signed },
      headers,
      scope,
      hash,
    );
    const signature = this.#keys.get(credentials, place)
      .signHex(stringToSign(canonical, time, place));
    return {
      ...request,
      headers: sent,
      query: [...query, ...token, ["X-Amz-Signature", signature]],
    };
  }

  /** The time of signing as text, which many calls of one second share. */
  #timeOf({ at }: SigningScope): string {
    const second = Math.floor(at.getTime() / 1_000);
    if (second !== this.#second) {
      this.#time = amzDate(at);
      this.#second = second;
    }
    return this.#time;
  }
}

/**
 * Goes on with a hash as soon as it is there. What is wrong with the request is
 * a rejection either way.
 */
function withHash(
  hash: () => string | Promise<string>,
  sign: (hash: string) => HttpRequest,
): HttpRequest | Promise<HttpRequest> {
  try {
    const ready = hash();
    return typeof ready === "string" ? sign(ready) : ready.then(sign);
  } catch (error) {
    return Promise.reject(error);
  }
}

function canonicalOf(
  { method, path, query }: HttpRequest,
  headers: CanonicalHeaders,
  scope: SigningScope,
  payloadHash: string,
): string {
  return canonicalRequest({
    method,
    path: canonicalPath(path, rulesOf(scope)),
    query: canonicalQuery(query),
    headers,
    payloadHash,
  });
}
