/** The error every failed assertion throws. */
export class AssertionError extends Error {
  /** Creates the error; `options` may name a cause. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Appends the caller's note to a failure text, or ends it with a dot. */
export function noted(text: string, msg: string | undefined): string {
  return msg ? `${text}: ${msg}` : `${text}.`;
}
