/**
 * The body of a response, as the caller gets it.
 *
 * @module
 */
import { text } from "./bytes.ts";

/** What a {@linkcode StreamingBody} reads from. */
export interface BodyReader {
  /** Hands out the bytes in the pieces they arrive in. */
  open(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Reads them all; into `room`, if that is enough. */
  bytes(room?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads them all, if they are not too many; absent: only a stream can tell. */
  bytesWithin?(
    maxBytes: number,
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Reads the next piece; absent: only a stream has pieces. */
  readInto?(
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Has the platform write them to a file; `false`: they are to be read. */
  writeTo?(target: BodyTarget): Promise<boolean>;
  /** Ends the exchange without reading the rest. */
  cancel(reason?: unknown): Promise<void>;
}

/** A place in a file that the platform writes a stream of its own to. */
export interface BodyTarget {
  /** The only length, in bytes, that a body may have. */
  readonly length: number;
  /** Bytes that were written so far. */
  readonly written: number;
  /**
   * Writes a stream of the platform to its end. The error of a stream that breaks
   * is a `TypeError`.
   *
   * @param source The stream.
   * @param signal Ends that early by throwing its reason.
   */
  take(
    source: ReadableStream<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What the service said about a body. */
export interface BodyHead {
  /** HTTP status, 200 or 206. */
  readonly status: number;
  /** Header fields, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the platform decompressed it, so that its length is another one. */
  readonly decoded?: boolean;
}

/** How lines are read. */
export interface LineOptions {
  /**
   * The longest line, in bytes without its end, at least 1. Default: 16 MiB.
   * This much of the body is held in memory.
   */
  readonly maxLineBytes?: number;
}

/** What a web server says beside what the object says. */
export interface WebResponseOptions {
  /** Header fields that are set over those of the object. */
  readonly headers?: Headers | Readonly<Record<string, string>>;
}

/**
 * The body of a response, read when you ask for it, once.
 *
 * Read it to the end, {@linkcode cancel} it, or declare it with `await using`:
 * until then it holds a connection. It is never decompressed.
 *
 * @example Usage
 * ```ts ignore
 * const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.txt" });
 * console.log(await Body.text());
 * ```
 */
export class StreamingBody
  implements AsyncIterable<Uint8Array<ArrayBuffer>>, AsyncDisposable {
  readonly #reader: BodyReader;
  readonly #head: BodyHead;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #spent = false;
  /** Whether it is read by pieces. */
  #reading = false;
  #cancelled = false;
  /** Whether all pieces were read; what they came from may not be asked again. */
  #atEnd = false;
  /** Whether a piece is being read. */
  #waiting = false;
  #pieces: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  /**
   * Wraps what the bytes come from.
   *
   * @param reader Where they come from. The body becomes its only user.
   * @param head What the service said about them.
   */
  constructor(
    reader: BodyReader,
    head: BodyHead = { status: 200, headers: {} },
  ) {
    this.#reader = reader;
    this.#head = head;
  }

  /**
   * Has the platform write a body, of which nothing was read, to a file.
   *
   * @internal
   */
  static writeTo(body: StreamingBody, target: BodyTarget): Promise<boolean> {
    return body.#reader.writeTo?.(target) ?? Promise.resolve(false);
  }

  /** The bytes as a Web stream, to pipe to a file or another request. */
  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#stream ??= this.#open();
    return this.#stream;
  }

  /**
   * Reads the rest into memory.
   *
   * @throws {TransportError} If it is cut or falls silent.
   * @throws {TypeError} If it was read before.
   */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      // Without a stream, one promise less.
      if (this.#stream !== undefined) return new Response(this.#stream).bytes();
      this.#spend();
      return this.#reader.bytes();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads the next piece, as it arrives. This costs less than {@linkcode stream},
   * and least where the same memory is used for all pieces.
   *
   * @example Usage
   * ```ts ignore
   * const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.mp4" });
   * let room = new Uint8Array(256 * 1024);
   * for (let piece; (piece = await Body.read(room)) !== undefined;) {
   *   await file.write(piece);
   *   room = new Uint8Array(piece.buffer);
   * }
   * ```
   *
   * @param room Memory to read into. It is detached: what is read lies in the
   * memory of the piece, `piece.buffer`. Default: new memory for each piece.
   * @returns The piece; `undefined` at the end.
   * @throws {TransportError} If the body is cut or falls silent.
   * @throws {ChecksumError} At the end, if it is not what the service has.
   * @throws {TypeError} If it was read otherwise before, if the piece before is
   * still being read, or if there is no room in the memory.
   */
  async read(
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (room?.length === 0) {
      throw new TypeError(
        "Cannot read the body: the memory to read into has no bytes, or was detached by the read before. Go on with new Uint8Array(piece.buffer)",
      );
    }
    if (this.#waiting) {
      throw new TypeError(
        "Cannot read the body: its pieces are read one after another, and the one before is still being read. Await it first",
      );
    }
    if (!this.#reading) {
      if (this.#reader.readInto === undefined) {
        this.#pieces = this.#open().getReader();
      } else this.#spend();
      this.#reading = true;
    }
    if (this.#cancelled) throw spent();
    if (this.#atEnd) return undefined;
    this.#waiting = true;
    try {
      const piece = this.#pieces === undefined
        ? await this.#reader.readInto?.(room)
        : (await this.#pieces.read()).value;
      this.#atEnd = piece === undefined;
      return piece;
    } finally {
      this.#waiting = false;
    }
  }

  /**
   * Reads the rest as UTF-8 text; a byte-order mark is dropped.
   *
   * @throws {TransportError} If it is cut or falls silent.
   */
  async text(): Promise<string> {
    return text(await this.bytes()).replace(/^\uFEFF/, "");
  }

  /**
   * Reads the rest as JSON.
   *
   * @throws {SyntaxError} If it is not JSON.
   * @throws {TransportError} If it is cut or falls silent.
   */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /**
   * Reads the rest as UTF-8 text, line by line. Lines end with `\n` or `\r\n`,
   * which are left out; the last one may have no end. A byte-order mark is
   * dropped. A loop that is left cancels the body.
   *
   * The checksum of the body is compared at its end, so an error after the last
   * line is about the lines before it as well.
   *
   * @example Usage
   * ```ts ignore
   * const { Body } = await s3.getObject({ Bucket: "logs", Key: "today.txt" });
   * for await (const line of Body.lines()) console.log(line);
   * ```
   *
   * @param options The longest line that is read.
   * @throws {ProtocolError} If a line is longer than `maxLineBytes`.
   * @throws {ConfigError} If an option does not exist or cannot be.
   * @throws {TransportError} If the body is cut or falls silent.
   * @throws {TypeError} If it was read before.
   */
  async *lines(
    options?: LineOptions,
  ): AsyncGenerator<string, void, undefined> {
    const { lineBatches } = await import("./body_views.ts");
    for await (const batch of lineBatches(() => this.stream, options)) {
      for (const line of batch) yield line;
    }
  }

  /**
   * Makes the body the answer of a web server: its status (200, or 206 for a
   * range) and its header fields `Content-Type`, `-Length`, `-Range`,
   * `-Encoding`, `-Disposition` and `-Language`, `ETag`, `Last-Modified`,
   * `Cache-Control`, `Expires` and `Accept-Ranges`. What concerns the store or
   * its connection is left out, `x-amz-meta-...` too. A body that breaks off, or
   * is not what its checksum says, breaks the answer off.
   *
   * @example Usage
   * ```ts ignore
   * Deno.serve(async () => {
   *   const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.jpg" });
   *   return await Body.toResponse();
   * });
   * ```
   *
   * @param options Header fields that are set over those of the object.
   * @throws {ConfigError} If an option does not exist or cannot be.
   * @throws {TypeError} If the body was read before.
   */
  async toResponse(options?: WebResponseOptions): Promise<Response> {
    const { webResponse } = await import("./body_views.ts");
    return webResponse(() => this.stream, this.#head, options);
  }

  /**
   * Gives the connection back without reading the rest. A body that was read
   * or cancelled before is left alone.
   */
  async cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    if (this.#stream !== undefined) {
      if (!this.#stream.locked) await this.#stream.cancel(reason);
    } else if (this.#pieces !== undefined) {
      await this.#pieces.cancel(reason);
    } else if (!this.#spent || this.#reading) {
      this.#spent = true;
      await this.#reader.cancel(reason);
    }
  }

  /** Yields the bytes in the pieces they arrive in. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return this.stream[Symbol.asyncIterator]();
  }

  /** Cancels what was not read. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  #open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#spend();
    return this.#reader.open();
  }

  #spend(): void {
    if (this.#spent) throw spent();
    this.#spent = true;
  }
}

function spent(): TypeError {
  return new TypeError(
    "Cannot read the body: it was read or cancelled before",
  );
}
