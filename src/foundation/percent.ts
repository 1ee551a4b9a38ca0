/**
 * Percent-encoding, as signatures want it: everything but the unreserved
 * characters, in upper-case hexadecimal.
 *
 * Source: RFC 3986, sections 2.1 and 2.3.
 *
 * @module
 */

/** Texts that stand for themselves, as most do. */
const UNRESERVED = /^[\w.~-]*$/;
const UNRESERVED_PATH = /^[\w.~/-]*$/;

/** Encodes a query name or value, or one path segment: slashes too. */
export function encodeComponent(value: string): string {
  if (UNRESERVED.test(value)) return value;
  // The platform's function keeps five characters that are not unreserved.
  return encodeURIComponent(value.toWellFormed())
    .replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}

/** Encodes a path and keeps its slashes. */
export function encodePath(path: string): string {
  if (UNRESERVED_PATH.test(path)) return path;
  return encodeComponent(path).replaceAll("%2F", "/");
}

/** One query parameter in its encoded form; bare where it has no value. */
export function encodeParam([name, value]: readonly [string, string?]): string {
  return value === undefined
    ? encodeComponent(name)
    : `${encodeComponent(name)}=${encodeComponent(value)}`;
}
