/**
 * The adaptive retry mode, and the rate that it keeps to.
 *
 * @module
 */
import {
  type AwsError,
  ServiceError,
  TransportError,
} from "../foundation/errors.ts";
import type {
  RetriedCall,
  RetryGrant,
  RetryRefusal,
  RetryStrategy,
  RetryTicket,
  RetryTurn,
} from "../ports/retry.ts";
import {
  classify,
  first,
  StandardRetry,
  type StandardRetryOptions,
} from "./standard.ts";

/** Settings of {@linkcode AdaptiveRetry}. */
export interface AdaptiveRetryOptions extends StandardRetryOptions {
  /** Time in milliseconds, on any scale. Default: `performance.now`. */
  readonly now?: () => number;
}

/** What a ticket waits for before its attempt is sent. */
interface Wait {
  /** The backoff, in milliseconds. */
  readonly backoffMs: number;
  /** The delay of the grant, in milliseconds. */
  readonly delayMs: number;
  /** The token, where it was taken with the grant. */
  readonly token?: SendToken;
}

/**
 * The adaptive retry mode: the standard mode, and a send rate for first attempts
 * and retries alike that follows what the service bears.
 *
 * A retry takes its token after its backoff. A grant's `delayMs` is an estimate,
 * as the rate changes while attempts wait; {@linkcode turn} returns the wait
 * itself.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, adaptive mode;
 * order of the waits as in botocore 1.43.
 */
export class AdaptiveRetry implements RetryStrategy {
  /** The mode's name. */
  readonly mode = "adaptive";
  /** Attempts a call gets in all, the first one included. */
  readonly maxAttempts: number;

  readonly #standard: StandardRetry;
  readonly #limiter: SendLimiter;
  readonly #now: () => number;
  readonly #waits = new WeakMap<RetryTicket, Wait>();

  /**
   * Makes a strategy that does not limit the rate yet.
   *
   * @param options What differs from the defaults.
   * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1.
   */
  constructor(options: AdaptiveRetryOptions = {}) {
    this.#standard = new StandardRetry(options);
    this.maxAttempts = this.#standard.maxAttempts;
    this.#now = options.now ?? (() => performance.now());
    this.#limiter = new SendLimiter(this.#seconds());
  }

  begin(): RetryGrant {
    const at = this.#seconds();
    const token = this.#limiter.reserve(at);
    if (token === undefined) return first(0);
    const delayMs = token.remaining(at) * 1_000;
    const grant = first(delayMs);
    this.#waits.set(grant.ticket, { backoffMs: 0, delayMs, token });
    return grant;
  }

  afterFailure(
    ticket: RetryTicket,
    failure: AwsError,
    call: RetriedCall,
  ): RetryGrant | RetryRefusal {
    this.#note(failure, call);
    const answer = this.#standard.afterFailure(ticket, failure, call);
    if (answer.kind === "stop" || !this.#limiter.enabled) return answer;
    const backoffMs = answer.delayMs;
    const tokenMs = this.#limiter.estimate(this.#seconds()) * 1_000;
    const delayMs = Math.max(backoffMs, tokenMs);
    this.#waits.set(answer.ticket, { backoffMs, delayMs });
    return { ...answer, delayMs };
  }

  turn({ ticket, delayMs }: RetryGrant): RetryTurn | undefined {
    const wait = this.#waits.get(ticket);
    if (wait === undefined) return undefined;
    // Each ticket has one turn.
    this.#waits.delete(ticket);
    // Someone may have lengthened the wait on the way.
    let backoffMs = delayMs > wait.delayMs ? delayMs : wait.backoffMs;
    let { token } = wait;
    return {
      remainingMs: () => {
        if (backoffMs > 0) {
          const waited = backoffMs;
          backoffMs = 0;
          return waited;
        }
        const at = this.#seconds();
        token ??= this.#limiter.reserve(at);
        // Clocks and timers count whole milliseconds.
        return Math.ceil((token?.remaining(at) ?? 0) * 1_000);
      },
      onChange: (wake) => token?.onChange(wake),
      end: () => token?.leave(this.#seconds()),
    };
  }

  afterSuccess(ticket: RetryTicket): void {
    this.#limiter.served(this.#seconds());
    this.#standard.afterSuccess(ticket);
  }

  #note(failure: AwsError, { service }: RetriedCall): void {
    if (classify(failure, service) === "throttling") {
      this.#limiter.throttled(this.#seconds());
    } else if (
      failure instanceof ServiceError || failure instanceof TransportError
    ) {
      // Other errors say nothing about how many requests the service gets.
      this.#limiter.served(this.#seconds());
    }
  }

  #seconds(): number {
    return this.#now() / 1_000;
  }
}

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
      // Those who wait for a later token wait for the one before it now.
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

/** Slowest rate at which a bucket fills, in tokens per second. */
const MIN_RATE = 0.5;

/** Smallest bucket: a single token must fit in. */
const MIN_CAPACITY = 1;

/**
 * Tokens that come in at a steady rate, up to a limit.
 *
 * It has no clock: every method that depends on the time takes it, in seconds
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

  /** Tokens in it at the last known time; below 0 where some are owed. */
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
   * Takes tokens, also ones that are still to come: who takes those waits
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
