/**
 * Lists in one header field.
 *
 * Source: RFC 9110, sections 5.6.1 and 5.6.4.
 *
 * @module
 */

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

function unquoted(item: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(item)?.[1];
  return quoted?.replace(/\\(.)/g, "$1") ?? item;
}
