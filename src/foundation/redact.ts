/**
 * Takes secrets out of what is shown: results, errors, addresses.
 *
 * @module
 */
import { base64, utf8 } from "./bytes.ts";

/** What stands in the place of a secret. */
export const WITHHELD = "<withheld>";

/** Header fields whose value is a secret, by lower-case name. */
export const SECRET_HEADERS: ReadonlySet<string> = new Set([
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
