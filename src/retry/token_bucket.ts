/** Slowest rate at which a bucket fills, in tokens per second. */
const MIN_RATE = 0.5;

/** Smallest bucket: a single token must fit in. */
const MIN_CAPACITY = 1;

/**
 * Tokens that come in at a steady rate, up to a limit.
 *
 * It has no clock: every method that depends on the time is told it, in seconds
 * on any scale.
 *
 * Source: token bucket of the adaptive mode, botocore 1.43.
 */
export class TokenBucket {
  #fillRate: number;
  #capacity: number;
  #available = 0;
  #taken = 0;
  #filledAt: number;

  /**
   * Makes an empty bucket.
   *
   * @param ratePerSecond Tokens that come in per second.
   * @param atSeconds The time.
   */
  constructor(ratePerSecond: number, atSeconds: number) {
    this.#fillRate = Math.max(ratePerSecond, MIN_RATE);
    this.#capacity = Math.max(ratePerSecond, MIN_CAPACITY);
    this.#filledAt = atSeconds;
  }

  /** Tokens that come in per second, at least 0.5. */
  get fillRate(): number {
    return this.#fillRate;
  }

  /** Most tokens that it keeps. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Tokens that were taken so far, also those that are still to come. */
  get taken(): number {
    return this.#taken;
  }

  /** Tokens in it when the time was last told; below 0 where some are owed. */
  get available(): number {
    return this.#available;
  }

  /**
   * Changes the rate, and the capacity to one second of it. What came in until
   * now came in at the old rate.
   *
   * @param ratePerSecond Tokens that come in per second.
   * @param atSeconds The time.
   */
  setRate(ratePerSecond: number, atSeconds: number): void {
    this.#fill(atSeconds);
    this.#fillRate = Math.max(ratePerSecond, MIN_RATE);
    this.#capacity = Math.max(ratePerSecond, MIN_CAPACITY);
    this.#available = Math.min(this.#available, this.#capacity);
  }

  /**
   * Says how long it takes until there are enough tokens.
   *
   * @param tokens How many.
   * @param atSeconds The time.
   * @returns Seconds, 0 if they are there.
   */
  waitSeconds(tokens: number, atSeconds: number): number {
    this.#fill(atSeconds);
    return Math.max(0, (tokens - this.#available) / this.#fillRate);
  }

  /**
   * Takes tokens, also ones that are still to come: whoever takes those waits
   * for them first, and later askers wait behind.
   *
   * @param tokens How many.
   */
  take(tokens: number): void {
    this.#available -= tokens;
    this.#taken += tokens;
  }

  /**
   * Gives back tokens that were taken and are not used.
   *
   * @param tokens How many.
   */
  giveBack(tokens: number): void {
    this.#available += tokens;
    this.#taken -= tokens;
  }

  /**
   * Says how much is still to come in until a token that was taken is there.
   *
   * @param number Its number, which {@linkcode taken} was after taking it.
   * @param atSeconds The time.
   * @returns Tokens, 0 or less if it is there.
   */
  missingFor(number: number, atSeconds: number): number {
    this.#fill(atSeconds);
    return number - this.#taken - this.#available;
  }

  #fill(atSeconds: number): void {
    // A clock that was set back must not drain the bucket.
    const elapsed = Math.max(0, atSeconds - this.#filledAt);
    this.#available = Math.min(
      this.#capacity,
      this.#available + elapsed * this.#fillRate,
    );
    this.#filledAt = atSeconds;
  }
}
