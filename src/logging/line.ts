/**
 * Messages as one line of text.
 *
 * @module
 */
import { escapeControls } from "../foundation/redact.ts";
import type { LogFields, LogLevel } from "../ports/logger.ts";

/** The levels, from least to most. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The numbers of the levels in `@std/log`. */
export const STD_LEVELS: Readonly<Record<LogLevel, number>> = {
  debug: 10,
  info: 20,
  warn: 30,
  error: 40,
};

/** One message, as a format gets it. */
export interface LogRecord {
  /** When it was written. */
  readonly time: Date;
  /** How much it matters. */
  readonly level: LogLevel;
  /** Name of its logger, for example `"inia.retry"`. */
  readonly name: string;
  /** The message, its facts included. */
  readonly message: string;
}

/**
 * Makes the line of a record: a function, or a text with Python's places
 * `%(asctime)s`, `%(name)s`, `%(levelname)s` and `%(message)s`.
 */
export type LogFormat = string | ((record: LogRecord) => string);

/** The format of boto3. */
export const DEFAULT_FORMAT =
  "%(asctime)s %(name)s [%(levelname)s] %(message)s";

/** Whether a value is the name of a level. */
export function isLevel(value: unknown): value is LogLevel {
  return LEVELS.some((level) => level === value);
}

/** Whether a level is at least another one. */
export function reaches(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/**
 * A message and its facts: `refused attempt=2 reason="slow down"`.
 *
 * @param message The message.
 * @param fields The facts; those that are `undefined` are left out.
 */
export function withFields(message: string, fields?: LogFields): string {
  let text = escapeControls(message);
  if (fields === undefined) return text;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${fieldText(value)}`;
  }
  return text;
}

/** The line of a record. */
export function lineOf(record: LogRecord, format: LogFormat): string {
  if (typeof format === "function") return format(record);
  const places: Readonly<Record<string, string>> = {
    asctime: record.time.toISOString(),
    name: record.name,
    levelname: record.level === "warn" ? "WARNING" : record.level.toUpperCase(),
    message: record.message,
  };
  return format.replace(
    /%\((\w+)\)s/g,
    (place, name: string) =>
      Object.hasOwn(places, name) ? places[name] ?? place : place,
  );
}

/** Quoted where a reader could not see its end, so that it cannot forge a line. */
function fieldText(value: boolean | number | string): string {
  return typeof value === "string" && !/^[^\s"=\p{C}]+$/u.test(value)
    ? escapeControls(JSON.stringify(value))
    : `${value}`;
}
