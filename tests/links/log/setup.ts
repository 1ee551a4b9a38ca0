import { ConsoleHandler } from "./console_handler.ts";
import { type LogConfig, Logger } from "./logger.ts";
import { handlers, loggers } from "./state.ts";

const DEFAULT: LogConfig = {
  handlers: { default: new ConsoleHandler("INFO") },
  loggers: { default: { level: "INFO", handlers: ["default"] } },
};

/**
 * Replaces all handlers and loggers. Loggers obtained before keep what they
 * had, so they have to be asked for again.
 */
export function setup(config: LogConfig): void {
  for (const handler of handlers.values()) handler.destroy();
  handlers.clear();
  const named = { ...DEFAULT.handlers, ...config.handlers };
  for (const [name, handler] of Object.entries(named)) {
    handler.setup();
    handlers.set(name, handler);
  }

  loggers.clear();
  const wanted = { ...DEFAULT.loggers, ...config.loggers };
  for (const [name, logger] of Object.entries(wanted)) {
    const attached = (logger.handlers ?? [])
      .map((handler) => handlers.get(handler))
      .filter((handler) => handler !== undefined);
    const level = logger.level ?? "INFO";
    loggers.set(name, new Logger(name, level, { handlers: attached }));
  }
}

setup(DEFAULT);
