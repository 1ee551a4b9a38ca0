/** Length of the slices of time in which answers are counted. */
const SLICE_SECONDS = 0.5;

/** Weight of the newest slices; the rest is what was measured before. */
const SMOOTHING = 0.8;

/**
 * How many attempts per second a client makes, as seen from their ends.
 *
 * Source: rate clocker of the adaptive mode, botocore 1.43.
 */
export class MeasuredRate {
  #slice: number;
  #count = 0;
  #perSecond = 0;

  /**
   * Starts to measure.
   *
   * @param atSeconds The time, on any scale.
   */
  constructor(atSeconds: number) {
    this.#slice = Math.floor(atSeconds);
  }

  /** Attempts per second, 0 as long as nothing was measured. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /**
   * Counts one attempt. The rate changes only when a new slice has begun.
   *
   * @param atSeconds The time.
   */
  count(atSeconds: number): void {
    this.#count++;
    const slice = Math.floor(atSeconds / SLICE_SECONDS) * SLICE_SECONDS;
    if (slice <= this.#slice) return;
    const newest = this.#count / (slice - this.#slice);
    this.#perSecond = SMOOTHING * newest + (1 - SMOOTHING) * this.#perSecond;
    this.#count = 0;
    this.#slice = slice;
  }
}
