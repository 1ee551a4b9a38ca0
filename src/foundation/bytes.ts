/**
 * Bytes to text and back, and percent-encoding.
 *
 * @module
 */

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT_DECODER = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** Why a text with half of a surrogate pair is refused: it would be sent as U+FFFD. */
export const LONE_SURROGATE =
  "must be text that UTF-8 can carry: it has half of a surrogate pair";

/** Each byte in two digits. */
export const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

/** Text as UTF-8. Lone surrogates become U+FFFD. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}

/** UTF-8 as text; bytes that are none become U+FFFD. */
export function text(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/**
 * UTF-8 as text.
 *
 * @throws {TypeError} If the bytes are not UTF-8.
 */
export function strictText(bytes: Uint8Array): string {
  // Deno decodes ASCII ten times slower with a decoder that throws.
  const lenient = DECODER.decode(bytes);
  return lenient.includes("\uFFFD") ? STRICT_DECODER.decode(bytes) : lenient;
}

/** Bytes in lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += HEX[byte];
  return out;
}

/** The bytes that pairs of hexadecimal digits stand for. */
export function fromHex(encoded: string): Uint8Array<ArrayBuffer> {
  const pairs = encoded.match(/../g) ?? [];
  return Uint8Array.from(pairs, (digits) => Number.parseInt(digits, 16));
}

/** Bytes in base64, with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  // In pieces, since an argument list has an end.
  for (let start = 0; start < bytes.length; start += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  }
  return btoa(binary);
}

/**
 * The bytes that a base64 text stands for. White space in it is ignored.
 *
 * @throws {TypeError} If it is not base64.
 */
export function fromBase64(encoded: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(encoded);
  } catch (cause) {
    throw new TypeError("Cannot decode base64: the text is not base64", {
      cause,
    });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** One array from many. */
export function concat(
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    parts.reduce((length, part) => length + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The same bytes, backed by memory that Web APIs take; copied only where needed. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isOwned(bytes) ? bytes : new Uint8Array(bytes);
}

function isOwned(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

/** Texts that stand for themselves, as most do. */
const UNRESERVED = /^[\w.~-]*$/;
const UNRESERVED_PATH = /^[\w.~/-]*$/;

/**
 * Encodes a query name or value, or one path segment, as signatures want it:
 * all but the unreserved characters, slashes too.
 *
 * Source: RFC 3986, sections 2.1 and 2.3.
 */
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
