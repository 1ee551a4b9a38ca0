/**
 * A request body on its way: sized, pulled as the platform sends it, counted.
 * Loaded with the first request that has one.
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import type { BodySource } from "../ports/http.ts";
import type { InFlightRequest } from "./in_flight_request.ts";
import type { Timers } from "./runtime.ts";

type Content = Uint8Array<ArrayBuffer> | BodySource;
type Controller = ReadableStreamDefaultController<Uint8Array>;

/** Most bytes that are handed over at a time, so that progress can be seen. */
const PIECE = 256 * 1_024;

/** Fewest bytes that are told at a time, but for the last. */
const STEP = 64 * 1_024;

/** Most bytes of one body that the buffers of both machines can hide. */
const HIDDEN = 8 * 1_024 * 1_024;

/**
 * The bodies that are on their way to one host. They share the line to it: while
 * the bytes of one leave, another that waits its turn is not held up by a silent
 * server.
 */
export class UploadLine {
  /** The bodies whose answer has not come. */
  readonly bodies = new Set<WireBody>();
  /** Bytes that left, of all bodies. */
  moved = 0;
  /** When bytes left last, in milliseconds. */
  movedAtMs = 0;
  readonly #timers: Timers;

  /**
   * Makes a line on which nothing moves.
   *
   * @param timers Time.
   */
  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Notes that bytes left, or that an answer told that they had. */
  move(length: number): void {
    this.moved += length;
    this.movedAtMs = this.now();
  }

  /** The time, in milliseconds. */
  now(): number {
    return this.#timers.now();
  }
}

/**
 * A request body under its exchange. While its source is asked for bytes, nobody
 * waits for the server; what is handed to the platform has left as far as can be
 * seen, and the server's silence counts from there. However the exchange ends,
 * the source is cancelled with it.
 */
export class WireBody implements BodySource {
  /** Length in bytes, where it is known. */
  readonly length: number | undefined;
  /** Whether it may be opened again. */
  readonly replayable: boolean;
  readonly #content: Content;
  readonly #exchange: InFlightRequest;
  readonly #line: UploadLine;
  readonly #onSent: ((bytes: number) => void) | undefined;
  /** Bytes that left, as they were told last. */
  #told = 0;
  #controller: Controller | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #rest: Uint8Array | undefined;
  #left = 0;
  /** What had moved on the line when bytes of this body left last. */
  #mark = 0;
  /** How long the platform took for what it was handed, the last piece aside. */
  #sendingMs = 0;
  #handedAtMs: number | undefined;
  #answered = false;
  #closed = false;

  /**
   * Wraps a body.
   *
   * @param content The body.
   * @param exchange The exchange that sends it.
   * @param line The line that it goes over.
   * @param onSent Told how many bytes have left.
   */
  constructor(
    content: Content,
    exchange: InFlightRequest,
    line: UploadLine,
    onSent?: (bytes: number) => void,
  ) {
    this.length = content.length;
    this.replayable = content instanceof Uint8Array || content.replayable;
    this.#content = content;
    this.#exchange = exchange;
    this.#line = line;
    this.#onSent = onSent;
  }

  open(): ReadableStream<Uint8Array> {
    this.#exchange.sent = false;
    this.#closed = false;
    this.#left = 0;
    if (this.#content instanceof Uint8Array) this.#rest = this.#content;
    else this.#reader = this.#content.open().getReader();
    this.#told = 0;
    this.#onSent?.(0);
    this.#mark = this.#line.moved;
    this.#line.bodies.add(this);
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => this.close(reason),
    }, { highWaterMark: 0 });
  }

  /**
   * Until when the server is excused, by the time of the exchange. It may be behind
   * others on the line by what is in flight of all of them; if more passed by, it
   * hangs. And what left last may lie in buffers, which empty at the pace so far.
   *
   * @param limitMs Longest such excuse, in milliseconds.
   */
  aliveMs(limitMs: number): number {
    const line = this.#line;
    let inFlight = 0;
    for (const body of line.bodies) inFlight += Math.min(body.#left, HIDDEN);
    return line.moved - this.#mark <= inFlight
      ? line.movedAtMs + Math.min(this.#hiddenMs(), limitMs)
      : 0;
  }

  #hiddenMs(): number {
    const left = Math.max(1, this.#left);
    return this.#sendingMs * Math.min(left, HIDDEN) / left;
  }

  /** Says that the answer has come: the clock is left alone from now on. */
  answered(): void {
    this.#answered = true;
    if (this.#line.bodies.delete(this)) this.#line.move(0);
  }

  /**
   * Ends the body and cancels its source. The platform goes on to send after an
   * early answer, and would do so for ever.
   *
   * @param reason Told to the source.
   */
  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#line.bodies.delete(this);
    this.#rest = undefined;
    this.#controller?.error(reason);
    // How the source takes it is its own affair.
    this.#reader?.cancel(reason).catch(() => {});
  }

  #pull(controller: Controller): Promise<void> | void {
    if (this.#handedAtMs !== undefined) {
      this.#sendingMs += Math.max(0, this.#line.now() - this.#handedAtMs);
      this.#handedAtMs = undefined;
    }
    if (this.#rest === undefined) return this.#ask(controller);
    this.#send(controller, this.#rest);
  }

  async #ask(controller: Controller): Promise<void> {
    if (!this.#answered) this.#exchange.pause();
    let piece: Uint8Array | undefined;
    try {
      do {
        piece = (await this.#reader?.read())?.value;
      } while (piece?.length === 0);
    } catch (error) {
      // What the source throws is what the caller gets to see.
      this.#exchange.abort(error);
      throw error;
    }
    if (this.#closed) return;
    if (!this.#answered) this.#exchange.resume();
    if (piece !== undefined) this.#send(controller, piece);
    else if (this.#left < (this.length ?? 0)) this.#fail("shorter");
    else this.#finish(controller);
  }

  #send(controller: Controller, bytes: Uint8Array): void {
    const isWhole = bytes.length <= PIECE;
    const piece = isWhole ? bytes : bytes.subarray(0, PIECE);
    this.#rest = isWhole ? undefined : bytes.subarray(PIECE);
    this.#left += piece.length;
    if (this.#left > (this.length ?? Infinity)) return this.#fail("longer");
    this.#line.move(piece.length);
    this.#mark = this.#line.moved;
    this.#handedAtMs = this.#line.movedAtMs;
    controller.enqueue(piece);
    if (this.#left - this.#told >= STEP) this.#tell();
    if (isWhole && this.#content instanceof Uint8Array) {
      this.#finish(controller);
    }
  }

  #tell(): void {
    this.#told = this.#left;
    this.#onSent?.(this.#left);
  }

  #finish(controller: Controller): void {
    if (this.#left > this.#told) this.#tell();
    this.#exchange.sent = true;
    controller.close();
  }

  #fail(than: "longer" | "shorter"): void {
    this.#exchange.abort(
      new ValidationError("send", [{
        path: "body",
        problem: `is ${than} than its length, ${this.length} bytes`,
      }]),
    );
  }
}

/**
 * What gives the platform a stream together with its length. Of bytes and of
 * streams it has one or the other: it sends bytes twice where a kept connection
 * breaks, and streams without a length.
 */
class SizedBlob extends Blob {
  readonly #content: Content;

  constructor(content: Content) {
    super();
    this.#content = content;
  }

  override get size(): number {
    return this.#content.length ?? 0;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const content = this.#content;
    return content instanceof Uint8Array
      ? new ReadableStream({
        start(controller): void {
          controller.enqueue(content);
          controller.close();
        },
      })
      : content.open() as ReadableStream<Uint8Array<ArrayBuffer>>;
  }
}

let sized: boolean | undefined;

/**
 * Whether this platform sends the stream of a class that extends `Blob`. It is
 * tried once: Bun and browsers send the bytes of the empty `Blob` beneath.
 */
export function sendsSizedBodies(): boolean {
  if (sized !== undefined) return sized;
  sized = false;
  // Made for nothing but the question whether the stream is asked for.
  new Response(
    new SizedBlob({
      length: 1,
      replayable: false,
      open: () => {
        sized = true;
        return new ReadableStream<Uint8Array>();
      },
    }),
  );
  return sized;
}

/**
 * What `fetch` is given for a body.
 *
 * @param body The body.
 */
export function fetchBody(
  body: Content,
): Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> {
  // The platform sends an empty stream, or Blob, without its length.
  if (body.length === 0) return new Uint8Array();
  if (body.length !== undefined && (sized ?? sendsSizedBodies())) {
    return new SizedBlob(body);
  }
  return body instanceof Uint8Array ? body : body.open();
}
