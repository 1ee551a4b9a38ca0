/**
 * The end of credentials, as sources write it.
 *
 * @module
 */
import { parseZonedTime } from "../foundation/timestamps.ts";

/**
 * Reads a time with its zone; without one nobody knows when the credentials end.
 *
 * @returns The time, or `undefined` where the text is none.
 */
export function readExpiry(text: unknown): Date | undefined {
  return typeof text === "string" ? parseZonedTime(text) : undefined;
}
