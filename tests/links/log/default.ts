import { getLogger } from "./get_logger.ts";
import type { GenericFunction } from "./logger.ts";
import "./setup.ts";

/** Logs with the default logger at the level `DEBUG`, if needed. */
export function debug<T>(msg: () => T, ...args: unknown[]): T | undefined;
/** Logs with the default logger at the level `DEBUG`. */
export function debug<T>(
  msg: T extends GenericFunction ? never : T,
  ...args: unknown[]
): T;
export function debug(msg: unknown, ...args: unknown[]): unknown {
  return getLogger("default").debug(msg, ...args);
}

/** Logs with the default logger at the level `INFO`, if needed. */
export function info<T>(msg: () => T, ...args: unknown[]): T | undefined;
/** Logs with the default logger at the level `INFO`. */
export function info<T>(
  msg: T extends GenericFunction ? never : T,
  ...args: unknown[]
): T;
export function info(msg: unknown, ...args: unknown[]): unknown {
  return getLogger("default").info(msg, ...args);
}

/** Logs with the default logger at the level `WARN`, if needed. */
export function warn<T>(msg: () => T, ...args: unknown[]): T | undefined;
/** Logs with the default logger at the level `WARN`. */
export function warn<T>(
  msg: T extends GenericFunction ? never : T,
  ...args: unknown[]
): T;
export function warn(msg: unknown, ...args: unknown[]): unknown {
  return getLogger("default").warn(msg, ...args);
}

/** Logs with the default logger at the level `ERROR`, if needed. */
export function error<T>(msg: () => T, ...args: unknown[]): T | undefined;
/** Logs with the default logger at the level `ERROR`. */
export function error<T>(
  msg: T extends GenericFunction ? never : T,
  ...args: unknown[]
): T;
export function error(msg: unknown, ...args: unknown[]): unknown {
  return getLogger("default").error(msg, ...args);
}

/** Logs with the default logger at the level `CRITICAL`, if needed. */
export function critical<T>(msg: () => T, ...args: unknown[]): T | undefined;
/** Logs with the default logger at the level `CRITICAL`. */
export function critical<T>(
  msg: T extends GenericFunction ? never : T,
  ...args: unknown[]
): T;
export function critical(msg: unknown, ...args: unknown[]): unknown {
  return getLogger("default").critical(msg, ...args);
}
