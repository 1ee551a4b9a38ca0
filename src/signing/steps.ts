/**
 * The steps of Signature Version 4 up to the key, in the order of the
 * specification: what stands for the body, the canonical request, and the text
 * that is signed.
 *
 * Source: "Create a signed AWS API request", IAM User Guide; for S3
 * "Authenticating Requests (AWS Signature Version 4)", S3 API Reference.
 *
 * @module
 */
import { encodeComponent, encodePath } from "../foundation/bytes.ts";
import { sha256Hex, sha256HexOf } from "../foundation/digest.ts";
import { amzDate } from "../foundation/timestamps.ts";
import type { SigningRules, SigningScope } from "../ports/credentials.ts";
import type { HeaderMap, HttpRequest, QueryParam } from "../ports/http.ts";

/** Header in which the hash is sent. What it holds before is taken as the hash. */
export const PAYLOAD_HEADER = "x-amz-content-sha256";

/** Stands for a body that the signature does not cover. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** SHA-256 of no bytes. */
export const EMPTY_SHA256 =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Signing names of the services that are S3, or stand in front of it. */
const S3_FAMILY: ReadonlySet<string> = new Set([
  "s3",
  "s3-object-lambda",
  "s3-outposts",
  "s3express",
]);

/** Whether a service follows the rules of S3. */
export function isS3(service: string): boolean {
  return S3_FAMILY.has(service);
}

/**
 * The hash for a signature in the header fields.
 *
 * @throws {TypeError} If the body is a stream and has to be covered.
 */
export function payloadHash(
  { headers, origin, body }: HttpRequest,
  service: string,
): string | Promise<string> {
  const preset = headers[PAYLOAD_HEADER];
  if (preset !== undefined) return preset;
  if (body === undefined) return EMPTY_SHA256;
  if (body instanceof Uint8Array) return sha256HexOf(body);
  if (!isS3(service)) {
    throw new TypeError(
      `Cannot sign the request: its body is a stream, and "${service}" wants the body's SHA-256; send bytes, or set the header "${PAYLOAD_HEADER}"`,
    );
  }
  if (!origin.startsWith("https:")) {
    throw new TypeError(
      `Cannot sign the request: its body is a stream, and over http nothing but a signature protects it; send bytes, use https, or set the header "${PAYLOAD_HEADER}"`,
    );
  }
  return UNSIGNED_PAYLOAD;
}

/** The hash for a signature in the query: S3 never covers the body there. */
export function presignedPayloadHash(
  { headers, body }: HttpRequest,
  service: string,
): string | Promise<string> {
  const preset = headers[PAYLOAD_HEADER];
  if (preset !== undefined) return preset;
  if (isS3(service)) return UNSIGNED_PAYLOAD;
  if (body === undefined) return EMPTY_SHA256;
  return body instanceof Uint8Array ? sha256HexOf(body) : UNSIGNED_PAYLOAD;
}

/**
 * Header fields that proxies and clients add or change, so that no signature
 * can cover them, and the one that holds the signature.
 */
export const NEVER_SIGNED: readonly string[] = [
  "authorization",
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "x-amzn-trace-id",
];

/** Header fields in the form in which they are signed. */
export interface CanonicalHeaders {
  /** One line each, sorted by name. */
  readonly lines: string;
  /** Their names, joined by semicolons. */
  readonly names: string;
}

/** The pieces of a canonical request, each in its canonical form. */
export interface CanonicalParts {
  /** HTTP method in capitals. */
  readonly method: string;
  /** The path, by {@linkcode canonicalPath}. */
  readonly path: string;
  /** The query, by {@linkcode canonicalQuery}. */
  readonly query: string;
  /** The header fields, by {@linkcode canonicalHeaders}. */
  readonly headers: CanonicalHeaders;
  /** What stands for the body. */
  readonly payloadHash: string;
}

/** Joins the pieces. */
export function canonicalRequest(parts: CanonicalParts): string {
  const { method, path, query, headers, payloadHash } = parts;
  return `${method}\n${path}\n${query}\n${headers.lines}\n${headers.names}\n${payloadHash}`;
}

/**
 * The path in its canonical form.
 *
 * @param path The path as it is sent.
 * @param rules Which form is canonical.
 */
export function canonicalPath(path: string, rules: SigningRules): string {
  if (rules === "s3") return path || "/";
  return encodePath(rules === "general" ? resolved(path) : path) || "/";
}

/** Parameters encoded, sorted by name and then by value. */
export function canonicalQuery(query: readonly QueryParam[]): string {
  if (query.length === 0) return "";
  return query
    .map(([name, value = ""]): [string, string] => [
      encodeComponent(name),
      encodeComponent(value),
    ])
    .sort(([name, value], [otherName, otherValue]) =>
      name === otherName ? order(value, otherValue) : order(name, otherName)
    )
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/**
 * Header fields sorted, their values trimmed and each run of blanks made one.
 *
 * @param origin Where the request goes: this is `host`, unless that is among
 * the header fields.
 * @param headers The header fields.
 * @param unsigned Names that are left out.
 */
export function canonicalHeaders(
  origin: string,
  headers: HeaderMap,
  unsigned: ReadonlySet<string>,
): CanonicalHeaders {
  // Calls of one kind have the same names, and come one after the other.
  let found = lastNames;
  let same = found?.unsigned === unsigned ? 0 : -1;
  for (const name in headers) {
    if (name !== found?.all[same]) {
      same = -1;
      break;
    }
    same++;
  }
  if (same !== found?.all.length) {
    lastNames = found = signedNames(headers, unsigned);
  }
  const { sorted, starts, names } = found;
  let lines = "";
  for (let i = 0; i < sorted.length; i++) {
    const value = headers[sorted[i] ?? ""] ?? hostOf(origin);
    lines += starts[i] ?? "";
    lines += BLANK.test(value) ? withoutBlanks(value) : value;
  }
  return { lines: lines === "" ? "" : lines + "\n", names };
}

/** The names of signed header fields. */
interface SignedNames {
  /** What was left out. */
  readonly unsigned: ReadonlySet<string>;
  /** The names of all header fields, as they come. */
  readonly all: readonly string[];
  /** The signed ones in order, `host` among them. */
  readonly sorted: readonly string[];
  /** What stands before their values, with the end of the line before. */
  readonly starts: readonly string[];
  /** The signed ones joined by semicolons. */
  readonly names: string;
}

/** The names of the last request. */
let lastNames: SignedNames | undefined;

/** Most sets of names that are kept for one signer. */
const MOST_KEPT = 256;

/** The sets of names of calls of all kinds: each is sorted once. */
const SIGNED_NAMES = new WeakMap<
  ReadonlySet<string>,
  Map<string, SignedNames>
>();

function signedNames(
  headers: HeaderMap,
  unsigned: ReadonlySet<string>,
): SignedNames {
  let kept = SIGNED_NAMES.get(unsigned);
  if (kept === undefined) SIGNED_NAMES.set(unsigned, kept = new Map());
  const all = Object.keys(headers);
  const key = all.join("\n");
  let found = kept.get(key);
  if (found === undefined) {
    const sorted = [...new Set([...all, "host"])]
      .filter((name) => !unsigned.has(name))
      .sort();
    found = {
      unsigned,
      all,
      sorted,
      starts: sorted.map((name, i) => `${i > 0 ? "\n" : ""}${name}:`),
      names: sorted.join(";"),
    };
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, found);
  }
  return found;
}

/**
 * Removes dot segments and empty ones. Unlike in RFC 3986, section 5.2.4, a
 * dot at the end leaves no slash behind it.
 */
function resolved(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const end = kept.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${kept.join("/")}${end}`;
}

/** Order of the bytes, since encoded text has nothing but ASCII. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Host and port as HTTP clients send them: without the scheme's own port. */
function hostOf(origin: string): string {
  if (origin === lastOrigin) return lastHost;
  const lower = origin.toLowerCase();
  const host = lower.slice(lower.indexOf("//") + 2);
  const port = lower.startsWith("https:") ? ":443" : ":80";
  lastOrigin = origin;
  lastHost = host.endsWith(port) ? host.slice(0, -port.length) : host;
  return lastHost;
}

let lastOrigin = "";
let lastHost = "";

const BLANK = /[\t\n\r ]/;

function withoutBlanks(value: string): string {
  return value.replace(/[\t\n\r ]+/g, " ").replace(/^ | $/g, "");
}

/** Name of Signature Version 4, as it stands in signatures. */
export const ALGORITHM = "AWS4-HMAC-SHA256";

/** How the path is signed: as asked for, else as the service does it. */
export function rulesOf(
  { rules, service }: Pick<SigningScope, "rules" | "service">,
): SigningRules {
  return rules ?? (isS3(service) ? "s3" : "general");
}

/**
 * The credential scope, for example `20130524/us-east-1/s3/aws4_request`.
 *
 * @param time Time of signing, as `20130524T000000Z`.
 * @param scope Region and service.
 */
export function credentialScope(
  time: string,
  { region, service }: SigningScope,
): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/**
 * What is signed for a request.
 *
 * Source: "Create a signed AWS API request", IAM User Guide, step 2.
 *
 * @param algorithm Its name.
 * @param canonical The canonical request.
 * @param time Time of signing, as `20130524T000000Z`.
 * @param scope The credential scope.
 */
export function stringToSign(
  algorithm: string,
  canonical: string,
  time: string,
  scope: string,
): string {
  return `${algorithm}\n${time}\n${scope}\n${sha256Hex(canonical)}`;
}

/**
 * What is signed for one chunk of a body whose payload hash is
 * `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, with or without `-TRAILER`.
 *
 * Source: "Transferring Payload in Multiple Chunks", S3 API Reference.
 *
 * @param previous Signature of the chunk before it; for the first one that of
 * the request.
 * @param hash SHA-256 of the chunk's bytes, in hexadecimal.
 * @param scope The scope of the request.
 */
export function chunkToSign(
  previous: string,
  hash: string,
  scope: SigningScope,
): string {
  return `${head("PAYLOAD", scope)}\n${previous}\n${EMPTY_SHA256}\n${hash}`;
}

/**
 * What is signed for the trailer of such a body.
 *
 * Source: "Including trailing headers", S3 API Reference.
 *
 * @param previous Signature of the last chunk, the empty one.
 * @param hash SHA-256, in hexadecimal, of the trailing fields: `name:value` and
 * a newline for each.
 * @param scope The scope of the request.
 */
export function trailerToSign(
  previous: string,
  hash: string,
  scope: SigningScope,
): string {
  return `${head("TRAILER", scope)}\n${previous}\n${hash}`;
}

function head(kind: string, scope: SigningScope): string {
  const time = amzDate(scope.at);
  return `${ALGORITHM}-${kind}\n${time}\n${credentialScope(time, scope)}`;
}
