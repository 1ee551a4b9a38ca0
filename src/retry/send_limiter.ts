import { MeasuredRate } from "./measured_rate.ts";
import { SendRate } from "./send_rate.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Tokens per second before anything is known. */
const FIRST_RATE = 1;

/** How far above the measured rate a client may be allowed to send. */
const MAX_LEAD = 2;

/** Parts of a token that sums of fractions may lose. */
const ROUNDING = 1e-6;

/** A token that an attempt has taken, perhaps before it came in. */
export interface SendToken {
  /**
   * Tells how long it takes until the token is there, at the rate of now.
   *
   * @param atSeconds The time.
   * @returns Seconds, 0 if it is there.
   */
  remaining(atSeconds: number): number;
  /**
   * Joins the line of those who wait.
   *
   * @param wake Called once, when this token is the next one and its time has changed.
   */
  onChange(wake: () => void): void;
  /**
   * Leaves the line; a token that did not come in goes to the next one.
   *
   * @param atSeconds The time.
   */
  leave(atSeconds: number): void;
}

/**
 * Holds a client back to a rate that its service bears. It watches from the
 * first attempt on, and starts to limit at the first throttling error.
 *
 * Those who wait are served in order, and at the rate of now: who took a token
 * before the rate changed waits for it at the new rate, as in botocore.
 *
 * Source: client rate limiter of the adaptive mode, botocore 1.43.
 */
export class SendLimiter {
  readonly #measured: MeasuredRate;
  readonly #rate: SendRate;
  readonly #bucket: TokenBucket;
  /** Who waits, in order; only the first one needs to know of changes. */
  readonly #line = new Map<Waiter, (() => void) | undefined>();
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
   * @returns Seconds until the attempt may be sent, at the rate of now.
   */
  admit(atSeconds: number): number {
    const waitSeconds = this.estimate(atSeconds);
    if (this.#enabled) this.#bucket.take(1);
    return waitSeconds;
  }

  /**
   * Tells how long an attempt that asked now would wait, and takes nothing.
   *
   * @param atSeconds The time.
   * @returns Seconds.
   */
  estimate(atSeconds: number): number {
    return this.#enabled ? this.#bucket.waitSeconds(1, atSeconds) : 0;
  }

  /**
   * Takes the token of one attempt, and lets it wait in line.
   *
   * @param atSeconds The time.
   * @returns The token; `undefined` where the attempt needs none.
   */
  reserve(atSeconds: number): SendToken | undefined {
    if (!this.#enabled) return undefined;
    this.#bucket.take(1);
    const place: Waiter = { number: this.#bucket.taken };
    const remaining = (at: number): number => {
      const missing = this.#bucket.missingFor(place.number, at);
      return missing <= ROUNDING ? 0 : missing / this.#bucket.fillRate;
    };
    remaining(atSeconds);
    return {
      remaining,
      onChange: (wake) => {
        this.#line.set(place, wake);
      },
      leave: (at) => this.#leave(place, remaining(at) > 0),
    };
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
    this.#wakeFirst();
  }

  #leave(left: Waiter, unused: boolean): void {
    this.#line.delete(left);
    if (unused) {
      this.#bucket.giveBack(1);
      // Whoever waits for a later token waits for the one before it now.
      for (const place of this.#line.keys()) {
        if (place.number > left.number) place.number--;
      }
    }
    this.#wakeFirst();
  }

  #wakeFirst(): void {
    for (const [place, wake] of this.#line) {
      if (wake === undefined) return;
      // It asks again, and stays the first one meanwhile.
      this.#line.set(place, undefined);
      wake();
      return;
    }
  }
}

/** The number of a token, counted from the first one ever taken. */
interface Waiter {
  number: number;
}
