/**
 * Takes secrets out of what is shown: logs, errors, fixtures. The one list of
 * what counts as a secret on the wire.
 *
 * @module
 */
import { base64, utf8 } from "./bytes.ts";

/** What stands in the place of a secret. */
export const WITHHELD = "<withheld>";

/** Header fields whose value is a secret, by lower-case name. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-amz-copy-source-server-side-encryption-customer-key",
  "x-amz-mfa",
  "x-amz-s3session-token",
  "x-amz-security-token",
  "x-amz-server-side-encryption-context",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-sso_bearer_token",
  "x-aws-ec2-metadata-token",
]);

/** Header fields of gateways and of other stores, of which nobody has a list. */
const SECRET_NAME = /^(?!x-amz-).*(?:api-?key|password|secret|token)$/;

/** The same as parameters; the mark of a listing's next page is none. */
const SECRET_PARAM =
  /^(?!x-amz-|continuation-token$)(?:.*[-_.])?(?:api[-_]?key|password|secret|token)$/;

/** Query and form parameters whose value is a secret, by lower-case name. */
const SECRET_PARAMS: ReadonlySet<string> = new Set([
  "access_token",
  "awsaccesskeyid",
  "client_secret",
  "code",
  "refresh_token",
  "samlassertion",
  "secretaccesskey",
  "sessiontoken",
  "signature",
  "tokencode",
  "webidentitytoken",
]);

/** Header fields that may hold a URL with a signature in it. */
const URL_HEADERS: ReadonlySet<string> = new Set([
  "location",
  "referer",
  "x-amz-copy-source",
]);

/**
 * The value of a header field as it may be shown. Of a SigV4 authorization the
 * scope and the signed headers stay, which is what one looks for there.
 *
 * @param name Name of the field, in any case.
 * @param value Its value.
 */
export function redactHeader(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (lower === "authorization" && value.startsWith("AWS4-")) {
    return value
      .replace(/(Credential=)[^/,\s]*/, `$1${WITHHELD}`)
      .replace(/(Signature=)[^,\s]*/, `$1${WITHHELD}`);
  }
  if (SECRET_HEADERS.has(lower)) return WITHHELD;
  // SigV4 query parameters, sent as header fields in some old forms.
  if (isSecretParam(lower) || SECRET_NAME.test(lower)) return WITHHELD;
  return URL_HEADERS.has(lower) ? redactUrl(value) : value;
}

/**
 * Header fields as they may be shown.
 *
 * @param headers The fields by name; they are not changed.
 */
export function redactHeaders(
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map((
      [name, value],
    ) => [name, redactHeader(name, value)]),
  );
}

/**
 * Header fields of an answer as they may be kept beside its result.
 *
 * @param headers The fields by lower-case name.
 * @returns The same object, where none of them is a secret.
 */
export function withoutSecretHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  let shown: Record<string, string> | undefined;
  for (const name of Object.keys(headers)) {
    if (!SECRET_HEADERS.has(name)) continue;
    shown ??= { ...headers };
    shown[name] = WITHHELD;
  }
  return shown ?? headers;
}

/**
 * A URL or a request target as it may be shown: without user name and password,
 * with the values of secret parameters withheld. Read as text, so that it need
 * not be a valid URL.
 */
export function redactUrl(url: string): string {
  const [, before = "", query = "", fragment = ""] =
    /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? [];
  // The last @ before the path ends the user part, whatever stands in it.
  const address = before.replace(
    /^((?:[a-z][a-z\d+.-]*:)?\/\/)?[^/]*@/i,
    `$1${WITHHELD}@`,
  );
  const shown = query === "" ? "" : `?${redactQuery(query.slice(1))}`;
  return `${address}${shown}${fragment}`;
}

/**
 * The address of an endpoint or a proxy as it may be shown, also where it is
 * malformed: without all up to the last `@`, query and fragment, and without
 * what stands for a port and is none.
 */
export function redactAddress(address: string): string {
  const [, scheme = "", rest = ""] =
    /^((?:[a-z][a-z\d+.-]*:)?\/\/)?(.*)$/is.exec(address) ?? [];
  const at = rest.lastIndexOf("@");
  const end = rest.search(/[?#]/);
  // What a secret is cannot be told where its own signs could end the address.
  if (at >= 0 && end >= 0 && end < at) return scheme + WITHHELD;
  const host = rest.slice(at + 1);
  const user = at < 0 ? "" : `${WITHHELD}@`;
  const [, name = "", path = "", query = ""] =
    /^([^/?#]*)([^?#]*)([?#].*)?$/s.exec(host) ?? [];
  const shown = /^\[[\da-f:.%]*\](?::\d*)?$|^[^:]*(?::\d{0,5})?$/i.test(name)
    ? name + path
    : `${name.slice(0, name.indexOf(":"))}:${WITHHELD}`;
  return scheme + user + shown + (query === "" ? "" : query[0] + WITHHELD);
}

/** Control characters of a terminal; line ends and tabs are none. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/**
 * A text without control characters (C0, DEL, C1), which a terminal would obey:
 * each is written as in JSON. Line feeds and tabs stay.
 *
 * @param text The text, for example of a server.
 */
export function escapeControls(text: string): string {
  return text.replace(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A query string or a form body as it may be shown; without the `?`. */
export function redactQuery(query: string): string {
  return query.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 0) return pair;
    const name = pair.slice(0, equals);
    return isSecretParam(decoded(name)) ? `${name}=${WITHHELD}` : pair;
  }).join("&");
}

/** A parameter of a presigned URL, also where the URL was encoded into another. */
const PRESIGNED =
  /(x-amz-(?:signature|credential|security-token|s3session-token)(?:=|%3D|%253D))(?:(?!%26|%2526)[^\s&"'<>;,])+/gi;

/** A text as it may be shown: without the proof that presigned URLs in it carry. */
export function redactPresigned(text: string): string {
  return text.replace(PRESIGNED, `$1${WITHHELD}`);
}

/**
 * Whether the value of a query or form parameter is a secret.
 *
 * @param name Name of the parameter, decoded.
 */
export function isSecretParam(name: string): boolean {
  const lower = name.toLowerCase();
  return SECRET_PARAMS.has(lower) || SECRET_PARAM.test(lower) ||
    /^x-amz-(?:credential|signature|security-token|s3session-token)$/
      .test(lower);
}

/**
 * Withholds known secrets wherever they stand in a text: as they are, percent-
 * encoded, in base64 and as inside a JSON string.
 *
 * @param text The text.
 * @param secrets The secrets; empty ones are none.
 * @param mark What stands in their place.
 */
export function scrub(
  text: string,
  secrets: Iterable<string>,
  mark: string = WITHHELD,
): string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === "") continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret.toWellFormed()));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(base64(utf8(secret)));
  }
  // Long ones first, so that a secret within another leaves no remains.
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return longestFirst.reduce(
    (rest, form) => rest.replaceAll(form, () => mark),
    text,
  );
}

/** A name that cannot be decoded is taken as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Asked by `console.log` and `inspect` of Node, Deno and Bun. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes the prototype of objects that are printed without some of their members.
 * The members are there to be read, copied and written as JSON.
 *
 * @param names Names of the members.
 */
export function withholding(names: readonly string[]): object {
  const inspected = function (
    this: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> {
    const shown: Record<string, unknown> = { ...this };
    for (const name of names) {
      if (shown[name] !== undefined) shown[name] = WITHHELD;
    }
    return shown;
  };
  return Object.create(Object.prototype, { [INSPECT]: { value: inspected } });
}

/**
 * Copies an object that is printed without one of its members, as that is
 * printed elsewhere.
 *
 * @param value The object.
 * @param name Name of the member.
 */
export function printedWithout<Value extends object>(
  value: Value,
  name: keyof Value,
): Value {
  const { [name]: _elsewhere, ...shown } = value;
  return Object.defineProperty({ ...value }, INSPECT, { value: () => shown });
}

/** A member of an operation's table, as far as secrets are concerned. */
interface TableMember {
  readonly at?: string;
  readonly of: string | (() => TableShape);
  readonly secret?: true;
}

type TableShape =
  | {
    readonly kind: "structure";
    readonly members: Readonly<Record<string, TableMember>>;
  }
  | { readonly kind: "list"; readonly item: TableMember }
  | { readonly kind: "map"; readonly value: TableMember };

/**
 * Whether a body of a shape may hold a secret. What travels in header fields and
 * parameters is redacted by its name.
 *
 * @param shape An operation's input or output.
 */
export function bodyCanHoldSecret(
  { members }: { readonly members: Readonly<Record<string, TableMember>> },
): boolean {
  return Object.values(members).some((member) =>
    (member.at === undefined || member.at === "payload") &&
    canHoldSecret(member, new Set())
  );
}

function canHoldSecret(member: TableMember, seen: Set<unknown>): boolean {
  if (member.secret) return true;
  if (typeof member.of === "string" || seen.has(member.of)) return false;
  seen.add(member.of);
  const shape = member.of();
  const parts = shape.kind === "structure"
    ? Object.values(shape.members)
    : [shape.kind === "list" ? shape.item : shape.value];
  return parts.some((part) => canHoldSecret(part, seen));
}
