import { getLevelName, type LogLevel } from "./levels.ts";

/** What a {@linkcode LogRecord} is made of. */
export interface LogRecordOptions {
  /** The message. */
  msg: string;
  /** What was given besides the message. */
  args: unknown[];
  /** How urgent it is. */
  level: LogLevel;
  /** The name of the logger. */
  loggerName: string;
}

/** One message on its way to the handlers. */
export class LogRecord {
  /** The message. */
  readonly msg: string;
  /** The number of the level. */
  readonly level: number;
  /** The name of the level. */
  readonly levelName: string;
  /** The name of the logger. */
  readonly loggerName: string;
  #args: unknown[];
  #time: number;

  /** Creates a record of this moment. */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = [...options.args];
    this.#time = Date.now();
  }

  /** What was given besides the message; a new array at each call. */
  get args(): unknown[] {
    return [...this.#args];
  }

  /** When the record was made; a new date at each call. */
  get datetime(): Date {
    return new Date(this.#time);
  }
}
