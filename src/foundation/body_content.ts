/**
 * The content of a body, whatever it was given as: its bytes, in pieces, as many
 * as were promised.
 *
 * @module
 */
import { concat, owned, utf8 } from "./bytes.ts";
import type { BodyReader } from "./streaming_body.ts";

/** Makes the error of a body that cannot be read; told what is wrong with it. */
export type Unreadable = (problem: string) => Error;

/**
 * The bytes of a body that is held in memory.
 *
 * @param body The body.
 * @param unreadable Makes the error of one whose memory was given away.
 * @returns Its bytes, not copied where they need not be; `undefined` for all
 * else.
 */
export function heldBytes(
  body: unknown,
  unreadable: Unreadable,
): Uint8Array<ArrayBuffer> | undefined {
  if (typeof body === "string") return utf8(body);
  const buffer = ArrayBuffer.isView(body) ? body.buffer : body;
  if (!isBuffer(buffer)) return undefined;
  if (buffer instanceof ArrayBuffer && buffer.detached) {
    throw unreadable("has no memory any more: its buffer was transferred");
  }
  if (body instanceof Uint8Array) return owned(body);
  return owned(
    ArrayBuffer.isView(body)
      ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
      : new Uint8Array(buffer),
  );
}

/** What could be read as a stream, and how long it says that it is. */
interface StreamedBody {
  /** Its pieces, not yet checked. */
  readonly stream: ReadableStream<unknown>;
  /** Its length in bytes, where it names one that can be relied on. */
  readonly length?: number;
}

/**
 * The stream of a body that can be read once: a stream, an asynchronous
 * iterable, or what the Fetch standard calls a body.
 *
 * @param body The body.
 * @param unreadable Makes the error of one that was read before, or is being read.
 * @returns Its stream; `undefined` for all else.
 */
export function streamedBody(
  body: unknown,
  unreadable: Unreadable,
): StreamedBody | undefined {
  const free = (stream: ReadableStream<unknown>): ReadableStream<unknown> => {
    if (stream.locked) throw unreadable(LOCKED);
    return stream;
  };
  if (body instanceof Response || body instanceof Request) {
    if (body.bodyUsed) throw unreadable("was read before");
    const length = statedLength(body.headers);
    if (body.body === null && length !== undefined && length > 0) {
      throw unreadable(
        `has no content although its header names ${length} bytes`,
      );
    }
    return {
      stream: free(body.body ?? streamOf([])),
      ...length === undefined ? {} : { length },
    };
  }
  if (body instanceof ReadableStream) return { stream: free(body) };
  return isAsyncIterable(body) ? { stream: streamOf(body) } : undefined;
}

/**
 * A stream of what can be iterated. Some browsers have no `ReadableStream.from`.
 *
 * @param source What is read, piece by piece, when the stream is.
 */
export function streamOf<Piece>(
  source: AsyncIterable<Piece> | Iterable<Piece>,
): ReadableStream<Piece> {
  if (typeof ReadableStream.from === "function") {
    return ReadableStream.from(source);
  }
  const pieces = Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
  return new ReadableStream<Piece>({
    async pull(controller): Promise<void> {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason): Promise<void> {
      await pieces.return?.(reason);
    },
  }, { highWaterMark: 0 });
}

/**
 * Gives up a body that will not be read. One that is being read is left to its
 * reader.
 *
 * @param body The body, of any kind.
 * @param reason Told to its source.
 */
export function dropBody(body: unknown, reason?: unknown): void {
  if (isCancellable(body)) return body.cancel(reason);
  const stream = body instanceof Response || body instanceof Request
    ? body.body
    : body;
  if (!(stream instanceof ReadableStream) || stream.locked) return;
  // How the source takes it is its own affair.
  stream.cancel(reason).catch(() => {});
}

/** Reads a stream of bytes, of buffers, or of text as UTF-8. */
export class PieceReader {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  readonly #unreadable: Unreadable;
  /** Half of a character that was cut between two pieces of text. */
  #half = "";

  /**
   * Locks a stream.
   *
   * @param stream The stream.
   * @param unreadable Makes the error of a piece that is neither bytes nor text.
   */
  constructor(
    stream: ReadableStream<unknown>,
    unreadable: Unreadable,
  ) {
    this.#unreadable = unreadable;
    if (stream.locked) throw unreadable(LOCKED);
    this.#reader = stream.getReader();
  }

  /** The next bytes, at least one; `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      const bytes = done ? this.#text("") : this.#bytes(value);
      if (bytes.length > 0) return bytes;
      if (done) return undefined;
    }
  }

  /** Ends the stream. One that has ended is left alone. */
  cancel(reason?: unknown): void {
    // How the source takes it is its own affair.
    this.#reader.cancel(reason).catch(() => {});
  }

  #bytes(piece: unknown): Uint8Array {
    if (piece instanceof Uint8Array) return piece;
    if (typeof piece === "string") return this.#text(piece);
    const bytes = heldBytes(piece, this.#unreadable);
    if (bytes !== undefined) return bytes;
    throw this.#unreadable(
      `has a piece that is neither bytes nor text: current type is ${
        piece === null ? "null" : typeof piece
      }`,
    );
  }

  #text(piece: string): Uint8Array {
    const text = this.#half + piece;
    const isCut = piece !== "" && /[\ud800-\udbff]$/.test(text);
    this.#half = isCut ? text.slice(-1) : "";
    return utf8(isCut ? text.slice(0, -1) : text);
  }
}

/** What a {@linkcode BodyContent} is made from. */
export interface ContentParts {
  /** Its length in bytes, where it is known. */
  readonly length: number | undefined;
  /** Whether it can be read again. */
  readonly replayable: boolean;
  /** Gets its stream, from the first byte. */
  readonly stream: () =>
    | Promise<ReadableStream<unknown>>
    | ReadableStream<unknown>;
  /**
   * Whether the length is a snapshot of something that may grow: what follows it
   * is left where it is. Otherwise a longer body is an error.
   */
  readonly snapshot?: boolean;
  /** Makes the error of a body of another length. */
  readonly otherLength: (read: number) => Error;
  /** Makes the error of a stream that cannot be read. */
  readonly unreadable: Unreadable;
  /** Ends a source that was not read, where it can be read once only. */
  readonly drop?: (reason: unknown) => void;
}

/**
 * A body that is read piece by piece, once or more often. It hands out exactly as
 * many bytes as it is long, the last ones only once it is known that none follow.
 */
export class BodyContent {
  /** Its length in bytes, where it is known. */
  readonly length: number | undefined;
  /** Whether it can be read again. */
  readonly replayable: boolean;
  readonly #parts: ContentParts;
  readonly #readings = new Set<(reason: unknown) => void>();
  #started = false;

  /**
   * Describes a body; nothing is read.
   *
   * @param parts What it is made from.
   */
  constructor(parts: ContentParts) {
    this.length = parts.length;
    this.replayable = parts.replayable;
    this.#parts = parts;
  }

  /** Starts it from its first byte. Its source is opened with the first read. */
  readonly open = (): ReadableStream<Uint8Array> => {
    const reading = new Reading(this.#parts, () => {
      this.#started = true;
    });
    const end = (reason: unknown): void => {
      this.#readings.delete(end);
      reading.end(reason);
    };
    this.#readings.add(end);
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const bytes = await reading.next();
          if (bytes !== undefined) controller.enqueue(bytes);
          if (!reading.ended) return;
          this.#readings.delete(end);
          controller.close();
        } catch (error) {
          end(error);
          throw error;
        }
      },
      cancel: end,
    }, { highWaterMark: 0 });
  };

  /**
   * Ends all that reads it, and its source.
   *
   * @param reason Told to the source.
   */
  readonly cancel = (reason?: unknown): void => {
    for (const end of [...this.#readings]) end(reason);
    if (!this.#started) this.#parts.drop?.(reason);
  };
}

/** One reading of a body, from its first byte. */
class Reading {
  /** Whether nothing follows what was handed out. */
  ended = false;
  readonly #parts: ContentParts;
  readonly #onStart: () => void;
  #reader: PieceReader | undefined;
  #reason: unknown;
  #stopped = false;
  #read = 0;

  constructor(parts: ContentParts, onStart: () => void) {
    this.#parts = parts;
    this.#onStart = onStart;
  }

  /** The next bytes; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const { length = Infinity, snapshot = false, otherLength } = this.#parts;
    const piece = await this.#piece();
    if (this.#stopped) return undefined;
    if (piece === undefined) {
      if (this.#read < length && length !== Infinity) {
        throw otherLength(this.#read);
      }
      this.ended = true;
      return undefined;
    }
    const left = length - this.#read;
    this.#read += piece.length;
    if (piece.length < left) return piece;
    if (snapshot) {
      this.ended = true;
      this.#reader?.cancel();
      return piece.subarray(0, left);
    }
    const beyond = await this.#piece();
    if (this.#stopped) return undefined;
    const read = this.#read + (beyond?.length ?? 0);
    if (read > length) throw otherLength(read);
    this.ended = true;
    return piece;
  }

  end(reason: unknown): void {
    this.#stopped = true;
    this.#reason = reason;
    this.#reader?.cancel(reason);
  }

  async #piece(): Promise<Uint8Array | undefined> {
    const { stream, unreadable } = this.#parts;
    if (this.#reader === undefined) {
      this.#onStart();
      this.#reader = new PieceReader(await stream(), unreadable);
    }
    if (!this.#stopped) return await this.#reader.read();
    // It was ended while it was opened: nobody else knows of it.
    this.#reader.cancel(this.#reason);
    return undefined;
  }
}

const LOCKED = "is being read by somebody else";

function isBuffer(body: unknown): body is ArrayBuffer | SharedArrayBuffer {
  return body instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer !== "undefined" &&
      body instanceof SharedArrayBuffer);
}

/** What names an encoding may have been unpacked, and is then longer. */
function statedLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length !== null && /^\d+$/.test(length) &&
      !headers.has("content-encoding")
    ? Number(length)
    : undefined;
}

/** A source of streams; a stream itself is told by its lock. */
function isCancellable(
  body: unknown,
): body is { cancel(reason: unknown): void } {
  return typeof body === "object" && body !== null && "replayable" in body &&
    "cancel" in body && typeof body.cancel === "function";
}

function isAsyncIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null &&
    Symbol.asyncIterator in body;
}

/** The longest answer with credentials that is read where nobody says otherwise; one has 2 KiB or so. */
export const MAX_CREDENTIAL_BYTES = 256 * 1_024;

/**
 * Reads a body into memory, unless it is too long.
 *
 * @param maxBytes The longest that is read.
 * @param response The response; its length counts, unless it was decoded.
 * @param body Its body.
 * @param room Memory that it may be read into.
 * @returns Its bytes, or `undefined` where it is longer; the rest is cancelled.
 */
export async function bytesUpTo(
  maxBytes: number,
  { headers, decoded = false }: {
    readonly headers: Readonly<Record<string, string>>;
    readonly decoded?: boolean;
  },
  body: BodyReader,
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stated = decoded ? undefined : headers["content-length"];
  if (stated !== undefined && Number(stated) > maxBytes) {
    await body.cancel();
    return undefined;
  }
  if (maxBytes === Infinity || stated !== undefined) {
    const bytes = await body.bytes(room);
    return bytes.length > maxBytes ? undefined : bytes;
  }
  if (body.bytesWithin !== undefined) {
    return await body.bytesWithin(maxBytes, room);
  }
  const reader = body.open().getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return concat(pieces);
    pieces.push(value);
    length += value.length;
  }
  await reader.cancel();
  return undefined;
}
