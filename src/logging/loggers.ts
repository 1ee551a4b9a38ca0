/**
 * The loggers of programs: the console's error stream, a logger that the program
 * has, and the loggers of `@std/log`.
 *
 * @module
 */
import { getLogger, type Logger as StdLogger } from "@std/log";
import { ConfigError } from "../foundation/errors.ts";
import { type LogSink, logSink, setLogSink } from "../foundation/log.ts";
import { escapeControls } from "../foundation/redact.ts";
import type { LogFields, Logger, LogLevel } from "../ports/telemetry.ts";

/** The loggers of the library, below `inia`. */
const LOGGERS = ["endpoint", "retry", "credentials", "parsers", "transport"];

interface Rule {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** What a {@linkcode StreamSink} writes with. */
interface StreamSinkOptions {
  /** Takes a line. Default: the console's error stream. */
  readonly write?: (line: string) => void;
  /** The current time. Default: the machine's. */
  readonly now?: () => Date;
}

/** Writes the messages of some loggers as lines. */
export class StreamSink implements LogSink {
  readonly #rules = new Map<string, Rule>();
  /** The rule of each name that was asked for; there are few names. */
  readonly #found = new Map<string, Rule | undefined>();
  readonly #write: (line: string) => void;
  readonly #now: () => Date;

  /**
   * Makes a sink that is silent until it has a rule.
   *
   * @param options What it writes with.
   */
  constructor(options: StreamSinkOptions = {}) {
    const {
      write = (line) => globalThis.console.error(line),
      now = () => new Date(),
    } = options;
    this.#write = write;
    this.#now = now;
  }

  /**
   * Shows a logger and all below it. What is said for a longer name counts more
   * than what is said for a shorter one.
   *
   * @param name Name of the logger; `""` for all.
   * @param level The least level that is shown.
   * @param format How a line looks.
   */
  show(name: string, level: LogLevel, format: LogFormat): void {
    this.#rules.set(name, { level, format });
    this.#found.clear();
  }

  enabled(level: LogLevel, name: string): boolean {
    const rule = this.#ruleFor(name);
    return rule !== undefined && reaches(level, rule.level);
  }

  write(
    level: LogLevel,
    name: string,
    message: string,
    fields?: LogFields,
  ): void {
    const { format = DEFAULT_FORMAT } = this.#ruleFor(name) ?? {};
    const record = {
      time: this.#now(),
      level,
      name,
      message: withFields(message, fields),
    };
    this.#write(lineOf(record, format));
  }

  #ruleFor(name: string): Rule | undefined {
    const known = this.#found.get(name);
    if (known !== undefined || this.#found.has(name)) return known;
    const rule = this.#search(name);
    this.#found.set(name, rule);
    return rule;
  }

  #search(name: string): Rule | undefined {
    let prefix = name;
    while (prefix !== "") {
      const rule = this.#rules.get(prefix);
      if (rule !== undefined) return rule;
      prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")));
    }
    return this.#rules.get("");
  }
}

/**
 * Shows what the library does on the console's error stream, of sessions too
 * that were made before, unless they were given a logger of their own. Each call
 * adds to the ones before.
 *
 * @param name Name of the logger to show, with all below it. Default: `"inia"`,
 * which is everything.
 * @param level The least level that is shown. Default: `"debug"`.
 * @param format How a line looks. Default: as in boto3.
 * @throws {ConfigError} If there is no such level, or the logger is no one of
 * this library's.
 */
export function setStreamLogger(
  name = "inia",
  level: LogLevel = "debug",
  format: LogFormat = DEFAULT_FORMAT,
): void {
  if (!isLevel(level)) {
    throw new ConfigError(
      "InvalidConfigError",
      `Invalid log level: expected "debug", "info", "warn" or "error", got "${level}"`,
    );
  }
  if (name !== "" && !/^inia(?:\.|$)/.test(name)) {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot show the logger "${name}": there are "inia" and below it ${
        LOGGERS.map((logger) => `"inia.${logger}"`).join(", ")
      }${ours(name)}`,
    );
  }
  const current = logSink();
  const sink = current instanceof StreamSink ? current : new StreamSink();
  sink.show(name, level, format);
  setLogSink(sink);
}

/** What a logger of botocore is here. */
function ours(name: string): string {
  const [, below = ""] = /^(?:boto3|botocore)(?:\.(\w+))?/.exec(name) ?? [];
  if (!/^boto(?:3|core)/.test(name)) return "";
  const same = LOGGERS.includes(below) ? `inia.${below}` : "inia";
  return `; what boto3 logs as "${name}" is "${same}" here`;
}

/** Makes the library silent again. Loggers given to sessions are not touched. */
export function stopLogging(): void {
  setLogSink(undefined);
}

/** What most loggers can do: `console`, those of `@std/log`, pino, winston. */
export interface LogTarget {
  /** Takes a message about a step. */
  debug(message: string): unknown;
  /** Takes a message about an event. */
  info(message: string): unknown;
  /** Takes a message about something that the call survives. */
  warn(message: string): unknown;
  /** Takes a message about something that no caller sees. */
  error(message: string): unknown;
}

/**
 * Makes a logger for a session of a logger that the program has already. Each
 * message is one text that starts with the name of the part and ends with its
 * facts. A target that is below a level or says so (`@std/log`'s `level`, pino's
 * and winston's `isLevelEnabled`) costs nothing for messages under it.
 *
 * @param target The logger. One that is a {@linkcode Logger} is given back as it is.
 * @param level The least level that is handed on. Default: `"debug"`.
 */
export function loggerFrom(
  target: LogTarget | Logger,
  level: LogLevel = "debug",
): Logger {
  return isLogger(target) ? target : new TargetLogger(target, level, "inia");
}

class TargetLogger implements Logger {
  readonly #target: LogTarget;
  readonly #level: LogLevel;
  readonly #name: string;

  constructor(target: LogTarget, level: LogLevel, name: string) {
    this.#target = target;
    this.#level = level;
    this.#name = name;
  }

  enabled(level: LogLevel): boolean {
    return reaches(level, this.#level) && takes(this.#target, level);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  child(name: string): Logger {
    return new TargetLogger(
      this.#target,
      this.#level,
      `${this.#name}.${name}`,
    );
  }

  #write(level: LogLevel, message: string, fields?: LogFields): void {
    if (!this.enabled(level)) return;
    this.#target[level](`${this.#name}: ${withFields(message, fields)}`);
  }
}

function isLogger(target: LogTarget | Logger): target is Logger {
  return "enabled" in target && typeof target.enabled === "function" &&
    "child" in target && typeof target.child === "function";
}

/** Asked each time, since a program may change the level of its logger. */
function takes(target: LogTarget, level: LogLevel): boolean {
  if (
    "isLevelEnabled" in target && typeof target.isLevelEnabled === "function"
  ) {
    return target.isLevelEnabled(level) !== false;
  }
  // Numbers mean something else in other packages; the name tells which it is.
  if (
    "levelName" in target && "level" in target &&
    typeof target.level === "number"
  ) {
    return STD_LEVELS[level] >= target.level;
  }
  return true;
}

/** The levels, from least to most. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The numbers of the levels in `@std/log`. */
const STD_LEVELS: Readonly<Record<LogLevel, number>> = {
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
 * `%(asctime)s`, `%(name)s`, `%(levelname)s` and `%(message)s`, which take a width
 * and a greatest length as there: `%(levelname)-8s`, `%(name).20s`.
 */
export type LogFormat = string | ((record: LogRecord) => string);

/** The format of boto3. */
export const DEFAULT_FORMAT =
  "%(asctime)s %(name)s [%(levelname)s] %(message)s";

/** Whether a value is the name of a level. */
function isLevel(value: unknown): value is LogLevel {
  return LEVELS.some((level) => level === value);
}

/** Whether a level is at least another one. */
function reaches(level: LogLevel, least: LogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** A message and its facts: `refused attempt=2 reason="slow down"`. */
function withFields(message: string, fields?: LogFields): string {
  let text = escapeControls(message);
  if (fields === undefined) return text;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${fieldText(value)}`;
  }
  return text;
}

/** The line of a record. */
function lineOf(record: LogRecord, format: LogFormat): string {
  if (typeof format === "function") return format(record);
  const places: Readonly<Record<string, string>> = {
    asctime: record.time.toISOString(),
    name: record.name,
    levelname: record.level === "warn" ? "WARNING" : record.level.toUpperCase(),
    message: record.message,
  };
  return format.replace(
    /%\((\w+)\)(-?)(\d{0,4})(?:\.(\d{1,4}))?s/g,
    (place, name: string, left: string, width: string, most?: string) => {
      const whole = Object.hasOwn(places, name) ? places[name] : undefined;
      if (whole === undefined) return place;
      const text = most === undefined ? whole : whole.slice(0, Number(most));
      return left ? text.padEnd(Number(width)) : text.padStart(Number(width));
    },
  );
}

/** Quoted where a reader could not see its end, so that it cannot forge a line. */
function fieldText(value: boolean | number | string): string {
  return typeof value === "string" && !/^[^\s"=\p{C}]+$/u.test(value)
    ? escapeControls(JSON.stringify(value))
    : `${value}`;
}

/**
 * Hands messages to the loggers that the program set up in `@std/log`, each to
 * the one of its own name (`inia.retry`), else of a shorter one (`inia`), else
 * to the default logger.
 *
 * It may be called before or after `setup`.
 */
export function useStdLog(): void {
  setLogSink({
    enabled: (level, name) => STD_LEVELS[level] >= find(name).level,
    write: (level, name, message, fields) => {
      find(name)[level](`${name}: ${withFields(message, fields)}`);
    },
  });
}

/** Never kept: `setup` replaces the loggers. One without handlers was not set up. */
function find(name: string): StdLogger {
  let prefix = name;
  while (prefix !== "") {
    const logger = getLogger(prefix);
    if (logger.handlers.length > 0) return logger;
    prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")));
  }
  return getLogger();
}
