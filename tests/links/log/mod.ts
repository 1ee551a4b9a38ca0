/**
 * A stand-in for `@std/log`: loggers, handlers and their setup as in the real
 * package, without the handlers that write files.
 *
 * @module
 */
export * from "./base_handler.ts";
export * from "./console_handler.ts";
export * from "./default.ts";
export * from "./formatters.ts";
export * from "./get_logger.ts";
export * from "./levels.ts";
export * from "./logger.ts";
export * from "./setup.ts";
