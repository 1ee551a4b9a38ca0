/**
 * Takes the bytes of one response in, by pieces or whole.
 *
 * @module
 */
import { AwsError, type TransportError } from "../foundation/errors.ts";
import type { HttpRequest, ResponseBody } from "../ports/http.ts";
import type { InFlightRequest } from "./in_flight_request.ts";
import { bodyFault } from "./faults.ts";
import { readWhole } from "./read_whole.ts";
import type { Timing } from "./runtime.ts";
import { ByteCounter } from "./byte_counter.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What is worth reading to keep a connection: a cancelled one is closed. */
const SMALL = 64 * 1_024;

/** How long a rest that nobody wants may take. */
const DRAIN_MS = 1_000;

/**
 * How long the server may be silent with a small body that nobody has asked for:
 * a read that is under way keeps the program from ending.
 */
const UNASKED_MS = 1_000;

/**
 * Reads a body under the limits of its exchange, counts it, and ends the
 * exchange with it. A body that is shorter than its `content-length` is an error,
 * whoever the transport is.
 */
export class Intake {
  readonly #body: ResponseBody;
  readonly #exchange: InFlightRequest;
  readonly #clock: Timing;
  readonly #tally: ByteCounter;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  /** The whole body, if it is read at once; empty when it is handed over. */
  #whole: Promise<Bytes> | undefined;
  /** Whether somebody wants it. */
  #asked = false;
  /** Ends the reading of a body that nobody has asked for. */
  #patience: Disposable | undefined;

  /**
   * Takes charge of the body of a response.
   *
   * @param body The body, not yet opened.
   * @param head The status, and the length that it must have as the header names
   * it.
   * @param exchange The exchange it belongs to.
   * @param clock Bounds the reading of what nobody wants.
   */
  constructor(
    body: ResponseBody,
    head: { readonly status: number; readonly contentLength?: string },
    exchange: InFlightRequest,
    clock: Timing,
  ) {
    this.#body = body;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#tally = new ByteCounter(head.contentLength, head.status);
    exchange.tally = this.#tally;
  }

  /** What the body is the answer to. */
  get request(): HttpRequest {
    return this.#exchange.request;
  }

  /**
   * Reads a small body at once, under the timer that waited for its head. So it
   * costs no timer of its own, and holds its connection for no moment longer.
   *
   * @returns Whether the body is small.
   */
  prefetch(): boolean {
    const { expected } = this.#tally;
    if (expected === undefined || expected > SMALL) return false;
    this.#whole = this.#read();
    // Who asks for it is told; nobody may.
    this.#whole.catch(() => {});
    this.#awaitReader();
    return true;
  }

  /**
   * The next piece; `undefined` at the end.
   *
   * @throws {TransportError} If the body is cut or falls silent.
   */
  async next(): Promise<Bytes | undefined> {
    if (this.#whole !== undefined) return await this.#handOver(this.#whole);
    try {
      this.#reader ??= this.#body.open().getReader();
      const { value } = await this.#exchange.wait(this.#reader.read());
      if (value !== undefined) {
        this.#tally.received += value.length;
        return value;
      }
    } catch (error) {
      throw this.#failed(error);
    }
    this.#finish();
    return undefined;
  }

  /**
   * The whole body.
   *
   * @throws {TransportError} If it is cut or falls silent.
   */
  async all(): Promise<Bytes> {
    this.#ask();
    return await (this.#whole ?? this.#read());
  }

  /**
   * Ends the body without reading it. A small rest is read all the same, since
   * the connection can then be used again.
   *
   * @param reason Told to whoever produces the body.
   */
  async cancel(reason?: unknown): Promise<void> {
    if (this.#exchange.ended) return;
    const { waiting } = this.#exchange;
    const isComing = this.#whole !== undefined && !this.#asked;
    const { expected = Infinity, received } = this.#tally;
    const rest = expected - received;
    if (isComing || (rest <= SMALL && !waiting)) return await this.#drain();
    // A read under way has its own hold on the body: it ends with the exchange.
    if (!waiting) this.#reader ??= this.#body.open().getReader();
    const cancelled = this.#reader?.cancel(reason);
    this.abandon();
    await cancelled?.catch(() => {});
  }

  /** Drops the body and its connection. Says whether it was still there. */
  abandon(): boolean {
    if (this.#exchange.ended) return false;
    this.#exchange.abort(
      new DOMException("The body is not wanted any more", "AbortError"),
    );
    return true;
  }

  async #read(): Promise<Bytes> {
    let bytes: Bytes;
    try {
      // One wait for all reads: one timer, which looks for pieces when it fires.
      bytes = await this.#exchange.wait(
        readWhole(this.#body.open(), this.#tally.expected, this.#heard),
      );
    } catch (error) {
      throw this.#failed(error);
    }
    this.#finish();
    return bytes;
  }

  async #handOver(whole: Promise<Bytes>): Promise<Bytes | undefined> {
    this.#ask();
    const bytes = await whole;
    this.#whole = Promise.resolve(new Uint8Array());
    return bytes.length === 0 ? undefined : bytes;
  }

  #ask(): void {
    this.#asked = true;
    this.#patience?.[Symbol.dispose]();
  }

  /** Who asks later gets the error, or the rest where it can be asked for. */
  #awaitReader(): void {
    const { received } = this.#tally;
    this.#patience = this.#clock.timer(UNASKED_MS, () => {
      if (this.#tally.received > received) return this.#awaitReader();
      this.#exchange.abort(this.#cut(
        undefined,
        `: nobody has read it, and the server was silent for ${UNASKED_MS} ms`,
      ));
    });
  }

  async #drain(): Promise<void> {
    const bound = this.#clock.timer(DRAIN_MS, () => this.abandon());
    try {
      while (await this.next() !== undefined);
    } catch {
      // Nobody wanted the rest: how it ended is of no interest.
    } finally {
      bound[Symbol.dispose]();
    }
  }

  readonly #heard = (length: number): void => {
    this.#tally.received += length;
    this.#exchange.heard();
  };

  #finish(): void {
    this.#patience?.[Symbol.dispose]();
    if (this.#tally.isShort) throw this.#failed(undefined);
    this.#exchange.end();
  }

  /** Ends the exchange with what went wrong, in our words. */
  #failed(error: unknown): unknown {
    this.#patience?.[Symbol.dispose]();
    const { signal } = this.#exchange;
    const fault = signal.aborted
      ? signal.reason
      : error instanceof AwsError
      ? error
      : this.#cut(error);
    this.#exchange.end(fault);
    return fault;
  }

  #cut(error: unknown, why = ""): TransportError {
    return bodyFault(error, this.request, `${this.#tally}${why}`);
  }
}
