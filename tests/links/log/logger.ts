import type { BaseHandler } from "./base_handler.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
import { LogRecord } from "./record.ts";

export { LogRecord, type LogRecordOptions } from "./record.ts";

/** Any function at all. */
export type GenericFunction = (...args: never[]) => unknown;

/** A logger in a {@linkcode LogConfig}. */
export class LoggerConfig {
  /** The lowest level that is logged; `INFO` by default. */
  level?: LevelName;
  /** Names of handlers of the same setup; unknown ones are passed over. */
  handlers?: string[];
}

/** The whole setup; what it leaves out of the default one stays. */
export interface LogConfig {
  /** The handlers by name. */
  handlers?: { [name: string]: BaseHandler };
  /** The loggers by name. */
  loggers?: { [name: string]: LoggerConfig };
}

/** Settings of a {@linkcode Logger}. */
export interface LoggerOptions {
  /** What receives the records; nothing by default. */
  handlers?: BaseHandler[];
}

/**
 * Sends messages to handlers.
 *
 * A message may be a function: it is called only if the level is logged. The
 * methods return the message, or the result of the function, if called.
 */
export class Logger {
  /** What receives the records. */
  handlers: BaseHandler[];
  #level: LogLevel;
  readonly #loggerName: string;

  /** Creates a logger that drops everything below the level. */
  constructor(
    loggerName: string,
    levelName: LevelName,
    options: LoggerOptions = {},
  ) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /** The number of the lowest level that is logged. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    try {
      this.#level = getLevelByName(getLevelName(level));
    } catch (cause) {
      throw new TypeError(`Invalid log level: ${level}`, { cause });
    }
  }

  /** The name of the lowest level that is logged. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** The name the logger was made with. */
  get loggerName(): string {
    return this.#loggerName;
  }

  /** Logs at the level `DEBUG`, evaluating the message if needed. */
  debug<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at the level `DEBUG`. */
  debug<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  debug(msg: unknown, ...args: unknown[]): unknown {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /** Logs at the level `INFO`, evaluating the message if needed. */
  info<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at the level `INFO`. */
  info<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  info(msg: unknown, ...args: unknown[]): unknown {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /** Logs at the level `WARN`, evaluating the message if needed. */
  warn<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at the level `WARN`. */
  warn<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  warn(msg: unknown, ...args: unknown[]): unknown {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /** Logs at the level `ERROR`, evaluating the message if needed. */
  error<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at the level `ERROR`. */
  error<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  error(msg: unknown, ...args: unknown[]): unknown {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /** Logs at the level `CRITICAL`, evaluating the message if needed. */
  critical<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at the level `CRITICAL`. */
  critical<T>(
    msg: T extends GenericFunction ? never : T,
    ...args: unknown[]
  ): T;
  critical(msg: unknown, ...args: unknown[]): unknown {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }

  #log(level: LogLevel, msg: unknown, args: unknown[]): unknown {
    if (this.level > level) {
      return typeof msg === "function" ? undefined : msg;
    }
    const value: unknown = typeof msg === "function" ? msg() : msg;
    const { loggerName } = this;
    const record = new LogRecord({
      msg: asText(value),
      args,
      level,
      loggerName,
    });
    for (const handler of this.handlers) handler.handle(record);
    return value;
  }
}

/** Arrays come out as objects, functions as `undefined`, errors as stacks. */
function asText(value: unknown): string {
  if (typeof value === "function") return "undefined";
  if (value instanceof Error) return value.stack ?? "undefined";
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value).map(([key, item]) =>
    `"${key}":${typeof item === "string" ? `"${item}"` : asText(item)}`
  );
  return `{${members.join(",")}}`;
}
