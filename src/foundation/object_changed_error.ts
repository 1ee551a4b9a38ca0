/**
 * The error of an object that does not stay the same while it is read.
 *
 * @module
 */
import { AwsError } from "./errors.ts";

/** What became of the object. */
export type ObjectChange = "removed" | "replaced";

/** An object was replaced or removed while it was read in pieces. */
export class ObjectChangedError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "ObjectChangedError";
  /** What became of it. */
  readonly kind: ObjectChange;

  /**
   * Makes the error.
   *
   * @param kind What became of the object.
   * @param object The object, in words.
   * @param options The service's refusal, as `cause`.
   */
  constructor(kind: ObjectChange, object: string, options?: ErrorOptions) {
    super(
      `Cannot read ${object} to its end: it was ${kind} in the meantime`,
      options,
    );
    this.kind = kind;
    const { cause } = this;
    if (cause instanceof AwsError && cause.ResponseMetadata) {
      this.ResponseMetadata = cause.ResponseMetadata;
    }
  }
}
