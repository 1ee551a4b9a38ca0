/**
 * The error of a condition that did not hold.
 *
 * @module
 */
import { AwsError } from "./errors.ts";

/** What stood against a condition: the object exists, has changed, or has not. */
export type PreconditionKind = "changed" | "exists" | "not-modified";

/** A condition that the caller set did not hold, so nothing was read or written. */
export class PreconditionError extends AwsError {
  /** Stable name of the class. */
  override readonly name = "PreconditionError";
  /** What stood against it. */
  readonly kind: PreconditionKind;

  /**
   * Makes the error.
   *
   * @param kind What stood against the condition.
   * @param message What could not be done, and why.
   * @param options The service's refusal, as `cause`.
   */
  constructor(kind: PreconditionKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    const { cause } = this;
    if (cause instanceof AwsError && cause.ResponseMetadata) {
      this.ResponseMetadata = cause.ResponseMetadata;
    }
  }
}
