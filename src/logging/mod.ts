/**
 * Says what the library does: on the console, or through a logger that the
 * program has. Without this, nothing is ever written.
 *
 * @example Usage
 * ```ts
 * import { setStreamLogger } from "@inia/aws/logging";
 *
 * // Everything, on the console's error stream.
 * setStreamLogger();
 * // Of the wire nothing.
 * setStreamLogger("inia.endpoint", "warn");
 * ```
 *
 * @module
 */
export { DEFAULT_FORMAT, type LogFormat, type LogRecord } from "./line.ts";
export { loggerFrom, type LogTarget } from "./logger_from.ts";
export { useStdLog } from "./std_logger.ts";
export { setStreamLogger, stopLogging } from "./stream_logger.ts";
export type { LogFields, Logger, LogLevel } from "../ports/logger.ts";
