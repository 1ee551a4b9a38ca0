/**
 * The bytes of a body, counted.
 *
 * @module
 */

/** How many bytes of a body came in, and how many are to come. */
export class Tally {
  /** The length that the response names, if it names one. */
  readonly expected: number | undefined;
  /** Bytes so far. */
  received = 0;

  /**
   * Starts at none.
   *
   * @param contentLength Value of `content-length`.
   */
  constructor(contentLength: string | undefined) {
    this.expected = contentLength !== undefined && /^\d+$/.test(contentLength)
      ? Number(contentLength)
      : undefined;
  }

  /** Whether less came than is expected. */
  get isShort(): boolean {
    return this.expected !== undefined && this.received < this.expected;
  }

  /** The count in words, for errors. */
  toString(): string {
    return this.expected === undefined
      ? `${this.received} bytes`
      : `${this.received} of ${this.expected} bytes`;
  }
}
