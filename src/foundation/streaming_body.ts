/**
 * The body of a response, as the caller gets it.
 *
 * @module
 */
import { concat, text } from "./bytes.ts";

/** What a {@linkcode StreamingBody} reads from. */
export interface BodyReader {
  /** Hands out the bytes in the pieces they arrive in. */
  open(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Reads them all. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends the exchange without reading the rest. */
  cancel(reason?: unknown): Promise<void>;
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
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #spent = false;

  /**
   * Wraps what the bytes come from.
   *
   * @param reader Where they come from. The body becomes its only user.
   */
  constructor(reader: BodyReader) {
    this.#reader = reader;
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
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#stream !== undefined) {
      return await new Response(this.#stream).bytes();
    }
    this.#spend();
    return await this.#reader.bytes();
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
   * Gives the connection back without reading the rest. A body that was read
   * or cancelled before is left alone.
   */
  async cancel(reason?: unknown): Promise<void> {
    if (this.#stream !== undefined) {
      if (!this.#stream.locked) await this.#stream.cancel(reason);
    } else if (!this.#spent) {
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
    if (this.#spent) {
      throw new TypeError(
        "Cannot read the body: it was read or cancelled before",
      );
    }
    this.#spent = true;
  }
}

/** The longest answer with credentials that is read where nobody says otherwise; one has 2 KiB or so. */
export const MAX_CREDENTIAL_BYTES = 256 * 1_024;

/**
 * Reads a body into memory, unless it is too long.
 *
 * @param maxBytes The longest that is read.
 * @param response The response; its length counts, unless it was decoded.
 * @param body Its body.
 * @returns Its bytes, or `undefined` where it is longer; the rest is cancelled.
 */
export async function bytesUpTo(
  maxBytes: number,
  { headers, decoded = false }: {
    readonly headers: Readonly<Record<string, string>>;
    readonly decoded?: boolean;
  },
  body: BodyReader,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stated = decoded ? undefined : headers["content-length"];
  if (stated !== undefined && Number(stated) > maxBytes) {
    await body.cancel();
    return undefined;
  }
  if (maxBytes === Infinity || stated !== undefined) {
    const bytes = await body.bytes();
    return bytes.length > maxBytes ? undefined : bytes;
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
