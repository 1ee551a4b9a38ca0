/**
 * Values without members, as text and back.
 *
 * @module
 */
import { base64, fromBase64, utf8 } from "../foundation/bytes.ts";
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
 * @param habit How a time is written where the member does not say.
 */
export function memberText(
  { of, time }: Member,
  value: unknown,
  habit: TimeFormat = "iso8601",
): string {
  return typeof of === "string" ? scalarText(of, value, time ?? habit) : "";
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
  switch (type) {
    case "string":
      return text;
    case "blob":
      return parseBlob(text);
    case "boolean":
      return parseBoolean(text.trim());
    case "integer":
    case "long":
      return parseNumber(text.trim(), WHOLE);
    case "double":
    case "float":
      return NAMED.get(text.trim()) ?? parseNumber(text.trim(), DECIMAL);
    case "timestamp":
      return parseTimestamp(text);
  }
}

function parseNumber(text: string, form: RegExp): number | undefined {
  return form.test(text) ? Number(text) : undefined;
}

function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : undefined;
}

function parseBlob(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}
