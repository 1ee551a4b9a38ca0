/**
 * The body of a response: read under the limits of its request, counted, complete
 * or an error.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import { AwsError } from "../foundation/errors.ts";
import type { BodyTarget, ResponseBody } from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import { bodyFault, describe } from "./request_url.ts";
import type { InFlightRequest } from "./in_flight_request.ts";

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

/** What a body is made from. */
export interface BodyParts {
  /** The bytes: the platform's stream, or the body of another transport. */
  readonly source: ResponseBody | ReadableStream<Bytes>;
  /** Value of `content-length`, where it is the length of these bytes. */
  readonly contentLength: string | undefined;
  /** Status of the response. */
  readonly status: number;
}

/**
 * The body of one response, read under the limits of its request. It counts its
 * bytes, and ends the request with its last byte, with an error, or in time. One
 * that is shorter than its `content-length` is an error, whatever the transport.
 */
export class IncomingBody implements ResponseBody {
  readonly #source: ResponseBody | ReadableStream<Bytes>;
  readonly #exchange: InFlightRequest;
  readonly #counter: ByteCounter;
  /** Watches over it, where nobody reads it. */
  readonly #forgotten: ForgottenBodies | undefined;
  #reader: PieceReader | undefined;
  /** Room for the next piece, where none is given. */
  #roomLength = PIECE;
  /** Whether it is read by pieces. */
  #reading = false;
  /** The whole body, if it is read at once; empty when it is handed over. */
  #whole: Promise<Bytes> | undefined;
  /** Whether it was opened, read or cancelled. */
  #spent = false;
  /** Whether somebody wants what is read at once. */
  #asked = false;

  /**
   * Takes charge of the body of a response that is waited for. A small one is read
   * at once, in the wait for its head: so it costs no timer of its own, and holds
   * its connection for no moment longer.
   *
   * @param parts What it is made from.
   * @param exchange The request that it is the response to.
   * @param forgotten Watches over large ones.
   */
  constructor(
    { source, contentLength, status }: BodyParts,
    exchange: InFlightRequest,
    forgotten: ForgottenBodies,
  ) {
    this.#source = source;
    this.#exchange = exchange;
    const counter = new ByteCounter(contentLength, status);
    this.#counter = counter;
    exchange.counter = counter;
    if (counter.expected !== undefined && counter.expected <= SMALL) {
      this.#whole = this.#readWhole();
      // An error is for the one that asks for the body; nobody may.
      this.#whole.catch(ignore);
      exchange.unaskedMs = UNASKED_MS;
      exchange.arm();
    } else {
      exchange.stop();
      if (source instanceof ReadableStream) exchange.reader = source;
      this.#forgotten = forgotten;
      forgotten.watch(this, exchange);
    }
  }

  open(): ReadableStream<Bytes> {
    this.#spend();
    // A browser's reader does not keep the object of its stream; its source does,
    // or the one that is watched would be gone while it is read.
    const kept: { stream?: ReadableStream<Bytes> } = {};
    const stream = new ReadableStream<Bytes>({
      pull: async (controller): Promise<void> => {
        const piece = await this.#next();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: (reason) => {
        delete kept.stream;
        return this.#end(reason);
      },
    }, { highWaterMark: 0 });
    kept.stream = stream;
    // From now on the stream is what somebody may forget.
    this.#forgotten?.watch(stream, this.#exchange);
    return stream;
  }

  // Async only where it has to be: a failed start is a rejection all the same.
  bytes(room?: Bytes, maxBytes = Infinity): Promise<Bytes> {
    if (this.#spent) return Promise.reject(spent());
    this.#spent = true;
    if (this.#whole !== undefined) {
      this.#asked = true;
      this.#exchange.unaskedMs = Infinity;
      return this.#whole;
    }
    this.#forgotten?.dismiss(this.#exchange);
    this.#exchange.start();
    return this.#readWhole(room, maxBytes);
  }

  async bytesWithin(
    maxBytes: number,
    room?: Bytes,
  ): Promise<Bytes | undefined> {
    const bytes = await this.bytes(room, maxBytes);
    return bytes.length > maxBytes ? undefined : bytes;
  }

  async readInto(room?: Bytes): Promise<Bytes | undefined> {
    if (!this.#reading) {
      this.#spend();
      this.#reading = true;
      // Who reads holds it, and may forget it.
      this.#forgotten?.watch(this, this.#exchange);
    }
    return await this.#next(room);
  }

  async writeTo(target: BodyTarget): Promise<boolean> {
    if (this.#whole !== undefined) return false;
    const { writeSource } = await import("./written_body.ts");
    return await writeSource(target, {
      source: this.#source,
      exchange: this.#exchange,
      counter: this.#counter,
      spend: () => this.#spend(),
    });
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#spent = true;
    this.#forgotten?.dismiss(this.#exchange);
    await this.#end(reason);
  }

  #spend(): void {
    if (this.#spent) throw spent();
    this.#spent = true;
    this.#forgotten?.dismiss(this.#exchange);
  }

  /** The next piece; `undefined` at the end. */
  async #next(room?: Bytes): Promise<Bytes | undefined> {
    if (this.#whole !== undefined) {
      this.#asked = true;
      this.#exchange.unaskedMs = Infinity;
      const bytes = await this.#whole;
      this.#whole = Promise.resolve(new Uint8Array());
      return bytes.length === 0 ? undefined : bytes;
    }
    const exchange = this.#exchange;
    try {
      const reader = this.#reader ??= readerOf(this.#source);
      exchange.reader = reader;
      exchange.start();
      const { done, value } = await exchange.wait(
        reader instanceof ReadableStreamBYOBReader
          ? reader.read(room ?? new Uint8Array(this.#roomLength))
          : reader.read(),
      );
      exchange.heard();
      exchange.stop();
      if (!done && value !== undefined) {
        this.#counter.received += value.length;
        this.#roomLength = roomAfter(value.length, this.#roomLength);
        return value;
      }
    } catch (error) {
      throw this.#failed(error);
    }
    this.#finish();
    return undefined;
  }

  /**
   * Ends the body without reading it. A small rest is read all the same, since
   * the connection can then be used again.
   */
  async #end(reason: unknown): Promise<void> {
    if (this.#exchange.ended) return;
    const { waiting } = this.#exchange;
    const isComing = this.#whole !== undefined && !this.#asked;
    const { expected = Infinity, received } = this.#counter;
    const rest = expected - received;
    if (isComing || (rest <= SMALL && !waiting)) return await this.#drain();
    // A read under way has its own hold on the body: it ends with the exchange.
    if (!waiting) this.#reader ??= readerOf(this.#source);
    const cancelled = this.#reader?.cancel(reason);
    abandon(this.#exchange);
    await cancelled?.catch(ignore);
  }

  async #drain(): Promise<void> {
    const { timers } = this.#exchange;
    const bound = {
      dueMs: timers.now() + DRAIN_MS,
      expire: () => abandon(this.#exchange),
    };
    timers.start(bound);
    try {
      while (await this.#next() !== undefined);
    } catch {
      // Nobody wanted the rest: how it ended is of no interest.
    } finally {
      timers.stop(bound);
    }
  }

  /**
   * Reads the body to its end, in the wait under way. Byte streams are read into
   * room of the right size, which costs half of what the platform's own pieces cost.
   * Of one that is too long, the rest is not wanted.
   */
  async #readWhole(given?: Bytes, maxBytes = Infinity): Promise<Bytes> {
    const exchange = this.#exchange;
    const counter = this.#counter;
    const { expected } = counter;
    const least = Math.min(expected ?? FIRST_ROOM, TRUSTED_ROOM);
    const isGiven = given !== undefined && given.length >= least;
    let room: Bytes;
    let length = 0;
    try {
      const source = this.#source;
      if (expected === 0 && source instanceof ReadableStream) {
        source.cancel().catch(ignore);
        exchange.end();
        return new Uint8Array();
      }
      const reader = exchange.reader = readerOf(source);
      if (!(reader instanceof ReadableStreamBYOBReader)) {
        room = await readPieces(reader, counter, exchange, maxBytes);
        length = room.length;
      } else {
        room = isGiven ? given : new Uint8Array(least);
        while (length !== expected && length <= maxBytes) {
          const full = length === room.length;
          // Full: one more byte shows whether that was the end.
          const place = full
            ? new Uint8Array(1)
            : length === 0 && !isGiven
            ? room
            : room.subarray(length, expected);
          const { done, value } = await exchange.wait(reader.read(place));
          // The platform took the room away and hands it back, at the end too.
          if (!full && value !== undefined) {
            const { buffer } = value;
            room = buffer.byteLength === value.length
              ? value
              : new Uint8Array(buffer);
          }
          if (done) break;
          if (full) {
            room = doubled(room);
            room.set(value, length);
          }
          length += value.length;
          counter.received = length;
          if (length !== expected) exchange.heard();
        }
        // Nothing can follow the last byte. Saying so is cheaper than asking.
        if (length === expected) reader.cancel().catch(ignore);
      }
      if (length > maxBytes) {
        reader.cancel().catch(ignore);
        abandon(exchange);
      } else if (length === expected) exchange.end();
      else this.#finish();
    } catch (error) {
      throw this.#failed(error);
    }
    if (length === room.length) return room;
    return isGiven ? room.subarray(0, length) : room.slice(0, length);
  }

  #finish(): void {
    // What an abort has cancelled ends like what is complete.
    if (this.#exchange.signal.aborted || this.#counter.isShort) {
      throw this.#failed(undefined);
    }
    this.#exchange.end();
  }

  /** Ends the exchange with what went wrong, in our words. */
  #failed(error: unknown): unknown {
    const { signal, request } = this.#exchange;
    const fault = signal.aborted
      ? signal.reason
      : error instanceof AwsError
      ? error
      : bodyFault(error, request, `${this.#counter}`);
    this.#exchange.end(fault);
    return fault;
  }
}

function ignore(): void {}

function spent(): TypeError {
  return new TypeError("Cannot read the body: it was read or cancelled before");
}

/** Drops a body and its connection. Says whether it was still there. */
function abandon(exchange: InFlightRequest): boolean {
  if (exchange.ended) return false;
  exchange.abort(
    new DOMException("The body is not wanted any more", "AbortError"),
  );
  return true;
}

/**
 * Notices bodies that were thrown away unread, and gives their connections
 * back. It says so once; a program that does this does it often.
 */
export class ForgottenBodies {
  readonly #logger: Logger | undefined;
  readonly #registry = new FinalizationRegistry<InFlightRequest>((exchange) =>
    this.#release(exchange)
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

  /** Watches the body of an exchange; it must not be reachable from there. */
  watch(owner: object, exchange: InFlightRequest): void {
    this.#registry.register(owner, exchange, exchange);
  }

  /** Stops watching. */
  dismiss(exchange: InFlightRequest): void {
    this.#registry.unregister(exchange);
  }

  #release(exchange: InFlightRequest): void {
    if (!abandon(exchange) || this.#told) return;
    this.#told = true;
    this.#logger?.error(
      "A response body was neither read nor cancelled and held a connection until it was garbage-collected. Read it, cancel it, or declare it with `await using`. Said once.",
      { request: describe(exchange.request) },
    );
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

/** Usual bytes of a piece, where no room is given. */
const PIECE = 64 * 1_024;

/** Most bytes of a piece. */
const LARGE_PIECE = 256 * 1_024;

/** Most bytes that come together over TLS (RFC 8446, section 5.1). */
const SHORT_PIECE = 16 * 1_024;

/** Room for a body of unknown length; it doubles when full. */
const FIRST_ROOM = 16 * 1_024;

/** Room that is made on the word of a header alone. */
const TRUSTED_ROOM = 64 * 1_024 * 1_024;

async function readPieces(
  reader: ReadableStreamDefaultReader<Bytes>,
  counter: ByteCounter,
  exchange: InFlightRequest,
  maxBytes: number,
): Promise<Bytes> {
  const pieces: Bytes[] = [];
  while (counter.received <= maxBytes) {
    const { done, value } = await exchange.wait(reader.read());
    if (done) break;
    counter.received += value.length;
    exchange.heard();
    pieces.push(value);
  }
  return concat(pieces);
}

/**
 * Room for the piece that follows one. A piece that fills its room was part of a
 * larger one; over TLS pieces are short, and room for more is made in vain.
 */
function roomAfter(length: number, room: number): number {
  if (length === room) return Math.min(2 * room, LARGE_PIECE);
  return length > SHORT_PIECE ? PIECE : SHORT_PIECE;
}

/** What reads a stream by pieces. */
type PieceReader =
  | ReadableStreamBYOBReader
  | ReadableStreamDefaultReader<Bytes>;

/** The only way to ask a stream whether it is one of bytes is to try. */
function readerOf(source: ResponseBody | ReadableStream<Bytes>): PieceReader {
  const stream = source instanceof ReadableStream ? source : source.open();
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader();
  }
}

function doubled(room: Bytes): Bytes {
  const larger = new Uint8Array(Math.max(room.length * 2, FIRST_ROOM));
  larger.set(room);
  return larger;
}
