/**
 * Bodies on a connection: that of a response, read from it, complete or an error;
 * that of a request, written to it.
 *
 * @module
 */
import { ValidationError } from "../../foundation/errors.ts";
import type {
  BodySource,
  HttpRequest,
  ResponseBody,
} from "../../ports/http.ts";
import type { Logger } from "../../ports/telemetry.ts";
import { describe } from "../request_url.ts";
import type { Connection } from "./connection.ts";
import type { BodyProgress } from "./faults.ts";
import type { ResponseHead } from "./http1.ts";
import { CHUNK_END, chunkStart, LAST_CHUNK } from "./request_head.ts";
import type { Timers, Wait } from "./timers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What is worth reading to keep a connection. */
const SMALL = 64 * 1_024;

/** How long a rest that nobody wants may take. */
const DRAIN_MS = 1_000;

/** How long the server may be silent with a small body that nobody asked for. */
const UNASKED_MS = 1_000;

/** Bytes that are handed out at a time. */
const PIECE = 64 * 1_024;

/** The same, where they come faster than they are taken. */
const LARGE_PIECE = 256 * 1_024;

/** The platform reads a record of TLS at a time, whatever the room. */
const TLS_PIECE = 16 * 1_024;

/** Room that is made on the word of a header alone. */
const TRUSTED_ROOM = 64 * 1_024 * 1_024;

/** Room for a body of unknown length; it doubles when full. */
const FIRST_ROOM = 16 * 1_024;

/** A body that came with its head. It holds no connection. */
export class BufferedBody implements ResponseBody {
  #bytes: Bytes | undefined;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  open(): ReadableStream<Bytes> {
    return streamOfWhole(Promise.resolve(this.#take()));
  }

  bytes(): Promise<Bytes> {
    return new Promise((resolve) => resolve(this.#take()));
  }

  cancel(): Promise<void> {
    this.#bytes = undefined;
    return Promise.resolve();
  }

  #take(): Bytes {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    if (bytes === undefined) throw spent();
    return bytes;
  }
}

function spent(): TypeError {
  return new TypeError(
    "Cannot read the body: it was read or cancelled before",
  );
}

/**
 * Notices bodies that were thrown away unread, and closes their connections. It
 * says so once; a program that does this does it often.
 */
export class ForgottenBodies {
  readonly #logger: Logger | undefined;
  readonly #registry = new FinalizationRegistry<BodyReader>((body) => {
    if (!body.abandon() || this.#isTold) return;
    this.#isTold = true;
    this.#logger?.error(
      "A response body was neither read nor cancelled and held a connection until it was garbage-collected. Read it, cancel it, or declare it with `await using`. Said once.",
      { request: describe(body.request) },
    );
  });
  #isTold = false;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Watches what leads to a reader; it must not be reachable from there. */
  watch(owner: object, body: BodyReader): void {
    this.#registry.register(owner, body, body);
  }

  /** Stops watching. */
  dismiss(body: BodyReader): void {
    this.#registry.unregister(body);
  }
}

/** Reads one body; what it is read for may be forgotten. */
export class BodyReader implements BodyProgress {
  /** What the body is the answer to. */
  readonly request: HttpRequest;
  readonly expected: number | undefined;
  readonly status: number;
  received = 0;

  readonly #connection: Connection;
  /** Room for the next read. */
  #room: number;
  #isOver = false;
  /** Whether that was by its last byte. */
  #isRead = false;
  #isReading = false;

  constructor(
    connection: Connection,
    request: HttpRequest,
    { length, status }: ResponseHead,
  ) {
    this.#connection = connection;
    this.request = request;
    this.status = status;
    this.expected = length < 0 ? undefined : length;
    this.#room = connection.isTls ? TLS_PIECE : PIECE;
    connection.progress = this;
  }

  /** Whether it was read to its end, failed, or was given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What is still to come, in bytes; `Infinity`: not known. */
  get rest(): number {
    return (this.expected ?? Infinity) - this.received;
  }

  /** Whether bytes are being waited for. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /**
   * The next piece; `undefined` at the end.
   *
   * @param room What it is read into. Absent: memory of its own.
   */
  async next(room?: Bytes): Promise<Bytes | undefined> {
    // Its connection may serve another request by now.
    if (this.#isRead) return undefined;
    const { reader } = this.#connection;
    const least = room?.length ?? this.#room;
    try {
      for (;;) {
        const held = reader.piece(Math.min(PIECE, room?.length ?? PIECE));
        const piece = held === undefined
          ? reader.direct >= least ? await this.#readDirect(room) : undefined
          : copied(held, room);
        if (piece !== undefined) {
          this.received += piece.length;
          if (reader.done) this.#finish();
          return piece;
        }
        if (reader.done) {
          this.#finish();
          return undefined;
        }
        await this.#waited(() => this.#connection.fill());
      }
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * All of it; in the memory that is given, if that is enough. Of a body that is
   * too long, the rest is not wanted.
   */
  async all(given?: Bytes, maxBytes = Infinity): Promise<Bytes> {
    const connection = this.#connection;
    const { reader, socket } = connection;
    const { expected } = this;
    const least = Math.min(expected ?? FIRST_ROOM, TRUSTED_ROOM);
    const isGiven = given !== undefined && given.length >= least;
    let room = isGiven ? given : new Uint8Array(least);
    connection.wait.start();
    this.#isReading = true;
    try {
      while (!reader.done && this.received <= maxBytes) {
        const piece = reader.piece();
        if (piece !== undefined) {
          room = withRoom(room, this.received, piece.length);
          room.set(piece, this.received);
          this.received += piece.length;
        } else if (reader.direct > 0) {
          room = withRoom(room, this.received, 1);
          const most = Math.min(room.length, this.received + reader.direct);
          const count = await socket.read(room.subarray(this.received, most));
          if (count === null) {
            // Only a body without a length may end so.
            await connection.fill();
          } else {
            reader.took(count);
            this.received += count;
            connection.heard();
          }
        } else if (!reader.done) await connection.fill();
      }
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#isReading = false;
    }
    if (reader.done) this.#finish();
    else this.abandon();
    if (this.received === room.length) return room;
    return isGiven
      ? room.subarray(0, this.received)
      : room.slice(0, this.received);
  }

  /** Reads a rest that nobody wants, as the connection can then be used again. */
  async drain(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    if (this.#isReading || this.rest > SMALL) {
      this.abandon(reason);
      return;
    }
    this.#connection.wait.limit(DRAIN_MS, DRAIN_MS);
    try {
      while (await this.next() !== undefined);
    } catch {
      // Nobody wanted the rest: how it ended is of no interest.
    }
  }

  /** Drops the body and its connection. Says whether it was still there. */
  abandon(reason?: unknown): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#connection.abort(
      reason ??
        new DOMException("The body is not wanted any more", "AbortError"),
    );
    return true;
  }

  /** Says whether somebody waits for it, so that the program must not end. */
  set isWanted(isWanted: boolean) {
    if (!this.#isOver && this.#connection.isOpen) {
      this.#connection.keepAlive(isWanted);
      // Its timer may keep the program alive, where the clock is not ours.
      if (this.#isReading) {
        this.#connection.waitOn(isWanted ? undefined : UNASKED_MS);
      }
    }
  }

  async #readDirect(given?: Bytes): Promise<Bytes | undefined> {
    const { reader, socket } = this.#connection;
    const room = given ??
      new Uint8Array(Math.min(this.#room, reader.direct));
    const count = await this.#waited(() => socket.read(room));
    if (count === null) {
      await this.#connection.fill();
      return undefined;
    }
    reader.took(count);
    if (given !== undefined) return given.subarray(0, count);
    if (this.#room >= PIECE) {
      this.#room = count === room.length
        ? Math.min(this.#room * 2, LARGE_PIECE)
        : PIECE;
    }
    return count > room.length / 2
      ? room.subarray(0, count)
      : room.slice(0, count);
  }

  async #waited<T>(read: () => Promise<T>): Promise<T> {
    this.#isReading = true;
    this.#connection.wait.start();
    try {
      return await read();
    } finally {
      this.#connection.wait.stop();
      this.#isReading = false;
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = this.#isRead = true;
    this.#connection.finish();
  }

  #failed(error: unknown): unknown {
    this.#isOver = true;
    return this.#connection.fail(error, this);
  }
}

/** A body that is still to come. */
export class SocketBody implements ResponseBody {
  readonly #reader: BodyReader;
  readonly #forgotten: ForgottenBodies;
  /** A small body is read at once, so that it holds its connection no longer. */
  readonly #whole: Promise<Bytes> | undefined;
  #isSpent = false;
  /** Whether it is read by pieces. */
  #isPieced = false;
  #isWholeTaken = false;

  constructor(
    connection: Connection,
    request: HttpRequest,
    head: ResponseHead,
    forgotten: ForgottenBodies,
  ) {
    this.#reader = new BodyReader(connection, request, head);
    this.#forgotten = forgotten;
    if (head.length >= 0 && head.length <= SMALL) {
      this.#whole = this.#reader.all();
      // A later reader gets the error; there may be none.
      this.#whole.catch(() => {});
      this.#reader.isWanted = false;
    } else forgotten.watch(this, this.#reader);
  }

  open(): ReadableStream<Bytes> {
    this.#spend();
    if (this.#whole !== undefined) {
      return streamOfWhole(this.#whole, this.#reader);
    }
    const stream = streamOf(this.#reader);
    // From now on the stream is what somebody may forget.
    this.#forgotten.watch(stream, this.#reader);
    return stream;
  }

  async bytes(room?: Bytes): Promise<Bytes> {
    this.#spend();
    return await (this.#whole ?? this.#reader.all(room));
  }

  async bytesWithin(
    maxBytes: number,
    room?: Bytes,
  ): Promise<Bytes | undefined> {
    this.#spend();
    const bytes = await (this.#whole ?? this.#reader.all(room, maxBytes));
    return bytes.length > maxBytes ? undefined : bytes;
  }

  async readInto(room?: Bytes): Promise<Bytes | undefined> {
    if (!this.#isPieced) {
      this.#spend();
      this.#isPieced = true;
      // Who reads holds it, and may forget it.
      if (this.#whole === undefined) this.#forgotten.watch(this, this.#reader);
    }
    if (this.#whole === undefined) return await this.#reader.next(room);
    const bytes = await this.#whole;
    if (this.#isWholeTaken || bytes.length === 0) return undefined;
    this.#isWholeTaken = true;
    return bytes;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#isSpent = true;
    this.#forgotten.dismiss(this.#reader);
    if (this.#whole === undefined) return await this.#reader.drain(reason);
    // It is on its way, and its connection can then be used again.
    this.#reader.isWanted = true;
    await this.#whole.catch(() => {});
  }

  #spend(): void {
    if (this.#isSpent) throw spent();
    this.#isSpent = true;
    this.#forgotten.dismiss(this.#reader);
    this.#reader.isWanted = true;
  }
}

/** A function of its own, so that the stream refers to nothing but the reader. */
function streamOf(reader: BodyReader): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      const piece = await reader.next();
      if (piece === undefined) controller.close();
      else {
        controller.enqueue(piece);
        if (reader.isOver) controller.close();
      }
    },
    async cancel(reason): Promise<void> {
      await reader.drain(reason);
    },
  }, { highWaterMark: 0 });
}

function streamOfWhole(
  whole: Promise<Bytes>,
  reader?: BodyReader,
): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      const bytes = await whole;
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
    cancel(reason): void {
      reader?.abandon(reason);
    },
  }, { highWaterMark: 0 });
}

function copied(bytes: Bytes, room: Bytes | undefined): Bytes {
  if (room === undefined) return bytes.slice();
  room.set(bytes);
  return room.subarray(0, bytes.length);
}

function withRoom(room: Bytes, used: number, more: number): Bytes {
  if (used + more <= room.length) return room;
  const larger = new Uint8Array(
    Math.max(room.length * 2, used + more, FIRST_ROOM),
  );
  larger.set(room.subarray(0, used));
  return larger;
}

/** Most bytes that are written at a time, so that progress can be seen. */
const WRITTEN_PIECE = 256 * 1_024;

/** Least bytes that are worth to be told of. */
const TOLD_PIECE = 64 * 1_024;

/** Most bytes of one body that the buffers of both machines can hide. */
const HIDDEN = 8 * 1_024 * 1_024;

/** A body that is larger than a few kilobytes, or of unknown size, on its way. */
export class Upload {
  readonly #connection: Deno.Conn;
  readonly #wait: Wait;
  readonly #timers: Timers;
  #isStopped = false;
  #left = 0;
  #sendingMs = 0;
  #onWake: (() => void) | undefined;

  constructor(connection: Deno.Conn, wait: Wait, timers: Timers) {
    this.#connection = connection;
    this.#wait = wait;
    this.#timers = timers;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Why it was stopped, for its source. */
  #reason: unknown;

  stop(reason?: unknown): void {
    this.#reason ??= reason;
    this.#isStopped = true;
    this.wake();
  }

  /** Ends what is waited for now. */
  wake(): void {
    this.#onWake?.();
  }

  /** What `promise` brings, or `undefined` where somebody ends the wait. */
  orWoken<T>(promise: Promise<T>): Promise<T | undefined> {
    if (this.#isStopped) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#onWake = (): void => resolve(undefined);
      promise.then(resolve, reject);
    });
  }

  /** How long the buffers may take for what they hold, by the pace so far. */
  hiddenMs(): number {
    const left = Math.max(1, this.#left);
    return this.#sendingMs * Math.min(left, HIDDEN) / left;
  }

  /** Writes bytes; `onWritten` is told how many of them are gone. */
  async write(
    bytes: Uint8Array,
    onWritten?: (count: number) => void,
  ): Promise<void> {
    const startMs = this.#timers.now();
    let told = 0;
    for (let at = 0; at < bytes.length && !this.#isStopped;) {
      const writing = this.#connection.write(
        bytes.subarray(at, Math.min(at + WRITTEN_PIECE, bytes.length)),
      );
      // It rejects when the connection is closed under it.
      writing.catch(() => {});
      const count = await this.#orStopped(writing);
      if (count === undefined) return;
      at += count;
      this.#wait.heard();
      // The platform may write less than it is given.
      if (at < bytes.length && at - told < TOLD_PIECE) continue;
      told = at;
      onWritten?.(at);
    }
    this.#left += bytes.length;
    this.#sendingMs += this.#timers.now() - startMs;
  }

  async send(
    body: Bytes | BodySource,
    onSourceFault: (reason: unknown) => void,
    onSent: (bytes: number) => void,
  ): Promise<void> {
    if (body instanceof Uint8Array) return await this.write(body, onSent);
    const { length } = body;
    const source = body.open().getReader();
    let sent = 0;
    let isRead = false;
    const fail = (reason: unknown): void => {
      this.stop();
      onSourceFault(reason);
    };
    try {
      while (!this.#isStopped) {
        const piece = await this.#pull(source, fail);
        if (this.#isStopped) return;
        if (piece === undefined) {
          isRead = true;
          break;
        }
        sent += piece.length;
        if (sent > (length ?? Infinity)) {
          return fail(lengthFault("longer", length));
        }
        if (piece.length === 0) continue;
        const before = sent - piece.length;
        if (length !== undefined) {
          await this.write(piece, (count) => onSent(before + count));
        } else {
          await this.write(chunkOf(piece));
          onSent(sent);
        }
      }
      if (this.#isStopped) return;
      if (length === undefined) await this.write(LAST_CHUNK);
      else if (sent < length) fail(lengthFault("shorter", length));
    } finally {
      // How the source takes it is its own affair.
      if (!isRead) {
        source.cancel(this.#reason ?? new DOMException(UNWANTED, "AbortError"))
          .catch(() => {});
      }
    }
  }

  /** While the source is asked, nobody waits for the server. */
  async #pull(
    source: ReadableStreamDefaultReader<Uint8Array>,
    fail: (reason: unknown) => void,
  ): Promise<Uint8Array | undefined> {
    this.#wait.stop();
    const reading = source.read();
    reading.catch(() => {});
    try {
      return (await this.#orStopped(reading))?.value;
    } catch (error) {
      // What the source throws is what the caller gets to see.
      fail(error);
      return undefined;
    } finally {
      if (!this.#isStopped) this.#wait.start();
    }
  }

  /** What `promise` brings, or `undefined` where the sending is stopped. */
  async #orStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    // Woken by an interim answer, of which there may be many, the wait goes on.
    while (!this.#isStopped) {
      const value = await this.orWoken(promise);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

const UNWANTED = "The rest of the body is not wanted any more";

function chunkOf(piece: Uint8Array): Bytes {
  const start = chunkStart(piece.length);
  const chunk = new Uint8Array(
    start.length + piece.length + CHUNK_END.length,
  );
  chunk.set(start);
  chunk.set(piece, start.length);
  chunk.set(CHUNK_END, start.length + piece.length);
  return chunk;
}

function lengthFault(
  than: "longer" | "shorter",
  length: number | undefined,
): ValidationError {
  return new ValidationError("send", [{
    path: "body",
    problem: `is ${than} than its length, ${length} bytes`,
  }]);
}
