/**
 * Loggers of others as loggers of this library.
 *
 * @module
 */
import type { LogFields, Logger, LogLevel } from "../ports/logger.ts";
import { reaches, STD_LEVELS, withFields } from "./line.ts";

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
