/**
 * The canonical request: the text that client and server both make of a
 * request, so that they sign the same whatever happens to it on the way.
 *
 * Source: "Create a signed AWS API request", IAM User Guide, step 1.
 *
 * @module
 */
import { encodeComponent, encodePath } from "../foundation/bytes.ts";
import type { HeaderMap, QueryParam } from "../ports/http.ts";
import type { SigningRules } from "../ports/credentials.ts";

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
  let same = 0;
  if (found.unsigned === unsigned) {
    for (const name in headers) {
      if (name !== found.all[same]) {
        same = -1;
        break;
      }
      same++;
    }
  }
  if (found.unsigned !== unsigned || same !== found.all.length) {
    lastNames = found = signedNames(headers, unsigned);
  }
  const { sorted, names } = found;
  let lines = "";
  for (let i = 0; i < sorted.length; i++) {
    const name = sorted[i] ?? "";
    const value = headers[name] ?? hostOf(origin);
    lines += name + ":" +
      (BLANK.test(value) ? withoutBlanks(value) : value) + "\n";
  }
  return { lines, names };
}

/** The names of signed header fields. */
interface SignedNames {
  /** What was left out. */
  readonly unsigned: ReadonlySet<string>;
  /** The names of all header fields, as they come. */
  readonly all: readonly string[];
  /** The signed ones in order, `host` among them. */
  readonly sorted: readonly string[];
  /** These joined by semicolons. */
  readonly names: string;
}

/** The names of the last request. */
let lastNames: SignedNames = {
  unsigned: new Set(),
  all: [],
  sorted: [],
  names: "",
};

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
    found = { unsigned, all, sorted, names: sorted.join(";") };
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
