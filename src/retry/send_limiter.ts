import { MeasuredRate } from "./measured_rate.ts";
import { SendRate } from "./send_rate.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Tokens per second before anything is known. */
const FIRST_RATE = 1;

/** How far above the measured rate a client may be allowed to send. */
const MAX_LEAD = 2;

/**
 * Holds a client back to a rate that its service bears. It watches from the
 * first attempt on, and starts to limit at the first throttling error.
 *
 * Source: client rate limiter of the adaptive mode, botocore 1.43.
 */
export class SendLimiter {
  readonly #measured: MeasuredRate;
  readonly #rate: SendRate;
  readonly #bucket: TokenBucket;
  #enabled = false;

  /**
   * Makes a limiter that does not limit yet.
   *
   * @param atSeconds The time, on any scale.
   */
  constructor(atSeconds: number) {
    this.#measured = new MeasuredRate(atSeconds);
    this.#rate = new SendRate(atSeconds);
    this.#bucket = new TokenBucket(FIRST_RATE, atSeconds);
  }

  /** Whether it limits. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Attempts per second, as measured. */
  get measuredRate(): number {
    return this.#measured.perSecond;
  }

  /** What the attempts take their tokens from. */
  get bucket(): Pick<TokenBucket, "available" | "capacity" | "fillRate"> {
    return this.#bucket;
  }

  /**
   * Takes the token of one attempt.
   *
   * @param atSeconds The time.
   * @returns Seconds until the attempt may be sent.
   */
  admit(atSeconds: number): number {
    if (!this.#enabled) return 0;
    const waitSeconds = this.#bucket.waitSeconds(1, atSeconds);
    this.#bucket.take(1);
    return waitSeconds;
  }

  /**
   * Notes an attempt that ended in any way but throttled.
   *
   * @param atSeconds The time.
   */
  served(atSeconds: number): void {
    this.#measured.count(atSeconds);
    this.#allow(this.#rate.grown(atSeconds), atSeconds);
  }

  /**
   * Notes an attempt that was throttled.
   *
   * @param atSeconds The time.
   */
  throttled(atSeconds: number): void {
    this.#measured.count(atSeconds);
    const sending = this.#enabled
      ? Math.min(this.measuredRate, this.#bucket.fillRate)
      : this.measuredRate;
    this.#enabled = true;
    this.#allow(this.#rate.cut(sending, atSeconds), atSeconds);
  }

  #allow(perSecond: number, atSeconds: number): void {
    const lead = MAX_LEAD * this.measuredRate;
    this.#bucket.setRate(Math.min(perSecond, lead), atSeconds);
  }
}
