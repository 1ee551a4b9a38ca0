/**
 * The end of credentials, as sources write it.
 *
 * @module
 */

const TIME =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|UTC|[+-]\d{2}:?\d{2})$/i;

/**
 * Reads a time with its zone, in ISO 8601.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function readExpiry(text: unknown): Date | undefined {
  if (typeof text !== "string") return undefined;
  const [, day, time, zone = ""] = TIME.exec(text.trim()) ?? [];
  if (day === undefined) return undefined;
  const offset = /^[a-z]/i.test(zone)
    ? "Z"
    : zone.replace(/^(...)(\d\d)$/, "$1:$2");
  const read = new Date(`${day}T${time}${offset}`);
  return Number.isNaN(read.getTime()) ? undefined : read;
}
