/**
 * One request under its time limits and the caller's signal, and any transport
 * with such limits.
 *
 * @module
 */
import type { Deadline } from "../foundation/deadline_timer.ts";
import {
  type TimeLimit,
  type Timeline,
  TimeoutError,
} from "../foundation/errors.ts";
import type {
  HeaderMap,
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import { bodyFault, describe } from "./request_url.ts";
import {
  type BodyParts,
  ForgottenBodies,
  IncomingBody,
} from "./response_body.ts";
import { checkLimit, type Timers, timersOf, type Timing } from "./runtime.ts";
import type { UploadLine, WireBody } from "./wire_body.ts";

/** Settings of {@linkcode withDeadlines}. */
export interface DeadlineOptions {
  /**
   * Longest silence of the server, in milliseconds, where a call names none.
   * `Infinity`: no limit. Default: 60 000.
   */
  readonly readTimeoutMs?: number;
  /**
   * Longest time that one attempt waits for the server, in milliseconds, where a
   * call names none. Default: `Infinity`, no limit.
   */
  readonly attemptTimeoutMs?: number;
  /** Where it is told that a body was forgotten. Default: nowhere. */
  readonly logger?: Logger;
}

/** As in boto3. */
const READ_TIMEOUT_MS = 60_000;

/**
 * Some transports do not tell how far they are with a body of bytes. There the
 * server is excused while one goes out at 125 bytes per millisecond: 1 Mbit/s.
 */
const SLOWEST_UPLOAD = 125;

/** The two limits that need nothing from a transport. */
export const LIMITS: readonly TimeLimit[] = ["attempt", "read"];

/** Of fewer bytes nothing can be seen on their way: they leave in one piece. */
const SHORT_UPLOAD = 64 * 1_024;

/**
 * Gives a transport the limits `read` and `attempt`, bodies that end complete
 * or with a {@linkcode TransportError}, and an end to bodies that are forgotten.
 *
 * @param transport The transport. It need not care about time, only for its signal.
 * @param clock Time.
 * @param options The limits.
 * @returns A transport; the same one, if it keeps these limits itself.
 */
export function withDeadlines(
  transport: Transport,
  clock: Timing,
  options: DeadlineOptions = {},
): Transport {
  const kept = transport.limits ?? [];
  return LIMITS.every((limit) => kept.includes(limit))
    ? transport
    : new Deadlines(transport, clock, options);
}

/** The transport of {@linkcode withDeadlines}. */
class Deadlines implements Transport {
  readonly limits: readonly TimeLimit[];
  readonly #inner: Transport;
  readonly #exchanges: Exchanges;

  constructor(inner: Transport, clock: Timing, options: DeadlineOptions) {
    this.limits = [...inner.limits ?? [], ...LIMITS];
    this.#inner = inner;
    this.#exchanges = new Exchanges(options, {
      timers: timersOf(clock),
      heedsSignal: false,
      watchesBytes: false,
    });
  }

  async send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    const { body: content } = request;
    // Of bytes a transport does not tell how far it is.
    if (content !== undefined && !(content instanceof Uint8Array)) {
      uploads ??= await import("./wire_body.ts");
    }
    const exchange = this.#exchanges.begin(request, options, uploads);
    try {
      const { signal, upload } = exchange;
      const sent = this.#inner.send(
        upload === undefined ? request : { ...request, body: upload },
        { ...options, signal, onDialled: () => exchange.onDialled() },
      );
      exchange.start();
      const { status, headers, body, decoded } = await exchange.wait(
        sent,
        dropLate,
      );
      exchange.heard();
      return this.#exchanges.answer(exchange, status, headers, body, decoded);
    } catch (error) {
      throw exchange.fail(error);
    }
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

/** What watches over the bodies of requests. */
export type Uploads = typeof import("./wire_body.ts");

/** What only requests with a body need; loaded with the first. */
let uploads: Uploads | undefined;

/** A transport that does not care for its signal may still answer. */
function dropLate({ body }: HttpResponse): void {
  body?.cancel().catch(() => {});
}

/** What the exchanges of one transport have in common. */
interface Traits extends ExchangeParts {
  /** Whether the transport takes bytes as a {@linkcode WireBody}, where the platform sends such. */
  readonly watchesBytes: boolean;
}

/** The exchanges of one transport: gives them their limits and their bodies. */
export class Exchanges {
  readonly #traits: Traits;
  readonly #defaults: WaitLimits;
  readonly #forgotten: ForgottenBodies;
  readonly #lines = new Map<string, UploadLine>();

  /**
   * Starts without any.
   *
   * @param options The limits where a call names none.
   * @param traits What they have in common.
   * @throws {ConfigError} If a limit is not more than 0.
   */
  constructor(options: DeadlineOptions, traits: Traits) {
    const {
      readTimeoutMs = READ_TIMEOUT_MS,
      attemptTimeoutMs = Infinity,
      logger,
    } = options;
    this.#traits = traits;
    this.#defaults = checked({ readTimeoutMs, attemptTimeoutMs });
    this.#forgotten = new ForgottenBodies(logger);
  }

  /**
   * Begins an exchange, which does not wait yet.
   *
   * @param request The request.
   * @param options Its signal and its limits.
   * @param uploads What watches over its body. Absent: it has none.
   * @throws The signal's reason if it is aborted, and {@linkcode ConfigError} if a
   * limit makes no sense; then nothing was started.
   */
  begin(
    request: HttpRequest,
    options: SendOptions,
    uploads?: Uploads,
  ): InFlightRequest {
    const { signal, readTimeoutMs, attemptTimeoutMs, onSent } = options;
    let limits = this.#defaults;
    if (readTimeoutMs !== undefined || attemptTimeoutMs !== undefined) {
      limits = checked({
        readTimeoutMs: readTimeoutMs ?? limits.readTimeoutMs,
        attemptTimeoutMs: attemptTimeoutMs ?? limits.attemptTimeoutMs,
      });
    }
    const exchange = new InFlightRequest(request, limits, this.#traits, signal);
    const { body } = request;
    if (body === undefined || body.length === 0) return exchange;
    const isWatched = uploads !== undefined && (
      !(body instanceof Uint8Array) ||
      this.#traits.watchesBytes && uploads.sendsSizedBodies() &&
        (body.length > SHORT_UPLOAD || onSent !== undefined)
    );
    if (isWatched) {
      exchange.upload = this.#watched(uploads, exchange, body, onSent);
    } else if (body instanceof Uint8Array) {
      exchange.allowanceMs = body.length / SLOWEST_UPLOAD;
    }
    return exchange;
  }

  /**
   * What becomes of an answer.
   *
   * @param exchange The exchange, which has heard of it and still waits.
   * @param status Its status.
   * @param headers Its header fields.
   * @param source Its bytes as they come.
   * @param decoded Whether they are not those that the header fields tell of.
   */
  answer(
    exchange: InFlightRequest,
    status: number,
    headers: HeaderMap,
    source: BodyParts["source"] | null,
    decoded = false,
  ): HttpResponse {
    exchange.upload?.answered();
    // Whatever length it names: RFC 9112, section 6.3.
    const { method } = exchange.request;
    const isBare = method === "HEAD" || status === 204 || status === 304;
    if (source === null || isBare) {
      // In browsers an answer to HEAD has one, which is empty.
      source?.cancel().catch(() => {});
      exchange.end();
      return { status, headers, body: null };
    }
    const contentLength = decoded ? undefined : headers["content-length"];
    const body = new IncomingBody(
      { source, contentLength, status },
      exchange,
      this.#forgotten,
    );
    return decoded
      ? { status, headers, body, decoded }
      : { status, headers, body };
  }

  #watched(
    { UploadLine, WireBody }: Uploads,
    exchange: InFlightRequest,
    body: NonNullable<RequestBody>,
    onSent: SendOptions["onSent"],
  ): WireBody {
    const { origin } = exchange.request;
    for (const [host, { bodies }] of this.#lines) {
      if (bodies.size === 0 && host !== origin) this.#lines.delete(host);
    }
    const line = this.#lines.get(origin) ??
      new UploadLine(this.#traits.timers);
    this.#lines.set(origin, line);
    return new WireBody(body, exchange, line, onSent);
  }
}

function checked(limits: WaitLimits): WaitLimits {
  checkLimit("readTimeoutMs", limits.readTimeoutMs);
  checkLimit("attemptTimeoutMs", limits.attemptTimeoutMs);
  return limits;
}

/** How long the server may be waited for, in milliseconds. */
export interface WaitLimits {
  /** Its longest silence. */
  readonly readTimeoutMs: number;
  /** The sum of all waits. */
  readonly attemptTimeoutMs: number;
}

/** What exchanges have in common. */
export interface ExchangeParts {
  /** Time. */
  readonly timers: Timers;
  /** Whether what is waited for fails by itself when the signal is aborted. */
  readonly heedsSignal: boolean;
  /** Called when one ends: with the error, if it was one. */
  readonly onEnd?: (exchange: InFlightRequest, error: unknown) => void;
}

/** Why the rest of a body is not wanted, where nothing failed. */
const ANSWERED = "The answer has come";

/**
 * An exchange from its start to the end of its body. It ends once: by success,
 * failure, a time limit or the caller's signal; from then on it has no timer
 * and no listener.
 *
 * The clock of both limits runs only between {@linkcode start} and
 * {@linkcode stop}, pauses left out: who takes an hour between two reads is no
 * silent server. When the timer fires, it looks whether something came meanwhile.
 */
export class InFlightRequest implements Deadline {
  /** What is sent. */
  readonly request: HttpRequest;
  /** Ends what the exchange consists of. */
  readonly signal: AbortSignal;
  /** Time. */
  readonly timers: Timers;
  /** Whether it is over; set by {@linkcode end}. */
  ended = false;
  /** When the timer fires. */
  dueMs = Infinity;
  /** When it was made. */
  readonly startedMs: number;
  /** What the server may take on top of its longest silence, the first time. */
  allowanceMs = 0;
  /** How long it waited for a connection, in milliseconds. */
  queuedMs = 0;
  /** The body so far in words, for errors; set by what reads it. */
  counter: { toString(): string } | undefined;
  /** The body of the request, where it can be watched; it ends with the exchange. */
  upload: WireBody | undefined;
  /**
   * What the body is read with. It is cancelled with the exchange: Deno forgets the
   * signal of a `fetch` whose answer has begun with the next garbage collection.
   */
  reader: { cancel(reason: unknown): Promise<void> } | undefined;
  /**
   * How long the server may be silent with what nobody has asked for, in
   * milliseconds; a shorter one takes effect with {@linkcode arm}.
   */
  unaskedMs = Infinity;

  readonly #limits: WaitLimits;
  readonly #parts: ExchangeParts;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  #onAbort: (() => void) | undefined;
  /** What rejects the waits that would not notice the signal. */
  #rejects: Set<(reason: unknown) => void> | undefined;
  /** Waits under way. */
  #waits = 0;
  #attemptLeftMs: number;
  // Times; 0 stands for not yet.
  #startedAt = 0;
  #heardAt = 0;
  #pausedAt = 0;
  #firstHeardAt = 0;
  #lastHeardAt = 0;
  #dialledMs: number | undefined;
  /** A request that cannot be watched is handed over at once. */
  #sentMs: number | undefined = 0;

  /**
   * Makes an exchange that does not wait yet.
   *
   * @param request What is sent.
   * @param limits How long the server may be waited for.
   * @param parts What it has in common with others.
   * @param signal The caller's signal.
   * @throws The signal's reason, if it is aborted.
   */
  constructor(
    request: HttpRequest,
    limits: WaitLimits,
    parts: ExchangeParts,
    signal?: AbortSignal,
  ) {
    if (signal !== undefined) this.#listen(signal);
    this.request = request;
    this.signal = this.#controller.signal;
    this.#limits = limits;
    this.timers = parts.timers;
    this.startedMs = parts.timers.now();
    this.#parts = parts;
    this.#callerSignal = signal;
    this.#attemptLeftMs = limits.attemptTimeoutMs;
  }

  #listen(signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#onAbort = () => this.abort(signal.reason);
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Whether the server is being waited for. */
  get waiting(): boolean {
    return this.#waits > 0;
  }

  /**
   * Starts a wait for the server, which {@linkcode stop} or the end stops.
   *
   * @param now The time.
   */
  start(now = this.timers.now()): void {
    if (this.ended) return;
    this.#heardAt = now + this.allowanceMs;
    this.allowanceMs = 0;
    if (this.#waits++ > 0) return;
    this.#startedAt = now;
    this.arm();
  }

  /**
   * Waits for what comes between {@linkcode start} and {@linkcode stop}.
   *
   * @param answer What is waited for.
   * @param late Takes an answer that comes after the end.
   * @throws What `answer` throws, {@linkcode TimeoutError}, or the signal's reason.
   */
  wait<T>(answer: Promise<T>, late?: (value: T) => void): Promise<T> {
    return this.#parts.heedsSignal ? answer : this.#race(answer, late);
  }

  #race<T>(answer: Promise<T>, late?: (value: T) => void): Promise<T> {
    const rejects = this.#rejects ??= new Set();
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) reject(this.signal.reason);
      else rejects.add(reject);
      answer.then((value) => {
        rejects.delete(reject);
        if (this.signal.aborted) late?.(value);
        else resolve(value);
      }, (error) => {
        rejects.delete(reject);
        reject(error);
      });
    });
  }

  /**
   * Says that something came from the server.
   *
   * @returns The time.
   */
  heard(): number {
    if (this.#pausedAt !== 0) this.resume();
    const now = this.timers.now();
    this.#heardAt = this.#lastHeardAt = now;
    this.#firstHeardAt ||= now;
    return now;
  }

  /** Stops a wait. */
  stop(): void {
    if (this.#waits === 0 || --this.#waits > 0) return;
    if (this.#pausedAt !== 0) this.resume();
    this.timers.stop(this);
    if (this.#attemptLeftMs !== Infinity) {
      this.#attemptLeftMs -= this.timers.now() - this.#startedAt;
    }
  }

  /** Says that a connection to the server is open. */
  onDialled(): void {
    this.#dialledMs = this.#elapsedMs();
  }

  /** Says whether the whole request is handed over. */
  set sent(sent: boolean) {
    this.#sentMs = sent ? this.#elapsedMs() : undefined;
  }

  /** Stops the clock within a wait: for now it is not the server's turn. */
  pause(): void {
    if (this.#waits > 0) this.#pausedAt ||= this.timers.now();
  }

  /** Starts the clock within a wait; the silence starts anew. */
  resume(): void {
    if (this.#pausedAt === 0) return;
    const now = this.timers.now();
    this.#startedAt += Math.max(0, now - this.#pausedAt);
    this.#pausedAt = 0;
    this.#heardAt = now;
    this.arm();
  }

  /**
   * Ends the exchange and all that hangs on it.
   *
   * @param reason What a pending wait, and any later one, throws.
   */
  abort(reason: unknown): void {
    if (this.ended) return;
    this.#place(reason);
    this.end(reason);
    this.#rejects?.forEach((reject) => reject(reason));
    this.#controller.abort(reason);
    this.reader?.cancel(reason).catch(() => {});
  }

  /**
   * Ends the exchange with an error.
   *
   * @returns What it failed with: the reason, where it was aborted before.
   */
  fail(error: unknown): unknown {
    if (this.signal.aborted) return this.signal.reason;
    this.#place(error);
    this.end(error);
    return error;
  }

  /**
   * Marks the end.
   *
   * @param error What went wrong, if something did.
   */
  end(error?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#waits = 0;
    this.timers.stop(this);
    if (this.#onAbort !== undefined) {
      this.#callerSignal?.removeEventListener("abort", this.#onAbort);
    }
    this.upload?.close(error ?? new DOMException(ANSWERED, "AbortError"));
    this.#parts.onEnd?.(this, error);
  }

  /** Looks whether a limit has passed: called by the timer. */
  expire(): void {
    if (this.#pausedAt !== 0) return;
    const now = this.timers.now();
    if (now < this.#startedAt) {
      // The machine's clock was put back: what it said before is worth nothing.
      this.#startedAt = this.#heardAt = now;
    }
    const { readTimeoutMs } = this.#limits;
    if (this.#heardAt + readTimeoutMs <= now) {
      const aliveMs = this.upload?.aliveMs(readTimeoutMs) ?? 0;
      this.#heardAt = Math.max(this.#heardAt, aliveMs);
    }
    const silentMs = now - this.#heardAt;
    if (this.#startedAt + this.#attemptLeftMs <= now) this.#timeOut("attempt");
    else if (silentMs >= readTimeoutMs) this.#timeOut("read");
    else if (silentMs >= this.unaskedMs) {
      const words =
        `${this.counter}: nobody has read it, and the server was silent for ${this.unaskedMs} ms`;
      this.abort(bodyFault(undefined, this.request, words));
    } else this.arm();
  }

  /** Sets the timer. */
  arm(): void {
    if (this.ended) return;
    this.dueMs = Math.min(
      this.#heardAt + Math.min(this.#limits.readTimeoutMs, this.unaskedMs),
      this.#startedAt + this.#attemptLeftMs,
    );
    if (this.dueMs !== Infinity) this.timers.start(this);
  }

  /** Tells an error, where it is one of a time limit, how far the exchange came. */
  #place(error: unknown): void {
    if (!(error instanceof TimeoutError)) return;
    const timeline: { -readonly [K in keyof Timeline]: Timeline[K] } = {};
    if (this.#dialledMs !== undefined) timeline.dialledMs = this.#dialledMs;
    // A request that cannot have been sent was only handed to the platform.
    if (error.maybeSent) {
      if (this.#sentMs !== undefined) timeline.sentMs = this.#sentMs;
      if (this.#firstHeardAt !== 0) {
        timeline.firstByteMs = this.#firstHeardAt - this.startedMs;
        timeline.lastByteMs = this.#lastHeardAt - this.startedMs;
      }
    }
    error.place(timeline);
  }

  #elapsedMs(): number {
    return this.timers.now() - this.startedMs;
  }

  #timeOut(limit: "attempt" | "read"): void {
    const setting = limit === "read" ? "readTimeoutMs" : "attemptTimeoutMs";
    const limitMs = this.#limits[setting];
    const why = limit === "read"
      ? `the server was silent for ${limitMs} ms`
      : `the attempt took more than ${limitMs} ms`;
    const progress = this.counter === undefined ? "" : ` after ${this.counter}`;
    this.abort(
      new TimeoutError(
        limit,
        limitMs,
        `Cannot finish ${
          describe(this.request)
        }: ${why}${progress} (${setting})`,
        { maybeSent: true },
      ),
    );
  }
}
