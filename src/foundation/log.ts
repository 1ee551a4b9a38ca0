/**
 * Where messages go that no logger was given for: one sink for the process,
 * empty until someone sets it. It is the only state a module of this library
 * keeps.
 *
 * @module
 */

/** How much a message matters. */
type Level = "debug" | "error" | "info" | "warn";

/** Facts that go with a message. */
type Fields = Readonly<Record<string, boolean | number | string | undefined>>;

/** Receives messages of all loggers. */
export interface LogSink {
  /** Whether a message of this level and logger goes anywhere. */
  enabled(level: Level, name: string): boolean;
  /** Takes a message. Secrets are gone from it. */
  write(level: Level, name: string, message: string, fields?: Fields): void;
}

let sink: LogSink | undefined;

/**
 * Sets where messages go; `undefined` makes the library silent again.
 *
 * @param next The new sink.
 */
export function setLogSink(next: LogSink | undefined): void {
  sink = next;
}

/** Where messages go now, if anywhere. */
export function logSink(): LogSink | undefined {
  return sink;
}

/** A logger that writes to the sink, if there is one when it is asked. */
export class SinkLogger {
  readonly #name: string;

  /**
   * Makes a logger.
   *
   * @param name Its name, parts separated by dots.
   */
  constructor(name: string) {
    this.#name = name;
  }

  /** Whether messages of a level go anywhere. */
  enabled(level: Level): boolean {
    return sink !== undefined && sink.enabled(level, this.#name);
  }

  /** Writes a message about a step of a call. */
  debug(message: string, fields?: Fields): void {
    this.#write("debug", message, fields);
  }

  /** Writes a message about a rare event that is no fault. */
  info(message: string, fields?: Fields): void {
    this.#write("info", message, fields);
  }

  /** Writes a message about something wrong that the call survives. */
  warn(message: string, fields?: Fields): void {
    this.#write("warn", message, fields);
  }

  /** Writes a message about something wrong that no caller sees. */
  error(message: string, fields?: Fields): void {
    this.#write("error", message, fields);
  }

  /** Makes the logger of a part. */
  child(name: string): SinkLogger {
    return new SinkLogger(`${this.#name}.${name}`);
  }

  #write(level: Level, message: string, fields?: Fields): void {
    if (this.enabled(level)) sink?.write(level, this.#name, message, fields);
  }
}
