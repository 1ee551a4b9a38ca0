/**
 * A number of tokens that retries are paid with.
 *
 * Calls that fail take tokens and calls that succeed bring some back, so that an
 * outage does not turn into a storm of retries.
 */
export class RetryQuota {
  readonly #size: number;
  #available: number;

  /**
   * Makes a full quota.
   *
   * @param size Tokens in it. Default: 500.
   */
  constructor(size = 500) {
    this.#size = size;
    this.#available = size;
  }

  /** Tokens left. */
  get available(): number {
    return this.#available;
  }

  /**
   * Takes tokens, or none if there are not enough.
   *
   * @param tokens How many, 0 or more.
   * @returns Whether they were taken.
   */
  take(tokens: number): boolean {
    if (tokens > this.#available) return false;
    this.#available -= tokens;
    return true;
  }

  /**
   * Gives tokens back. What would overfill the quota is lost.
   *
   * @param tokens How many, 0 or more.
   */
  give(tokens: number): void {
    this.#available = Math.min(this.#size, this.#available + tokens);
  }
}
