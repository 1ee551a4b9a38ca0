/**
 * The port to the log of the program.
 *
 * @module
 */

/** How much a message matters, from least to most. */
export type LogLevel = "debug" | "error" | "info" | "warn";

/** Facts that go with a message. Values are shown as they are: no secrets. */
export type LogFields = Readonly<
  Record<string, boolean | number | string | undefined>
>;

/** Where the library tells what it does. Silent unless one is given. */
export interface Logger {
  /** Whether messages of a level go anywhere; asked before costly ones are made. */
  enabled(level: LogLevel): boolean;
  /** Steps of a call: attempt, wait, endpoint, provider asked. */
  debug(message: string, fields?: LogFields): void;
  /** Rare events that are not faults: credentials refreshed, region learnt. */
  info(message: string, fields?: LogFields): void;
  /** Something went wrong and the call goes on: an odd response. */
  warn(message: string, fields?: LogFields): void;
  /** Something went wrong that no caller sees, such as a forgotten body. */
  error(message: string, fields?: LogFields): void;
  /**
   * Makes the logger of a part.
   *
   * @param name Name of the part, appended after a dot: `inia` → `inia.retry`.
   */
  child(name: string): Logger;
}
