import type { BaseHandler } from "./base_handler.ts";
import type { Logger } from "./logger.ts";

/** The handlers in use, by name. */
export const handlers: Map<string, BaseHandler> = new Map();

/** The loggers in use, by name. */
export const loggers: Map<string, Logger> = new Map();
