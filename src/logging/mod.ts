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
export { DEFAULT_FORMAT, type LogFormat, type LogRecord } from "./loggers.ts";
export { loggerFrom, type LogTarget } from "./loggers.ts";
export { useStdLog } from "./loggers.ts";
export { setStreamLogger, stopLogging } from "./loggers.ts";
export type { LogFields, Logger, LogLevel } from "../ports/telemetry.ts";
