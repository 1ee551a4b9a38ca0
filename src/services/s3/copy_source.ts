/**
 * What is copied, by name.
 *
 * @module
 */

/** An object to copy from. */
export interface CopySourceObject {
  /** Its bucket: the name, or the ARN of an access point. */
  readonly Bucket: string;
  /** Its key, not encoded. */
  readonly Key: string;
  /** Its version. Default: the current one. */
  readonly VersionId?: string;
}
