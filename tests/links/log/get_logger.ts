import { Logger } from "./logger.ts";
import { loggers } from "./state.ts";

export type { Logger };

/**
 * Finds a logger by name, the default one without. An unknown name gives a new
 * logger of level `NOTSET` without handlers, kept until the next setup.
 */
export function getLogger(name?: string): Logger {
  const known = loggers.get(name || "default");
  if (known) return known;
  if (!name) {
    throw new Error(
      '"default" logger must be set for getting logger without name',
    );
  }
  const silent = new Logger(name, "NOTSET", { handlers: [] });
  loggers.set(name, silent);
  return silent;
}
