/**
 * Takes the secrets of requests and answers out of what is shown: logs, errors,
 * fixtures. With the names of header fields, the one list of what counts as a secret
 * on the wire. Loaded where something of the wire is shown.
 *
 * @module
 */
import { SECRET_HEADERS, WITHHELD } from "./redact.ts";

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

/** A name that cannot be decoded is taken as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
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
