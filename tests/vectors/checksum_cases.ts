/**
 * The form of the recorded cases about verified responses.
 *
 * @module
 */

/** A response with checksums in its header fields. */
export interface ValidationCase {
  /** Name of the case. */
  readonly name: string;
  /** Header fields of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body, as text. */
  readonly body: string;
  /** The checksum that was verified, in lower case; `null` for none. */
  readonly validated?: string | null;
  /** The error, where the checksum is not the body's. */
  readonly error?: string;
}
