/**
 * The door to `@std/log`.
 *
 * @module
 */
import { getLogger, type Logger as StdLogger } from "@std/log";
import { setLogSink } from "../foundation/log.ts";
import { STD_LEVELS, withFields } from "./line.ts";

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
