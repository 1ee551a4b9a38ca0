/**
 * The bytes of a body, counted.
 *
 * @module
 */

/** How many bytes of a body came in, and how many are to come. */
export class ByteCounter {
  /** The length that the response names, if it names one. */
  readonly expected: number | undefined;
  /** Bytes so far. */
  received = 0;

  readonly #status: number;

  /**
   * Starts at none.
   *
   * @param contentLength Value of `content-length`.
   * @param status Status of the response.
   */
  constructor(contentLength: string | undefined, status = 200) {
    this.#status = status;
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
    const bytes = this.expected === undefined
      ? `${this.received} bytes`
      : `${this.received} of ${this.expected} bytes`;
    // A refusal says more by its status than by how it broke off.
    return this.#status < 300
      ? bytes
      : `${bytes} of an answer with status ${this.#status}`;
  }
}
