/**
 * The base of all errors.
 *
 * @module
 */
import { escapeControls } from "./redact.ts";
import type { ResponseMetadata } from "./metadata.ts";

/** Base of every error this library throws on purpose. */
export abstract class AwsError extends Error {
  /**
   * Makes the error.
   *
   * @param message What went wrong. Control characters in it are escaped, as a
   * server may have chosen its words.
   * @param options The underlying error, as `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(escapeControls(message), options);
  }

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
  const escaped = escapeControls(message);
  const stack = error.stack?.replace(error.message, () => escaped);
  error.message = escaped;
  if (stack !== undefined) error.stack = stack;
}
