/** How steeply the rate grows again. */
export const SCALE = 0.4;

/** What is left of the rate after a throttling error. */
export const BETA = 0.7;

/**
 * The rate at which a client may send: it drops when the service throttles, goes
 * quickly back to near where that happened, lingers there, then probes for more.
 * Arithmetic only, in attempts per second.
 *
 * Source: CUBIC window growth (RFC 9438, section 4.2) as the adaptive mode of
 * botocore 1.43 applies it to rates.
 */
export class SendRate {
  #lastMax = 0;
  #plateauSeconds = 0;
  #lastFailSeconds: number;

  /**
   * Starts from nothing.
   *
   * @param atSeconds The time, on any scale.
   */
  constructor(atSeconds: number) {
    this.#lastFailSeconds = atSeconds;
  }

  /** Rate at which the service last throttled. */
  get lastMax(): number {
    return this.#lastMax;
  }

  /** Time that the way back to that rate takes, in seconds. */
  get plateauSeconds(): number {
    return this.#plateauSeconds;
  }

  /** When the service last throttled. */
  get lastFailSeconds(): number {
    return this.#lastFailSeconds;
  }

  /**
   * Gives the rate after an attempt that was not throttled.
   *
   * @param atSeconds The time.
   * @returns The new rate.
   */
  grown(atSeconds: number): number {
    const elapsed = atSeconds - this.#lastFailSeconds;
    return SCALE * (elapsed - this.#plateauSeconds) ** 3 + this.#lastMax;
  }

  /**
   * Gives the rate after a throttled attempt.
   *
   * @param perSecond Rate at which that happened.
   * @param atSeconds The time.
   * @returns The new rate.
   */
  cut(perSecond: number, atSeconds: number): number {
    this.#lastMax = perSecond;
    this.#plateauSeconds = Math.cbrt(perSecond * (1 - BETA) / SCALE);
    this.#lastFailSeconds = atSeconds;
    return perSecond * BETA;
  }
}
