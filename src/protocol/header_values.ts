/**
 * Header fields that hold more than one value, or JSON.
 *
 * Source: RFC 9110, sections 5.6.1 and 5.6.4.
 *
 * @module
 */
import { base64, fromBase64, strictText, utf8 } from "../foundation/bytes.ts";

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
