/**
 * Values without members as text and back, and header fields that hold several
 * of them, or JSON.
 *
 * Source: RFC 9110, sections 5.6.1 and 5.6.4.
 *
 * @module
 */
import { base64, fromBase64, strictText, utf8 } from "../foundation/bytes.ts";
import {
  epochSeconds,
  httpDate,
  iso8601,
  parseTimestamp,
} from "../foundation/timestamps.ts";
import type { Member, ScalarType } from "../ports/schema.ts";

/** How a time is written. */
export type TimeFormat = NonNullable<Member["time"]>;

/** A value without members. */
export type Scalar = Date | Uint8Array<ArrayBuffer> | boolean | number | string;

const TIME: Readonly<Record<TimeFormat, (time: Date) => string>> = {
  "epoch": epochSeconds,
  "http-date": httpDate,
  "iso8601": iso8601,
};

const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A time as header fields have it, which the platform reads as it is meant. */
const HTTP_DATE =
  /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), [0-3]\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9]\d{3} [0-2]\d:[0-5]\d:[0-5]\d GMT$/;

/** Numbers that have a name. */
const NAMED: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/**
 * Writes a value; blobs in base64.
 *
 * @param type Its type.
 * @param value The value, of that type.
 * @param time How a time is written.
 */
export function scalarText(
  type: ScalarType,
  value: unknown,
  time: TimeFormat,
): string {
  if (value instanceof Date) return TIME[time](value);
  if (value instanceof Uint8Array) return base64(value);
  const text = String(value);
  return type === "blob" ? base64(utf8(text)) : text;
}

/**
 * Writes the value of a member without members of its own.
 *
 * @param member The member.
 * @param value The value, validated before.
 * @param fallback How a time is written where the member does not say.
 */
export function memberText(
  { of, time }: Member,
  value: unknown,
  fallback: TimeFormat = "iso8601",
): string {
  if (of === "string" && typeof value === "string") return value;
  return typeof of === "string" ? scalarText(of, value, time ?? fallback) : "";
}

/**
 * Reads a value. Times are taken in any of their forms.
 *
 * @param type Its type.
 * @param text The text; blanks around it count in strings only.
 * @returns The value, or `undefined` where the text is none of that type.
 */
export function parseScalar(
  type: ScalarType,
  text: string,
): Scalar | undefined {
  return READ_SCALAR[type](text);
}

/** Reads a value; `undefined` where the text is none of its type. */
export type ReadScalar = (text: string) => Scalar | undefined;

/** How the values of each type are read. */
export const READ_SCALAR: Readonly<Record<ScalarType, ReadScalar>> = {
  blob: parseBlob,
  boolean: parseBoolean,
  double: parseDecimal,
  float: parseDecimal,
  integer: parseWhole,
  long: parseWhole,
  string: (text) => text,
  timestamp: parseTime,
};

function parseWhole(text: string): number | undefined {
  const digits = text.trim();
  return WHOLE.test(digits) ? Number(digits) : undefined;
}

function parseDecimal(text: string): number | undefined {
  const digits = text.trim();
  return NAMED.get(digits) ??
    (DECIMAL.test(digits) ? Number(digits) : undefined);
}

function parseTime(text: string): Date | undefined {
  if (HTTP_DATE.test(text)) {
    const time = new Date(text);
    // The platform makes the 31st of a shorter month a day of the next one.
    if (time.getUTCDate() === Number(text.slice(5, 7))) return time;
  }
  return plainTimeAt(asBytes(text), 0, text.length) ?? parseTimestamp(text);
}

/**
 * Reads a number of up to 15 digits, without a sign.
 *
 * @param bytes Has it in ASCII.
 * @param start Where it begins.
 * @param end Where it ends.
 * @returns The number; `undefined` for all else, which may be one as well.
 */
export function wholeNumberAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): number | undefined {
  if (start === end || end - start > 15) return undefined;
  let number = 0;
  for (let at = start; at < end; at++) {
    const value = digit(bytes, at);
    if (value < 0) return undefined;
    number = number * 10 + value;
  }
  return number;
}

/**
 * Reads the form that nearly all times in documents have:
 * `2024-02-29T12:34:56Z`, with milliseconds or without.
 *
 * @param bytes Has it in ASCII.
 * @param start Where it begins.
 * @param end Where it ends.
 * @returns The time; `undefined` for all else, which may be a time as well.
 */
export function plainTimeAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): Date | undefined {
  // Each entry of a list has a time, and the patterns for all forms are slow.
  const length = end - start;
  if (
    length !== 20 && (length !== 24 || bytes[start + 19] !== DOT) ||
    bytes[start + 4] !== HYPHEN || bytes[start + 7] !== HYPHEN ||
    bytes[start + 10] !== LETTER_T || bytes[start + 13] !== COLON ||
    bytes[start + 16] !== COLON || bytes[end - 1] !== LETTER_Z
  ) return undefined;
  const milli = length === 24
    ? digits(bytes, start + 20) * 10 + digit(bytes, start + 22)
    : 0;
  const year = digits(bytes, start) * 100 + digits(bytes, start + 2);
  const month = digits(bytes, start + 5);
  const day = digits(bytes, start + 8);
  const hour = digits(bytes, start + 11);
  const minute = digits(bytes, start + 14);
  const second = digits(bytes, start + 17);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lastDay = month === 2 && isLeap ? 29 : MONTH_DAYS[month] ?? 0;
  // What is no digit makes a number negative.
  const isTime = year >= 1 && day >= 1 && day <= lastDay && hour >= 0 &&
    hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59 &&
    milli >= 0;
  if (!isTime) return undefined;
  // Years begin in March here, so that the leap day is their last.
  const years = month <= 2 ? year - 1 : year;
  const months = month <= 2 ? month + 9 : month - 3;
  const centuries = Math.trunc(years / 100);
  const days = 365 * years + (years >> 2) - centuries + (centuries >> 2) +
    Math.trunc((153 * months + 2) / 5) + day - 719_469;
  return new Date(
    days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1_000 +
      milli,
  );
}

/** Days of the months in years without a leap day, from 1. */
const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const HYPHEN = 45;
const DOT = 46;
const COLON = 58;
const LETTER_T = 84;
const LETTER_Z = 90;

/** The number that two digits are; far below 0 where one is none. */
function digits(bytes: Uint8Array, at: number): number {
  return digit(bytes, at) * 10 + digit(bytes, at + 1);
}

function digit(bytes: Uint8Array, at: number): number {
  const value = (bytes[at] ?? 0) - 48;
  return value >= 0 && value <= 9 ? value : -100_000;
}

/** The longest text that is read byte by byte. */
const SHORT = new Uint8Array(29);

/** A short text as bytes, until the next one; what is not ASCII is no digit. */
function asBytes(text: string): Uint8Array {
  const length = Math.min(text.length, SHORT.length);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    SHORT[at] = code < 128 ? code : 0;
  }
  return SHORT;
}

function parseBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : undefined;
}

function parseBlob(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}

/** Joins items; those with a comma or a quote are quoted. */
export function headerList(items: readonly string[]): string {
  return items.map((item) =>
    /[",]/.test(item) ? `"${item.replace(/["\\]/g, "\\$&")}"` : item
  ).join(",");
}

/** Joins times, each of which has a comma of its own. */
export function headerDates(items: readonly string[]): string {
  return items.join(", ");
}

/** The items of a field; empty ones are passed over. */
export function splitHeaderList(field: string): string[] {
  return (field.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? [])
    .map((item) => unquoted(item.trim()))
    .filter((item) => item !== "");
}

/** The times in a field, each of which has a comma of its own. */
export function splitHeaderDates(field: string): string[] {
  return (field.match(/[^,]+,[^,]+/g) ?? []).map((item) => item.trim());
}

/** Writes any value as JSON that a field can carry. */
export function headerJson(value: unknown): string {
  return base64(utf8(JSON.stringify(value)));
}

/** Reads what {@linkcode headerJson} writes; `undefined` where the field is none. */
export function parseHeaderJson(field: string): unknown {
  try {
    return JSON.parse(strictText(fromBase64(field)));
  } catch {
    return undefined;
  }
}

function unquoted(item: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(item)?.[1];
  return quoted?.replace(/\\(.)/g, "$1") ?? item;
}
