/**
 * One request under its time limits and the caller's signal.
 *
 * @module
 */
import { type Timeline, TimeoutError } from "../foundation/errors.ts";
import type { HttpRequest } from "../ports/http.ts";
import { describe } from "./request_url.ts";
import { LONGEST_TIMER_MS, type Timing } from "./runtime.ts";
import type { WireBody } from "./wire_body.ts";

/** What else there is to an answer. */
export interface FollowOptions<T> {
  /** What the server may take on top of its longest silence, in milliseconds. */
  readonly allowanceMs?: number;
  /** Takes an answer that comes after the end. */
  readonly late?: (value: T) => void;
  /** Whether a failure is the end. */
  readonly endsByFailure?: boolean;
}

/**
 * An exchange from its start to the end of its body. It ends once: by success,
 * failure, a time limit or the caller's signal; from then on it has no timer
 * and no listener.
 *
 * The clock of both limits runs only during {@linkcode wait}: who takes an hour
 * between two reads is no silent server.
 */
export class InFlightRequest {
  /** What is sent. */
  readonly request: HttpRequest;
  /** The body so far in words, for errors; set by what reads it. */
  counter: { toString(): string } | undefined;
  /** The body of the request, where it can be watched; it ends with the exchange. */
  upload: WireBody | undefined;
  /** Called once, when the exchange ends: with the error, if it was one. */
  onEnd: ((error?: unknown) => void) | undefined;

  readonly #limits: WaitLimits;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #readTimer: ReadTimer;
  #onAbort: (() => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #ended = false;
  #waiting = false;
  #dialledMs: number | undefined;
  /** A request that cannot be watched is handed over at once. */
  #sentMs: number | undefined = 0;
  /** Number of the current wait. */
  #turn = 0;

  /**
   * Starts an exchange.
   *
   * @param request What is sent.
   * @param limits How long the server may be waited for.
   * @param clock Time.
   * @param signal The caller's signal.
   * @throws The signal's reason, if it is aborted.
   */
  constructor(
    request: HttpRequest,
    limits: WaitLimits,
    clock: Timing,
    signal: AbortSignal | undefined,
  ) {
    if (signal !== undefined) {
      signal.throwIfAborted();
      this.#onAbort = () => this.abort(signal.reason);
      signal.addEventListener("abort", this.#onAbort);
    }
    this.request = request;
    this.#limits = limits;
    this.#callerSignal = signal;
    this.#readTimer = new ReadTimer(
      limits,
      clock,
      (limit) => this.abort(this.#timeout(limit)),
      () => this.upload?.aliveMs(limits.readTimeoutMs) ?? 0,
    );
  }

  /** Ends what the exchange consists of. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the server is being waited for. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /**
   * Waits for the server.
   *
   * @param answer What is waited for.
   * @throws What `answer` throws, {@linkcode TimeoutError}, or the signal's reason.
   */
  wait<T>(answer: Promise<T>): Promise<T> {
    return this.follow(answer, same);
  }

  /**
   * Waits for the server and goes on with what it sends. A wait that starts there
   * takes the timer of this one over.
   *
   * @param answer What is waited for.
   * @param next Makes the result of the answer.
   * @param options What else there is to an answer.
   * @throws What `answer` throws, {@linkcode TimeoutError}, or the signal's reason.
   */
  follow<T, R>(
    answer: Promise<T>,
    next: (value: T) => R,
    options: FollowOptions<T> = {},
  ): Promise<R> {
    const turn = ++this.#turn;
    this.#waiting = true;
    this.#readTimer.start(options.allowanceMs);
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#ended) this.#giveUp(this.signal.reason);
      answer.then(
        (value) => {
          if (this.#ended) return options.late?.(value);
          let result: R;
          try {
            result = next(value);
          } catch (error) {
            // An answer that is none: what waits has to be told.
            if (turn === this.#turn) this.#stopWaiting();
            return reject(this.#failure(error, options));
          }
          if (turn === this.#turn) {
            this.#readTimer.heard();
            this.#stopWaiting();
          }
          resolve(result);
        },
        (error) => {
          if (turn === this.#turn) this.#stopWaiting();
          reject(this.#failure(error, options));
        },
      );
    });
  }

  #failure<T>(error: unknown, { endsByFailure }: FollowOptions<T>): unknown {
    if (!endsByFailure) return error;
    if (this.signal.aborted) return this.signal.reason;
    this.place(error);
    this.end(error);
    return error;
  }

  /** Says that something came from the server. */
  heard(): void {
    this.#readTimer.heard();
  }

  /** Says that a connection to the server is open. */
  readonly dialled = (): void => {
    this.#dialledMs = this.#readTimer.elapsedMs();
  };

  /** Says whether the whole request is handed over. */
  set sent(sent: boolean) {
    this.#sentMs = sent ? this.#readTimer.elapsedMs() : undefined;
  }

  /** Stops the clock within a wait: for now it is not the server's turn. */
  pause(): void {
    this.#readTimer.pause();
  }

  /** Starts the clock within a wait. */
  resume(): void {
    this.#readTimer.resume();
  }

  /**
   * Ends the exchange and all that hangs on it.
   *
   * @param reason What a pending wait, and any later one, throws.
   */
  abort(reason: unknown): void {
    if (this.#ended) return;
    this.place(reason);
    this.end(reason);
    this.#giveUp(reason);
    this.#controller.abort(reason);
  }

  /** Tells an error, where it is one of a time limit, how far the exchange came. */
  place(error: unknown): void {
    if (!(error instanceof TimeoutError)) return;
    // A request that cannot have been sent was only handed to the platform.
    const reached = error.maybeSent ? this.#timeline() : {};
    error.place({
      ...this.#dialledMs === undefined ? {} : { dialledMs: this.#dialledMs },
      ...reached,
    });
  }

  /**
   * Marks the end.
   *
   * @param error What went wrong, if something did.
   */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#onAbort !== undefined) {
      this.#callerSignal?.removeEventListener("abort", this.#onAbort);
    }
    this.upload?.close(error ?? new DOMException(ANSWERED, "AbortError"));
    this.onEnd?.(error);
  }

  #giveUp(reason: unknown): void {
    const reject = this.#reject;
    this.#stopWaiting();
    reject?.(reason);
  }

  #stopWaiting(): void {
    this.#readTimer.stop();
    this.#waiting = false;
    this.#reject = undefined;
  }

  #timeline(): Timeline {
    const sentMs = this.#sentMs;
    return {
      ...sentMs === undefined ? {} : { sentMs },
      ...this.#readTimer.heardMs(),
    };
  }

  #timeout(limit: "attempt" | "read"): TimeoutError {
    const setting = limit === "read" ? "readTimeoutMs" : "attemptTimeoutMs";
    const limitMs = this.#limits[setting];
    const why = limit === "read"
      ? `the server was silent for ${limitMs} ms`
      : `the attempt took more than ${limitMs} ms`;
    const progress = this.counter === undefined ? "" : ` after ${this.counter}`;
    return new TimeoutError(
      limit,
      limitMs,
      `Cannot finish ${describe(this.request)}: ${why}${progress} (${setting})`,
      { maybeSent: true },
    );
  }
}

/** Why the rest of a body is not wanted, where nothing failed. */
const ANSWERED = "The answer has come";

function same<T>(value: T): T {
  return value;
}

/** How long the server may be waited for, in milliseconds. */
export interface WaitLimits {
  /** Its longest silence. */
  readonly readTimeoutMs: number;
  /** The sum of all waits. */
  readonly attemptTimeoutMs: number;
}

/**
 * Counts the silence of a server, and the sum of all waits for it, between
 * {@linkcode start} and {@linkcode stop}, pauses left out. It has one timer, and
 * that only while it counts: when it fires, it looks whether something came
 * meanwhile.
 */
export class ReadTimer {
  readonly #limits: WaitLimits;
  readonly #clock: Timing;
  readonly #onEnd: (limit: "attempt" | "read") => void;
  readonly #aliveMs: () => number;
  #counting = false;
  #pausedAt: number | undefined;
  #timer: Disposable | undefined;
  #startedAt = 0;
  #heardAt = 0;
  #firstStartAt: number | undefined;
  #firstHeardAt: number | undefined;
  #lastHeardAt = 0;
  #attemptLeftMs: number;

  /**
   * Makes one that does not count yet.
   *
   * @param limits When it ends.
   * @param clock Time.
   * @param onEnd Called when it ends, with the limit that passed.
   * @param aliveMs Last sign of life that is known elsewhere, in milliseconds
   * since 1970. It is asked for only when a silence seems too long.
   */
  constructor(
    limits: WaitLimits,
    clock: Timing,
    onEnd: (limit: "attempt" | "read") => void,
    aliveMs: () => number = () => 0,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#aliveMs = aliveMs;
    this.#attemptLeftMs = limits.attemptTimeoutMs;
  }

  /**
   * Starts to count; if it does already, the silence starts anew.
   *
   * @param allowanceMs What the server may take on top of its longest silence.
   */
  start(allowanceMs = 0): void {
    if (this.#counting) {
      this.resume();
      return this.heard();
    }
    const now = this.#clock.now().getTime();
    this.#counting = true;
    this.#startedAt = now;
    this.#firstStartAt ??= now;
    this.#heardAt = now + allowanceMs;
    this.#arm(now);
  }

  /** Says that something came from the server. */
  heard(): void {
    this.#heardAt = this.#now();
    this.#lastHeardAt = this.#heardAt;
    this.#firstHeardAt ??= this.#heardAt;
  }

  /** Time since the first start, in milliseconds. */
  elapsedMs(): number {
    const now = this.#now();
    return now - (this.#firstStartAt ?? now);
  }

  /** When something came from the server, since the first start. */
  heardMs(): Pick<Timeline, "firstByteMs" | "lastByteMs"> {
    const start = this.#firstStartAt;
    const first = this.#firstHeardAt;
    if (start === undefined || first === undefined) return {};
    return {
      firstByteMs: first - start,
      lastByteMs: this.#lastHeardAt - start,
    };
  }

  /** Leaves out what follows. The timer stays: most pauses are shorter than it. */
  pause(): void {
    if (this.#counting) this.#pausedAt ??= this.#now();
  }

  /** Ends a pause; the silence starts anew. */
  resume(): void {
    if (this.#pausedAt === undefined) return;
    const now = this.#now();
    this.#startedAt += Math.max(0, now - this.#pausedAt);
    this.#pausedAt = undefined;
    this.#heardAt = now;
    if (this.#timer === undefined) this.#arm(now);
  }

  /** Stops to count. */
  stop(): void {
    if (!this.#counting) return;
    this.resume();
    this.#counting = false;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#attemptLeftMs === Infinity) return;
    this.#attemptLeftMs -= this.#now() - this.#startedAt;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #arm(now: number): void {
    const ms = Math.min(this.#silenceLeftMs(now), this.#totalLeftMs(now));
    if (ms > LONGEST_TIMER_MS) return;
    this.#timer = this.#clock.timer(ms, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#pausedAt !== undefined) return;
    const now = this.#now();
    if (now < this.#startedAt) {
      // The machine's clock was put back: what it said before is worth nothing.
      this.#startedAt = this.#heardAt = now;
    }
    if (this.#silenceLeftMs(now) <= 0) {
      this.#heardAt = Math.max(this.#heardAt, this.#aliveMs());
    }
    if (this.#totalLeftMs(now) <= 0) this.#onEnd("attempt");
    else if (this.#silenceLeftMs(now) <= 0) this.#onEnd("read");
    else this.#arm(now);
  };

  #silenceLeftMs(now: number): number {
    return this.#heardAt + this.#limits.readTimeoutMs - now;
  }

  #totalLeftMs(now: number): number {
    return this.#startedAt + this.#attemptLeftMs - now;
  }
}
