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

/** Seconds since 1970. */
const EPOCH = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i;

/** The forms of a time in words, made when one is first read. */
let forms: TimeForms | undefined;

interface TimeForms {
  /** ISO 8601, long or basic, with "T" or a blank, with a zone or without. */
  readonly iso: RegExp;
  /** `Thu, 29 Feb 2024 12:34:56 GMT` and `Thursday, 29-Feb-24 12:34:56 GMT`. */
  readonly http: RegExp;
  /** `Thu Feb 29 12:34:56 2024`, as C's asctime writes it, always in UTC. */
  readonly asctime: RegExp;
}

function timeForms(): TimeForms {
  const clock = String.raw`(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?`;
  const zone = String.raw`(?:\s*(Z|UTC?|GMT|[+-]\d{2}(?::?\d{2})?))?`;
  const form = (source: string): RegExp => new RegExp(`^${source}$`, "i");
  return {
    iso: form(
      String.raw`(\d{4})([-/]?)(\d{2})\2(\d{2})(?:(?:T|\s+)${clock}${zone})?`,
    ),
    http: form(
      String
        .raw`(?:[A-Z]{3,9},?\s+)?(\d{1,2})[\s-]([A-Z]{3})[\s-](\d{4}|\d{2})\s+${clock}${zone}`,
    ),
    asctime: form(
      String
        .raw`[A-Z]{3}\s+([A-Z]{3})\s+(\d{1,2})\s+${clock}${zone}\s+(\d{4})`,
    ),
  };
}

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";

/**
 * Reads a time in any of the forms that services, stores and servers write: ISO
 * 8601, the three forms of RFC 9110 (section 5.6.7), seconds since 1970. It takes
 * what botocore takes of these, a time without a zone as UTC.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function parseTimestamp(value: string): Date | undefined {
  const text = value.trim();
  return EPOCH.test(text)
    ? valid(new Date(Number(text) * 1_000))
    : readTime(text)?.time;
}

/**
 * Reads a time in any of these forms that says which moment it is: no time
 * without a zone, and no number.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function parseZonedTime(value: string): Date | undefined {
  const read = readTime(value.trim());
  return read?.zoned ? read.time : undefined;
}

interface ReadTime {
  readonly time: Date;
  readonly zoned: boolean;
}

function readTime(text: string): ReadTime | undefined {
  forms ??= timeForms();
  const iso = forms.iso.exec(text);
  if (iso) {
    const [, year, , month, day, ...clock] = iso;
    return timeOf([year, Number(month), day], clock);
  }
  const http = forms.http.exec(text);
  if (http) {
    const [, day, month, year, ...clock] = http;
    return timeOf([year, monthOf(month), day], clock);
  }
  const [, month, day, ...rest] = forms.asctime.exec(text) ?? [];
  if (month === undefined) return undefined;
  const [hour, minute, second, fraction, zone = "GMT", year] = rest;
  return timeOf(
    [year, monthOf(month), day],
    [hour, minute, second, fraction, zone],
  );
}

type Text = string | undefined;

function timeOf(
  [year = "", month, day]: readonly [Text, number, Text],
  [hour = "0", minute = "0", second = "0", fraction = "", zone]:
    readonly Text[],
): ReadTime | undefined {
  const fields = [Number(day), Number(hour), Number(minute), Number(second)];
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = fields;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const local = new Date(0);
  local.setUTCFullYear(fullYear(year), month - 1, days);
  // A day that the month does not have would be one of the next.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== days) {
    return undefined;
  }
  local.setUTCHours(
    hours,
    minutes,
    seconds,
    Number(fraction.slice(0, 3).padEnd(3, "0")),
  );
  const time = valid(new Date(local.getTime() - offsetOf(zone) * 60_000));
  return time && { time, zoned: zone !== undefined };
}

/** The month's number; 0 where it is none. */
function monthOf(name = ""): number {
  const at = MONTHS.indexOf(name.toLowerCase());
  return at % 3 === 0 ? at / 3 + 1 : 0;
}

/** Two digits are years of 1970 to 2069, as in POSIX. */
function fullYear(year: string): number {
  const number = Number(year);
  if (year.length > 2) return number;
  return number < 70 ? 2_000 + number : 1_900 + number;
}

/** Minutes that a zone is ahead of UTC. */
function offsetOf(zone = ""): number {
  const [, sign, hours, minutes = "0"] =
    /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function valid(time: Date): Date | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time;
}
