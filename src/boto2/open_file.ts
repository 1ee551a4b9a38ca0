/**
 * What contents are written to and read from: an open file, a stream, or a file
 * in memory.
 *
 * @module
 */
import { concat, text } from "../foundation/bytes.ts";
import { contentTypeOf } from "../foundation/content_type.ts";
import { ConfigError } from "../foundation/errors.ts";

/** What writes bytes itself, for example an open `Deno.FsFile` or `Deno.stdout`. */
export interface ByteWriter {
  /**
   * Writes bytes at its current position.
   *
   * @returns How many of them were written, at least one. A `FileHandle` of Node
   * tells it as `bytesWritten`.
   */
  write(
    bytes: Uint8Array,
  ): Promise<number | { readonly bytesWritten: number }>;
}

/** What contents can be written to. */
export type FileTarget =
  | ByteWriter
  | WritableStream<Uint8Array>
  | {
    /** What takes the bytes. */
    readonly writable: WritableStream<Uint8Array>;
  };

/** What reads bytes itself, for example an open `Deno.FsFile` or `Deno.stdin`. */
export interface ByteReader {
  /**
   * Reads bytes from its current position on.
   *
   * @param buffer Where they are put.
   * @returns How many there are; `null` at the end. A `FileHandle` of Node tells
   * it as `bytesRead`, 0 at the end.
   */
  read(
    buffer: Uint8Array,
  ): Promise<null | number | { readonly bytesRead: number }>;
}

/** What contents can be read from. */
export type FileSource =
  | Blob
  | ByteReader
  | MemoryFile
  | ReadableStream<Uint8Array>
  | {
    /** What hands out the bytes. */
    readonly readable: ReadableStream<Uint8Array>;
  };

/**
 * A file in memory, to write contents to, as `StringIO` and `BytesIO` are.
 *
 * @example Usage
 * ```ts ignore
 * const file = new MemoryFile();
 * await key.getContentsToFile(file);
 * console.log(file.text());
 * ```
 */
export class MemoryFile {
  /** What takes the bytes. */
  readonly writable: WritableStream<Uint8Array>;

  readonly #pieces: Uint8Array[] = [];

  /** Makes an empty file. */
  constructor() {
    this.writable = new WritableStream({
      write: (piece) => {
        // The writer may use its memory again.
        this.#pieces.push(piece.slice());
      },
    });
  }

  /** What was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.#pieces);
  }

  /** What was written, read as UTF-8. */
  text(): string {
    return text(this.bytes());
  }
}

/** Writes to a target that stays open. */
interface TargetWriter {
  /** Writes one piece whole; done when the promise is fulfilled. */
  write(piece: Uint8Array): Promise<void>;
  /** Leaves the target open, for others to write to. */
  release(): void;
}

/**
 * Writes pieces to a target in order. The target stays open, however it ends.
 *
 * @param target The target.
 * @param pieces Gets the pieces; called when the target is known to take them.
 * @param signal Ends it early, also where the target takes no more bytes.
 * @throws {ConfigError} If the target takes no bytes, or they cannot be written.
 */
export async function writeTo(
  target: FileTarget,
  pieces: () => Promise<AsyncIterable<Uint8Array>>,
  signal?: AbortSignal,
): Promise<void> {
  const writer = writerOf(target);
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  const stop = (): void => stopped.reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    // Whatever ends the loop early cancels the body.
    for await (const piece of await pieces()) {
      await Promise.race([writer.write(piece), stopped.promise]);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    writer.release();
  }
}

function writerOf(target: FileTarget): TargetWriter {
  if (typeof target === "string" || target instanceof URL) {
    throw invalid(
      "a path is not an open file; use getContentsToFilename(path), or open the file first",
    );
  }
  if (typeof target !== "object" || target === null) {
    throw invalid(
      `expected an open file or a WritableStream, got ${
        target === null ? "null" : typeof target
      }`,
    );
  }
  if ("writable" in target && typeof target.writable === "boolean") {
    throw invalid(
      "a stream of Node does not tell when bytes are written; give Writable.toWeb(stream), of node:stream",
    );
  }
  // The file's own stream keeps bytes back until it is closed.
  if ("write" in target && typeof target.write === "function") {
    return fileWriter(target);
  }
  return streamWriter("writable" in target ? target.writable : target);
}

function fileWriter(file: ByteWriter): TargetWriter {
  return {
    write: async (piece) => {
      let written = 0;
      while (written < piece.length) {
        written += await writeSome(file, piece.subarray(written));
      }
    },
    release: () => {},
  };
}

async function writeSome(file: ByteWriter, bytes: Uint8Array): Promise<number> {
  let answer;
  try {
    answer = await file.write(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw notWritten(reason, { cause });
  }
  const count = typeof answer === "number" ? answer : answer?.bytesWritten;
  if (Number.isInteger(count) && count > 0) return count;
  throw notWritten(
    `its write told ${count} instead of the number of bytes that it wrote`,
  );
}

function streamWriter(stream: unknown): TargetWriter {
  if (!(stream instanceof WritableStream)) {
    throw invalid(
      "it has neither a method write nor a WritableStream as writable",
    );
  }
  if (stream.locked) {
    throw invalid("its stream is locked; release the writer that it has");
  }
  const writer = stream.getWriter();
  // Who writes is told; the others of its promises are nobody's.
  writer.closed.catch(() => {});
  return {
    write: (piece) => writer.write(piece),
    release: () => writer.releaseLock(),
  };
}

/** What hands out the bytes of a source, and its media type where it tells one. */
interface SourceContents {
  /** The bytes. */
  readonly body: Blob | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  /** The media type. */
  readonly type: string;
}

/** Bytes that are read from a file at once. */
const READ_SIZE = 256 * 1_024;

/**
 * Opens a source for reading. The source is left open in the end.
 *
 * @param source The source.
 * @throws {ConfigError} `"InvalidFileSource"`, if it hands out no bytes.
 */
export function contentsOf(source: FileSource): SourceContents {
  const type = contentTypeOf("");
  if (source instanceof MemoryFile) return { body: source.bytes(), type };
  if (source instanceof Blob) {
    const named = source instanceof File ? contentTypeOf(source.name) : type;
    return { body: source, type: source.type || named };
  }
  if (source instanceof ReadableStream) return { body: source, type };
  if (typeof source === "string" || source instanceof URL) {
    throw invalidSource(
      "a path is not an open file; use setContentsFromFilename(path), or open the file first",
    );
  }
  if (typeof source === "object" && source !== null) {
    // The file's own stream closes it at its end.
    if ("read" in source && typeof source.read === "function") {
      return { body: streamOf(source), type };
    }
    if ("readable" in source && source.readable instanceof ReadableStream) {
      return { body: source.readable, type };
    }
  }
  throw invalidSource(
    "expected an open file, a Blob, a ReadableStream or a MemoryFile",
  );
}

function streamOf(file: ByteReader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const buffer = new Uint8Array(READ_SIZE);
      const count = await readSome(file, buffer);
      if (count === 0) controller.close();
      else controller.enqueue(buffer.subarray(0, count));
    },
  }, { highWaterMark: 0 });
}

async function readSome(file: ByteReader, buffer: Uint8Array): Promise<number> {
  let answer;
  try {
    answer = await file.read(buffer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw notRead(reason, { cause });
  }
  const count = typeof answer === "number" ? answer : answer?.bytesRead ?? 0;
  if (Number.isInteger(count) && count >= 0 && count <= buffer.length) {
    return count;
  }
  throw notRead(
    `its read told ${count} instead of the number of bytes that it read`,
  );
}

function notRead(reason: string, options?: ErrorOptions): ConfigError {
  return new ConfigError(
    "FileNotRead",
    `Cannot read from the open file: ${reason}`,
    options,
  );
}

function invalidSource(problem: string): ConfigError {
  return new ConfigError(
    "InvalidFileSource",
    `Cannot read the contents from the given file: ${problem}`,
  );
}

function invalid(problem: string): ConfigError {
  return new ConfigError(
    "InvalidFileTarget",
    `Cannot write the contents to the given file: ${problem}`,
  );
}

function notWritten(reason: string, options?: ErrorOptions): ConfigError {
  return new ConfigError(
    "FileNotWritten",
    `Cannot write to the open file: ${reason}`,
    options,
  );
}
