import type { LogRecord } from "./record.ts";

/** Turns a record into JSON; a single argument stands there by itself. */
export function jsonFormatter(logRecord: LogRecord): string {
  const { args } = logRecord;
  return JSON.stringify({
    level: logRecord.levelName,
    datetime: logRecord.datetime.getTime(),
    message: logRecord.msg,
    args: args.length > 1 ? args : args[0],
  });
}

/** Ready-made formatters. */
export const formatters: {
  readonly jsonFormatter: (logRecord: LogRecord) => string;
} = { jsonFormatter };
