/**
 * The body of a response: read under the limits of its request, counted, complete
 * or an error.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import { AwsError, type TransportError } from "../foundation/errors.ts";
import type { HttpRequest, ResponseBody } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import { bodyFault, describe } from "./faults.ts";
import type { InFlightRequest } from "./in_flight_request.ts";
import type { Timing } from "./runtime.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Notices bodies that were thrown away unread, and gives their connections
 * back. It says so once; a program that does this does it often.
 */
export class ForgottenBodies {
  readonly #logger: Logger | undefined;
  readonly #registry = new FinalizationRegistry<Intake>((intake) =>
    this.#release(intake)
  );
  #told = false;

  /**
   * Starts with none.
   *
   * @param logger Where it says so.
   */
  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  /** Watches what leads to an intake; it must not be reachable from there. */
  watch(owner: object, intake: Intake): void {
    this.#registry.register(owner, intake, intake);
  }

  /** Stops watching. */
  dismiss(intake: Intake): void {
    this.#registry.unregister(intake);
  }

  #release(intake: Intake): void {
    if (!intake.abandon() || this.#told) return;
    this.#told = true;
    this.#logger?.error(
      "A response body was neither read nor cancelled and held a connection until it was garbage-collected. Read it, cancel it, or declare it with `await using`. Said once.",
      { request: describe(intake.request) },
    );
  }
}

/** A body that ends with its last byte or with an error, and in time. */
export class GuardedBody implements ResponseBody {
  readonly #intake: Intake;
  readonly #forgotten: ForgottenBodies | undefined;
  #spent = false;

  /**
   * Takes charge of a body.
   *
   * @param intake Where the bytes come from.
   * @param forgotten Who looks after it if nobody reads it; nobody need, where
   * the bytes come in by themselves.
   */
  constructor(intake: Intake, forgotten: ForgottenBodies | undefined) {
    this.#intake = intake;
    this.#forgotten = forgotten;
    forgotten?.watch(this, intake);
  }

  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#spend();
    const stream = streamOf(this.#intake);
    // From now on the stream is what somebody may forget.
    this.#forgotten?.watch(stream, this.#intake);
    return stream;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    this.#spend();
    return await this.#intake.all();
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#spent = true;
    this.#forgotten?.dismiss(this.#intake);
    await this.#intake.cancel(reason);
  }

  #spend(): void {
    if (this.#spent) {
      throw new TypeError(
        "Cannot read the body: it was read or cancelled before",
      );
    }
    this.#spent = true;
    this.#forgotten?.dismiss(this.#intake);
  }
}

/** A function of its own, so that the stream refers to nothing but the intake. */
function streamOf(intake: Intake): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const piece = await intake.next();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    async cancel(reason): Promise<void> {
      await intake.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

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

/** How many bytes of a body came in, and how many are to come. */
export class ByteCounter {
  /** The length that the response names, if it names one. */
  readonly expected: number | undefined;
  /** Bytes so far. */
  received = 0;

  readonly #status: number;

  /**
   * Starts at none.
   *
   * @param contentLength Value of `content-length`.
   * @param status Status of the response.
   */
  constructor(contentLength: string | undefined, status = 200) {
    this.#status = status;
    this.expected = contentLength !== undefined && /^\d+$/.test(contentLength)
      ? Number(contentLength)
      : undefined;
  }

  /** Whether less came than is expected. */
  get isShort(): boolean {
    return this.expected !== undefined && this.received < this.expected;
  }

  /** The count in words, for errors. */
  toString(): string {
    const bytes = this.expected === undefined
      ? `${this.received} bytes`
      : `${this.received} of ${this.expected} bytes`;
    // A refusal says more by its status than by how it broke off.
    return this.#status < 300
      ? bytes
      : `${bytes} of an answer with status ${this.#status}`;
  }
}

/** Room for a body of unknown length; it doubles when full. */
const FIRST_ROOM = 16 * 1_024;

/** Room that is made on the word of a header alone. */
const TRUSTED_ROOM = 64 * 1_024 * 1_024;

/**
 * Reads a stream to its end. Byte streams are read into room of the right
 * size, which costs half of what the platform's own pieces cost.
 *
 * @param stream The stream.
 * @param expected Its length, as far as it is known.
 * @param heard Told the length of each piece.
 */
export async function readWhole(
  stream: ReadableStream<Bytes>,
  expected: number | undefined,
  heard: (length: number) => void,
): Promise<Bytes> {
  const reader = byteReader(stream);
  if (reader === undefined) return await readPieces(stream, heard);
  let room = new Uint8Array(Math.min(expected ?? FIRST_ROOM, TRUSTED_ROOM));
  let length = 0;
  while (length !== expected) {
    const full = length === room.length;
    // Full: one more byte shows whether that was the end.
    const place = full ? new Uint8Array(1) : room.subarray(length);
    const { done, value } = await reader.read(place);
    // The platform took the room away and hands it back, at the end too.
    if (!full && value !== undefined) room = new Uint8Array(value.buffer);
    if (done) break;
    heard(value.length);
    if (full) {
      room = doubled(room);
      room.set(value, length);
    }
    length += value.length;
  }
  // Nothing can follow the last byte. Saying so is cheaper than asking.
  if (length === expected) reader.cancel().catch(() => {});
  return length === room.length ? room : room.slice(0, length);
}

async function readPieces(
  stream: ReadableStream<Bytes>,
  heard: (length: number) => void,
): Promise<Bytes> {
  const pieces: Bytes[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(pieces);
    heard(value.length);
    pieces.push(value);
  }
}

/** The only way to ask a stream whether it is one of bytes is to try. */
function byteReader(
  stream: ReadableStream<Bytes>,
): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function doubled(room: Bytes): Bytes {
  const larger = new Uint8Array(Math.max(room.length * 2, FIRST_ROOM));
  larger.set(room);
  return larger;
}
