/**
 * One exchange under its time limits and the caller's signal.
 *
 * @module
 */
import { type Timeline, TimeoutError } from "../foundation/errors.ts";
import type { HttpRequest } from "../ports/http.ts";
import { ReadTimer, type WaitLimits } from "./read_timer.ts";
import { describe } from "./request_url.ts";
import type { Timing } from "./runtime.ts";
import type { ByteCounter } from "./byte_counter.ts";
import type { WireBody } from "./wire_body.ts";

/** What an {@linkcode InFlightRequest} is made from. */
export interface ExchangeParts {
  /** What is sent. */
  readonly request: HttpRequest;
  /** How long the server may be waited for. */
  readonly limits: WaitLimits;
  /** Time. */
  readonly clock: Timing;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
}

/** What else there is to an answer. */
export interface FollowOptions<T> {
  /** What the server may take on top of its longest silence, in milliseconds. */
  readonly allowanceMs?: number;
  /** Takes an answer that comes after the end. */
  readonly late?: (value: T) => void;
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
  /** The body so far, for errors; set by whoever reads it. */
  tally: ByteCounter | undefined;
  /** The body of the request, where it can be watched; it ends with the exchange. */
  upload: WireBody | undefined;
  /** Called once, when the exchange ends: with the error, if it was one. */
  onEnd: ((error?: unknown) => void) | undefined;

  readonly #parts: ExchangeParts;
  readonly #controller = new AbortController();
  readonly #patience: ReadTimer;
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
   * @param parts What it is made from.
   * @throws The signal's reason, if it is aborted.
   */
  constructor(parts: ExchangeParts) {
    parts.signal?.throwIfAborted();
    parts.signal?.addEventListener("abort", this.#onAbort);
    this.request = parts.request;
    this.#parts = parts;
    this.#patience = new ReadTimer(
      parts.limits,
      parts.clock,
      (limit) => this.abort(this.#timeout(limit)),
      () => this.upload?.aliveMs(parts.limits.readTimeoutMs) ?? 0,
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
    this.#patience.start(options.allowanceMs);
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
            // An answer that is none: whoever waits has to be told.
            if (turn === this.#turn) this.#stopWaiting();
            return reject(error);
          }
          if (turn === this.#turn) {
            this.#patience.heard();
            this.#stopWaiting();
          }
          resolve(result);
        },
        (error) => {
          if (turn === this.#turn) this.#stopWaiting();
          reject(error);
        },
      );
    });
  }

  /** Says that something came from the server. */
  heard(): void {
    this.#patience.heard();
  }

  /** Says that a connection to the server is open. */
  readonly dialled = (): void => {
    this.#dialledMs = this.#patience.elapsedMs();
  };

  /** Says whether the whole request is handed over. */
  set sent(sent: boolean) {
    this.#sentMs = sent ? this.#patience.elapsedMs() : undefined;
  }

  /** Stops the clock within a wait: for now it is not the server's turn. */
  pause(): void {
    this.#patience.pause();
  }

  /** Starts the clock within a wait. */
  resume(): void {
    this.#patience.resume();
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
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
    this.upload?.close(error ?? new DOMException(ANSWERED, "AbortError"));
    this.onEnd?.(error);
  }

  readonly #onAbort = (): void => this.abort(this.#parts.signal?.reason);

  #giveUp(reason: unknown): void {
    const reject = this.#reject;
    this.#stopWaiting();
    reject?.(reason);
  }

  #stopWaiting(): void {
    this.#patience.stop();
    this.#waiting = false;
    this.#reject = undefined;
  }

  #timeline(): Timeline {
    const sentMs = this.#sentMs;
    return {
      ...sentMs === undefined ? {} : { sentMs },
      ...this.#patience.heardMs(),
    };
  }

  #timeout(limit: "attempt" | "read"): TimeoutError {
    const setting = limit === "read" ? "readTimeoutMs" : "attemptTimeoutMs";
    const limitMs = this.#parts.limits[setting];
    const why = limit === "read"
      ? `the server was silent for ${limitMs} ms`
      : `the attempt took more than ${limitMs} ms`;
    const progress = this.tally === undefined ? "" : ` after ${this.tally}`;
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
