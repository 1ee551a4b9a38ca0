/**
 * The base of all errors.
 *
 * @module
 */
import type { ResponseMetadata } from "./metadata.ts";

/** Base of every error this library throws on purpose. */
export abstract class AwsError extends Error {
  /** Facts of the call that ended with this error. Absent: it was not a call. */
  ResponseMetadata?: ResponseMetadata;
}

/**
 * Gives an error another message, also at the head of its stack.
 *
 * @param error The error.
 * @param message Its new message.
 */
export function retell(error: Error, message: string): void {
  const stack = error.stack?.replace(error.message, () => message);
  error.message = message;
  if (stack !== undefined) error.stack = stack;
}
