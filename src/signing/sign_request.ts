/**
 * Signatures for those who bring their own `fetch`.
 *
 * @module
 */
import { encodeParam, encodePath } from "../foundation/bytes.ts";
import { ConfigError } from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKind,
  type OptionKinds,
} from "../foundation/options.ts";
import type {
  Credentials,
  Signer,
  SigningRules,
  SigningScope,
} from "../ports/credentials.ts";
import type {
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
} from "../ports/http.ts";
import { isS3, PAYLOAD_HEADER, rulesOf, UNSIGNED_PAYLOAD } from "./steps.ts";
import { SigV4 } from "./request_signer.ts";

/** How {@linkcode signRequest} signs. */
export interface SignRequestOptions {
  /** Whose signature it is. */
  readonly credentials: Credentials;
  /** Region of the endpoint, for example `"eu-west-1"`. */
  readonly region: string;
  /** Signing name of the service, for example `"s3"` or `"execute-api"`. */
  readonly service: string;
  /** Time of signing. Default: now. */
  readonly at?: Date;
  /** How the path is signed. Default: `"s3"` for services of the S3 family. */
  readonly rules?: SigningRules;
  /**
   * What `fetch` does with a redirect. `"follow"` sends the body and the session
   * token to wherever the server says; only `authorization` stays behind. Default:
   * what the request has, and `"manual"` where that is `"follow"`.
   */
  readonly redirect?: RequestRedirect;
  /**
   * Who signs, for example a {@linkcode SigV4a}. Default: a {@linkcode SigV4}
   * with its own defaults, which derives the key once a day for each object of
   * credentials.
   */
  readonly signer?: Signer;
}

/** Options of {@linkcode presignUrl}. */
export interface PresignUrlOptions
  extends Omit<SignRequestOptions, "redirect"> {
  /** Method that the URL is good for. Default: `"GET"`. */
  readonly method?: HttpMethod;
  /** Header fields that the user of the URL has to send unchanged. */
  readonly headers?: HeaderMap;
  /** Life of the URL, 1 to 604 800 (seven days). Default: 3 600, an hour. */
  readonly expiresInSeconds?: number;
}

const SIGN_OPTIONS: OptionKinds<SignRequestOptions> = {
  credentials: "object",
  region: "text",
  service: "text",
  at: "date",
  rules: "text",
  signer: "object",
  redirect: "text",
};

const PRESIGN_OPTIONS: OptionKinds<PresignUrlOptions> = {
  ...SIGN_OPTIONS,
  method: "text",
  headers: "object",
  expiresInSeconds: "any",
};

/** Signs for all who bring no signer. All it keeps is keys, by credentials. */
const SIGNER = new SigV4();

const METHODS: readonly HttpMethod[] = [
  "DELETE",
  "GET",
  "HEAD",
  "PATCH",
  "POST",
  "PUT",
];

/**
 * Signs a request for `fetch` in its header fields.
 *
 * S3 takes a body over https without its hash, so it is not read. Any other
 * body is read into memory first, unless the header `x-amz-content-sha256` says
 * what to sign in its place. Give S3 bytes, not a stream: `fetch` sends a stream
 * without its length, and S3 asks for one.
 *
 * @param request The request. Its body, if any, moves into the signed one.
 * @param options Credentials, region and service.
 * @returns The signed request, to be sent within 15 minutes. `fetch` does not
 * follow its redirects, and gives back the 307 itself, unless `options` say so.
 * @throws {ConfigError} `"InvalidOption"`, if it is no `Request`, or an option is
 * missing or wrong.
 * @throws {TypeError} If what is sent could not be what is signed.
 *
 * @example Get an object
 * ```ts ignore
 * const url = "https://my-bucket.s3.eu-west-1.amazonaws.com/cat.txt";
 * const signed = await signRequest(new Request(url), {
 *   credentials,
 *   region: "eu-west-1",
 *   service: "s3",
 * });
 * const response = await fetch(signed);
 * ```
 */
export async function signRequest(
  request: Request,
  options: SignRequestOptions,
): Promise<Request> {
  if (!(request instanceof Request)) {
    throw invalid("sign the request", "a Request", request);
  }
  checkSigning("sign the request", options, SIGN_OPTIONS);
  if (request.bodyUsed) {
    throw new TypeError("Cannot sign the request: its body was read before");
  }
  const { signer = SIGNER, credentials } = options;
  const url = new URL(request.url);
  const where = target(url, options);
  const method = supported(request.method);
  const headers: Record<string, string> = Object.fromEntries(request.headers);
  if (mayStayUnread(request, url, options.service)) {
    headers[PAYLOAD_HEADER] ??= UNSIGNED_PAYLOAD;
  }
  const bytes = headers[PAYLOAD_HEADER] === undefined
    ? await request.bytes()
    : undefined;
  const signed = await signer.sign(
    { ...where, method, headers, body: bytes },
    credentials,
    scopeOf(options),
  );
  // A body that was read is gone from the given request.
  return new Request(request, {
    redirect: options.redirect ??
      (request.redirect === "error" ? "error" : "manual"),
    headers: signed.headers,
    ...request.bodyUsed && bytes !== undefined ? { body: bytes } : {},
  });
}

/**
 * Signs a URL in its query, for someone without credentials.
 *
 * @param url The URL, without a signature.
 * @param options Credentials, region and service; method and life of the URL.
 * @returns The URL with the signature.
 * @throws {ConfigError} `"InvalidExpiry"`, if the life is out of bounds;
 * `"InvalidOption"`, if an option is missing or wrong.
 * @throws {TypeError} If the URL is signed already or not well encoded.
 *
 * @example Let someone download an object for ten minutes
 * ```ts ignore
 * const url = await presignUrl(
 *   "https://my-bucket.s3.eu-west-1.amazonaws.com/cat.txt",
 *   { credentials, region: "eu-west-1", service: "s3", expiresInSeconds: 600 },
 * );
 * ```
 */
export async function presignUrl(
  url: string | URL,
  options: PresignUrlOptions,
): Promise<string> {
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw invalid("presign the URL", "a URL or its text", url);
  }
  checkSigning("presign the URL", options, PRESIGN_OPTIONS);
  const { signer = SIGNER, credentials } = options;
  const parsed = new URL(url);
  const request: HttpRequest = {
    ...target(parsed, options),
    method: options.method ?? "GET",
    headers: Object.fromEntries(new Headers(options.headers)),
    body: undefined,
  };
  const signed = await signer.presign(
    request,
    credentials,
    scopeOf(options),
    options.expiresInSeconds ?? 3_600,
  );
  const proof = signed.query.slice(request.query.length).map(encodeParam);
  const start = parsed.search === "" ? "?" : `${parsed.search}&`;
  return parsed.origin + parsed.pathname + start + proof.join("&");
}

/** Programs that nobody type-checks leave things out. */
function checkSigning(
  act: string,
  options: SignRequestOptions,
  kinds: Readonly<Record<string, OptionKind>>,
): void {
  checkOptions(act, options, kinds);
  for (const name of ["credentials", "region", "service"] as const) {
    if (options?.[name] === undefined) {
      throw invalid(act, `the option "${name}"`, undefined);
    }
  }
}

function invalid(act: string, wanted: string, given: unknown): ConfigError {
  return new ConfigError(
    "InvalidOption",
    `Cannot ${act}: expected ${wanted}, got ${
      given === null ? "null" : typeof given
    }`,
  );
}

function scopeOf(options: PresignUrlOptions): SigningScope {
  const { service, region, at = new Date() } = options;
  return { service, region, at, rules: rulesOf(options) };
}

/**
 * Whether S3 takes the body without its hash. `request.body` is not asked, as
 * that alone turns bytes into a stream, which `fetch` sends without a length.
 */
function mayStayUnread(
  { method }: Request,
  { protocol }: URL,
  service: string,
): boolean {
  return isS3(service) && protocol === "https:" && method !== "GET" &&
    method !== "HEAD";
}

/** Where a URL leads, in the form in which it is signed. */
function target(
  { origin, pathname, search }: URL,
  options: SignRequestOptions,
): Pick<HttpRequest, "origin" | "path" | "query"> {
  return {
    origin,
    // S3 reads the path and encodes it in its own way, to check the signature.
    path: rulesOf(options) === "s3" ? encodePath(decoded(pathname)) : pathname,
    query: search.slice(1).split("&").filter((param) => param !== "").map(
      queryParam,
    ),
  };
}

function queryParam(param: string): QueryParam {
  const [name = "", ...value] = param.replaceAll("+", "%20").split("=");
  return [decoded(name), decoded(value.join("="))];
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new TypeError(
      'Cannot sign the URL: a "%" in it is not the start of percent-encoded UTF-8; write "%25" for the character itself',
      { cause },
    );
  }
}

function supported(method: string): HttpMethod {
  const known = METHODS.find((candidate) => candidate === method);
  if (known !== undefined) return known;
  throw new TypeError(
    `Cannot sign the request: its method must be one of ${
      METHODS.join(", ")
    }: current value is "${method}"`,
  );
}
