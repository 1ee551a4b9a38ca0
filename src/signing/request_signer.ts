/**
 * The signer of requests, with all that both versions of the signature share, and
 * Signature Version 4.
 *
 * @module
 */
import { utf8 } from "../foundation/bytes.ts";
import { HmacKey } from "../foundation/digest.ts";
import { ConfigError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import { amzDate } from "../foundation/timestamps.ts";
import type {
  Credentials,
  Signer,
  SigningScope,
} from "../ports/credentials.ts";
import type { HeaderMap, HttpRequest, QueryParam } from "../ports/http.ts";
import {
  ALGORITHM,
  type CanonicalHeaders,
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  credentialScope,
  isS3,
  NEVER_SIGNED,
  PAYLOAD_HEADER,
  payloadHash,
  presignedPayloadHash,
  rulesOf,
  stringToSign,
} from "./steps.ts";

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

const OPTIONS: OptionKinds<SigV4Options> = {
  unsignedHeaders: "list",
  payloadHeader: "text",
  sessionToken: "text",
};

/** A value, at once or later. */
type MaybePromise<Value> = Value | Promise<Value>;

/** What one version of the signature has of its own. */
export interface SigningAlgorithm {
  /** Name, as it stands in signatures. */
  readonly name: string;
  /**
   * The credential scope.
   *
   * @param time Time of signing, as `20130524T000000Z`.
   * @param scope Region and service.
   */
  credentialScope(time: string, scope: SigningScope): string;
  /** Regions that the signature is good for, where the request names them. */
  regionSet(scope: SigningScope): string | undefined;
  /**
   * Signs a text.
   *
   * @param text The text.
   * @param credentials Whose key signs.
   * @param credentialScope What the key may be bound to.
   * @returns The signature in hexadecimal.
   */
  sign(
    text: string,
    credentials: Credentials,
    credentialScope: string,
  ): string | Promise<string>;
}

/**
 * Signs requests by one algorithm. `host` is signed always and left to the
 * transport to send, unless the request has it among its header fields.
 */
export class RequestSigner implements Signer {
  readonly #algorithm: SigningAlgorithm;
  readonly #unsigned: ReadonlySet<string>;
  readonly #payloadHeader: "always" | "s3";
  readonly #sessionToken: "added" | "signed";
  #last: WrittenScope | undefined;

  /**
   * Makes a signer.
   *
   * @param algorithm How it signs.
   * @param options What differs from the defaults.
   */
  constructor(algorithm: SigningAlgorithm, options: SigV4Options) {
    checkOptions("make a signer", options, OPTIONS);
    this.#algorithm = algorithm;
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
    try {
      if (request.query.length > 0) refuseSigned(request.query);
      const hash = payloadHash(request, scope.service);
      return typeof hash === "string"
        ? this.#sign(request, credentials, scope, hash)
        : hash.then((hash) => this.#sign(request, credentials, scope, hash));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    expiresInSeconds: number,
  ): HttpRequest | Promise<HttpRequest> {
    try {
      refuseSigned(request.query);
      refuseExpiry(expiresInSeconds);
      return then(
        presignedPayloadHash(request, scope.service),
        (hash) =>
          this.#presign(request, credentials, scope, {
            expiresInSeconds,
            hash,
          }),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  signText(
    text: string,
    credentials: Credentials,
    scope: SigningScope,
  ): string | Promise<string> {
    const { credentialScope } = this.#written(scope);
    return this.#algorithm.sign(text, credentials, credentialScope);
  }

  #sign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    hash: string,
  ): MaybePromise<HttpRequest> {
    const { name } = this.#algorithm;
    const written = this.#written(scope);
    const { time, credentialScope, regions, isS3 } = written;
    const { accessKeyId, sessionToken } = credentials;
    const { method, origin, path, query } = request;

    const sent: Record<string, string> = {
      ...request.headers,
      "x-amz-date": time,
    };
    if (regions !== undefined) sent[REGIONS_HEADER] = regions;
    if (isS3 || this.#payloadHeader === "always") sent[PAYLOAD_HEADER] = hash;
    if (sessionToken !== undefined && this.#sessionToken === "signed") {
      sent[scope.tokenHeader ?? TOKEN_HEADER] = sessionToken;
    }
    const headers = canonicalHeaders(origin, sent, this.#unsigned);
    const canonical = canonicalRequest({
      method,
      path: canonicalPath(path, scope.rules ?? (isS3 ? "s3" : "general")),
      query: query.length === 0 ? "" : canonicalQuery(query),
      headers,
      payloadHash: hash,
    });
    const text = stringToSign(name, canonical, time, credentialScope);
    const signature = this.#algorithm.sign(text, credentials, credentialScope);
    // The signature, and nothing else, is still missing.
    const { names } = headers;
    if (written.names !== names || written.accessKeyId !== accessKeyId) {
      written.names = names;
      written.accessKeyId = accessKeyId;
      written.start =
        `${name} Credential=${accessKeyId}/${credentialScope}, SignedHeaders=${names}, Signature=`;
    }
    const { start } = written;
    sent["authorization"] = start;
    if (sessionToken !== undefined) {
      sent[scope.tokenHeader ?? TOKEN_HEADER] = sessionToken;
    }
    if (typeof signature === "string") {
      sent["authorization"] = start + signature;
      return { ...request, headers: sent };
    }
    return signature.then((signature) => {
      sent["authorization"] = start + signature;
      return { ...request, headers: sent };
    });
  }

  #presign(
    request: HttpRequest,
    credentials: Credentials,
    scope: SigningScope,
    { expiresInSeconds, hash }: {
      readonly expiresInSeconds: number;
      readonly hash: string;
    },
  ): MaybePromise<HttpRequest> {
    const { name } = this.#algorithm;
    const { time, credentialScope, regions } = this.#written(scope);
    const { accessKeyId, sessionToken } = credentials;

    const sent = remainingHeaders(request.headers);
    const headers = canonicalHeaders(request.origin, sent, this.#unsigned);
    const query: QueryParam[] = [
      ...request.query,
      ...presetHash(request.headers),
      ["X-Amz-Algorithm", name],
      ["X-Amz-Credential", `${accessKeyId}/${credentialScope}`],
      ["X-Amz-Date", time],
      ["X-Amz-Expires", String(expiresInSeconds)],
      ["X-Amz-SignedHeaders", headers.names],
    ];
    if (regions !== undefined) query.push(["X-Amz-Region-Set", regions]);
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
    return then(
      this.#algorithm.sign(
        stringToSign(name, canonical, time, credentialScope),
        credentials,
        credentialScope,
      ),
      (signature) => ({
        ...request,
        headers: sent,
        query: [...query, ...token, ["X-Amz-Signature", signature]],
      }),
    );
  }

  /** Writes time and scope as texts, which many calls of one second share. */
  #written(scope: SigningScope): WrittenScope {
    const second = Math.floor(scope.at.getTime() / 1_000);
    const { region, service } = scope;
    let written = this.#last;
    if (
      written === undefined || written.second !== second ||
      written.region !== region || written.service !== service
    ) {
      const time = amzDate(scope.at);
      this.#last = written = {
        second,
        region,
        service,
        time,
        credentialScope: this.#algorithm.credentialScope(time, scope),
        regions: this.#algorithm.regionSet(scope),
        isS3: isS3(service),
        accessKeyId: "",
        names: "",
        start: "",
      };
    }
    return written;
  }
}

/** A scope, and what it is in a signature. */
interface WrittenScope {
  /** Time of signing, in whole seconds since 1970. */
  readonly second: number;
  readonly region: string;
  readonly service: string;
  /** Time of signing, as `20130524T000000Z`. */
  readonly time: string;
  readonly credentialScope: string;
  readonly regions: string | undefined;
  readonly isS3: boolean;
  /** Whose the last signature was. */
  accessKeyId: string;
  /** The names of what it covers. */
  names: string;
  /** What stands before it, made of these two. */
  start: string;
}

/** Goes on with a value as soon as it is there. */
function then<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
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

/**
 * The canonical request of a request that was signed in its header fields, made
 * anew from it.
 *
 * @param request The signed request. What was added to it since counts for
 * nothing, as its signature names what it covers.
 * @param scope What its signature is bound to.
 * @returns The text; `undefined` where there is no signature of this kind.
 */
export async function canonicalOfSigned(
  request: HttpRequest,
  scope: SigningScope,
): Promise<string | undefined> {
  const { authorization = "" } = request.headers;
  const [, names] = /SignedHeaders=([^,\s]+)/.exec(authorization) ?? [];
  if (names === undefined) return undefined;
  const signed = names.split(";");
  const fields = Object.entries(request.headers).filter(([name]) =>
    signed.includes(name)
  );
  const headers = canonicalHeaders(
    request.origin,
    Object.fromEntries(fields),
    new Set(),
  );
  const hash = await payloadHash(request, scope.service);
  return canonicalOf(request, headers, scope, hash);
}

/** Header that names the regions of a signature without one region. */
const REGIONS_HEADER = "x-amz-region-set";

/** Header in which the session token is sent. */
const TOKEN_HEADER = "x-amz-security-token";

/** Longest life of a presigned URL: seven days, in seconds. */
const MAX_EXPIRY = 604_800;

/** Parameters with which a request is signed already. */
const SIGNED =
  /^x-amz-(?:algorithm|credential|date|expires|s3session-token|security-token|region-set|signature|signedheaders)$/i;

/** Header in which the token of a directory bucket's session is sent. */
const EXPRESS_TOKEN_HEADER = "x-amz-s3session-token";

/** Header fields that make way for a parameter. */
const REPLACED: ReadonlySet<string> = new Set([
  "authorization",
  PAYLOAD_HEADER,
  TOKEN_HEADER,
  EXPRESS_TOKEN_HEADER,
  "x-amz-date",
  REGIONS_HEADER,
]);

/**
 * Refuses a request that has a signature in its query: no server takes two.
 *
 * @throws {TypeError} If it has one, or a part of one.
 */
function refuseSigned(query: readonly QueryParam[]): void {
  for (const [name] of query) {
    if (SIGNED.test(name)) {
      throw new TypeError(
        `Cannot sign the request: its query holds "${name}", so it is signed already; sign it as it was before`,
      );
    }
  }
}

/**
 * Refuses a life that no server grants.
 *
 * @throws {ConfigError} `"InvalidExpiry"` if it is not a whole number of seconds up to seven days.
 */
function refuseExpiry(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_EXPIRY) {
    throw new ConfigError(
      "InvalidExpiry",
      `Cannot presign for ${seconds} s: expiresInSeconds must be a whole number from 1 to ${MAX_EXPIRY}, which is seven days`,
    );
  }
}

/** The header fields that are still to be sent beside a presigned URL. */
function remainingHeaders(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !REPLACED.has(name)),
  );
}

/** The payload hash that the caller chose, as a parameter. */
function presetHash(headers: HeaderMap): readonly QueryParam[] {
  const hash = headers[PAYLOAD_HEADER];
  return hash === undefined ? [] : [["X-Amz-Content-Sha256", hash]];
}

/**
 * Names the parameter that carries the session token in a query.
 *
 * @param header The header that carries it elsewhere.
 */
function tokenParam(header: string): string {
  return header === EXPRESS_TOKEN_HEADER
    ? "X-Amz-S3session-Token"
    : "X-Amz-Security-Token";
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
export class SigV4 extends RequestSigner {
  /**
   * Makes a signer that has no keys yet.
   *
   * @param options What differs from the defaults.
   */
  constructor(options: SigV4Options = {}) {
    super(hmacAlgorithm(), options);
  }
}

function hmacAlgorithm(): SigningAlgorithm {
  const keys = new KeyCache();
  return {
    name: ALGORITHM,
    credentialScope,
    regionSet: () => undefined,
    sign: (text, credentials, scope) =>
      keys.get(credentials, scope).signHex(text),
  };
}

/** Most keys that are kept for one pair of credentials. */
const CAPACITY = 64;

/** The keys of one pair of credentials. */
interface Keyring {
  /** What they were derived from, should someone change the object. */
  readonly secret: string;
  /** The keys by credential scope, the oldest first. */
  readonly keys: Map<string, HmacKey>;
}

/**
 * Derives signing keys and keeps them as long as their credentials live.
 *
 * It recognizes credentials as an object: equal ones in another object get keys
 * of their own.
 */
export class KeyCache {
  readonly #keyrings = new WeakMap<Credentials, Keyring>();

  /**
   * Gets the key for a scope.
   *
   * @param credentials Whose secret it is derived from.
   * @param scope The credential scope, for example
   * `"20130524/us-east-1/s3/aws4_request"`.
   */
  get(credentials: Credentials, scope: string): HmacKey {
    const secret = credentials.secretAccessKey;
    let keyring = this.#keyrings.get(credentials);
    if (keyring === undefined || keyring.secret !== secret) {
      keyring = { secret, keys: new Map() };
      this.#keyrings.set(credentials, keyring);
    }
    return keyring.keys.get(scope) ?? derived(keyring, scope);
  }
}

/** Derives a key and keeps it in place of the oldest one. */
function derived({ secret, keys }: Keyring, scope: string): HmacKey {
  const [oldest] = keys.keys();
  if (oldest !== undefined && keys.size >= CAPACITY) keys.delete(oldest);
  const key = signingKey(secret, scope);
  keys.set(scope, key);
  return key;
}

/**
 * Derives a key: one HMAC for each part of the scope.
 *
 * Source: "Create a signed AWS API request", IAM User Guide, step 3.
 *
 * @param secret Secret access key.
 * @param scope The credential scope.
 */
export function signingKey(secret: string, scope: string): HmacKey {
  let key = new HmacKey(utf8(`AWS4${secret}`));
  for (const part of scope.split("/")) key = new HmacKey(key.sign(part));
  return key;
}
