/**
 * The ways in which the services write a time.
 *
 * @module
 */

/** `20240229T123456Z`, as signatures write it. */
export function amzDate(time: Date): string {
  // Cut by hand, as every signature needs one. Counted from the end, since years
  // can be long.
  const iso = time.toISOString();
  const date = iso.slice(0, -20) + iso.slice(-19, -17) + iso.slice(-16, -14);
  const clock = iso.slice(-13, -11) + iso.slice(-10, -8) + iso.slice(-7, -5);
  return `${date}T${clock}Z`;
}

/** `2024-02-29T12:34:56Z`; milliseconds only where there are some. */
export function iso8601(time: Date): string {
  return time.toISOString().replace(".000Z", "Z");
}

/** `Thu, 29 Feb 2024 12:34:56 GMT` (RFC 9110, section 5.6.7). */
export function httpDate(time: Date): string {
  return time.toUTCString();
}

/** Seconds since 1970, with a fraction only where there is one. */
export function epochSeconds(time: Date): string {
  return String(time.getTime() / 1_000);
}

const ISO =
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i;
const HTTP =
  /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?:\.\d+)? (?:GMT|UTC|[+-]\d{4})$/;
const EPOCH = /^-?\d+(?:\.\d+)?$/;

/**
 * Reads a time in any of these forms.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function parseTimestamp(value: string): Date | undefined {
  const text = value.trim();
  if (EPOCH.test(text)) return valid(new Date(Number(text) * 1_000));
  if (ISO.test(text) || HTTP.test(text)) return valid(new Date(text));
  return undefined;
}

function valid(time: Date): Date | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time;
}
