import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
} from "./levels.ts";
import type { LogRecord } from "./record.ts";

export type { LevelName, LogLevel, LogRecord };

/** Turns a record into a line of text. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Settings of a {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** Replaces the default format, the level's name and the message. */
  formatter?: FormatterFunction;
}

/** What receives records; a subclass says in `log` where the text goes. */
export abstract class BaseHandler {
  /** Turns records into text. */
  formatter: FormatterFunction;
  #level: LogLevel;

  /** Creates a handler that drops everything below the level. */
  constructor(levelName: LevelName, options?: BaseHandlerOptions) {
    this.#level = getLevelByName(levelName);
    this.formatter = options?.formatter ??
      ((record) => `${record.levelName} ${record.msg}`);
  }

  /** The number of the lowest level that is handled. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = getLevelByName(getLevelName(level));
  }

  /** The name of the lowest level that is handled. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** Formats and logs a record, if it is urgent enough. */
  handle(logRecord: LogRecord): void {
    if (this.level > logRecord.level) return;
    this.log(this.format(logRecord));
  }

  /** Turns a record into text. */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /** Puts out the text of a record. */
  abstract log(msg: string): void;

  /** Called when the setup takes the handler into use. */
  setup(): void {}

  /** Called when the next setup drops the handler. */
  destroy(): void {}

  /** Same as `destroy`, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
