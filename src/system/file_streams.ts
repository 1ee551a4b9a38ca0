/**
 * Open files as streams of bytes, to read and to write, and what programs print.
 *
 * @module
 */
import type { BodyTarget } from "../ports/http.ts";
import type { System, WritableFile, WritableFiles } from "../ports/system.ts";

/** What a machine that has files and programs does with them, reading texts aside. */
export type MachineFiles = Required<
  Omit<System & WritableFiles, "blind" | "env" | "readText" | "windows">
>;

/**
 * Most bytes that are read at a time. The file's own `readable` takes 64 KiB,
 * each by way of another thread: the way then costs more than the bytes.
 */
const MOST = 512 * 1_024;

/** Fewest bytes that are asked for. */
const LEAST = 16 * 1_024;

/** What is asked for of a file that does not tell how long it is: what a pipe holds. */
const UNTOLD = 64 * 1_024;

/**
 * Makes a stream that reads an open file, and closes it in the end, however it
 * ends. It reads nothing ahead.
 *
 * @param file The file, open for reading at the position of the first byte.
 * @param length How many bytes it should have from there, where that is known.
 * @returns The stream, and what reads into a room in its place.
 */
export function fileSource(
  file: Deno.FsFile,
  length: number | undefined,
): {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly read: (room: Uint8Array) => Promise<number>;
} {
  const pieceSize = Math.min(MOST, Math.max(LEAST, length ?? UNTOLD));
  let ended = false;
  let cancelled = false;
  const end = (): void => {
    if (!ended) file.close();
    ended = true;
  };
  const read = async (room: Uint8Array): Promise<number> => {
    if (ended) return 0;
    try {
      const count = await file.read(room);
      if (cancelled) return 0;
      if (count !== null) return count;
    } catch (error) {
      end();
      // Closing the file ends a read that is under way.
      if (cancelled) return 0;
      throw error;
    }
    end();
    return 0;
  };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const piece = new Uint8Array(pieceSize);
      const count = await read(piece);
      if (count > 0) controller.enqueue(piece.subarray(0, count));
      else if (!cancelled) controller.close();
    },
    cancel: () => {
      cancelled = true;
      end();
    },
  }, { highWaterMark: 0 });
  return { stream, read };
}

/**
 * Makes a stream that writes to an open file, and closes it in the end, however
 * it ends. The file's own `writable` keeps bytes back until it is closed, so
 * that a write which has succeeded may still fail, or be lost.
 *
 * @param file The file, open for writing at the position of the first byte.
 */
export function fileSink(file: Deno.FsFile): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: async (piece) => {
      try {
        await writeAll(file, piece);
      } catch (error) {
        // A stream whose write fails closes and aborts nothing any more.
        file.close();
        throw error;
      }
    },
    close: () => file.close(),
    abort: () => file.close(),
  });
}

/**
 * An open file that is written to anywhere. The platform writes where the last
 * write has ended, so that one has to end before the next can begin.
 */
export class OpenToWrite implements WritableFile {
  readonly #file: Deno.FsFile;
  #position = 0;
  #last: Promise<void> = Promise.resolve();

  /**
   * Takes charge of a file.
   *
   * @param file The file, open for writing at its start.
   */
  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    const written = this.#last.then(() => this.#write(bytes, at));
    this.#last = written.catch(() => {
      // Whoever waits for it gets the error.
    });
    return written;
  }

  target(at: number, length: number): BodyTarget {
    const file = this.#file;
    file.seekSync(at, Deno.SeekMode.Start);
    this.#position = NaN;
    let written = 0;
    return {
      length,
      get written() {
        try {
          written = file.seekSync(0, Deno.SeekMode.Current) - at;
        } catch {
          // A write is under way: what was known before is no lie.
        }
        return written;
      },
      take: (source, signal) =>
        source.pipeTo(file.writable, {
          signal,
          preventAbort: true,
          preventCancel: true,
          preventClose: true,
        }),
    };
  }

  close(): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    // Only a number is set: no disk can hold that up.
    if (at !== this.#position) this.#file.seekSync(at, Deno.SeekMode.Start);
    // Where a write that fails ends is not known.
    this.#position = NaN;
    await writeAll(this.#file, bytes);
    this.#position = at + bytes.length;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await file.write(bytes.subarray(written));
  }
}

/** Most bytes that are taken from a program's standard output. */
export const MAX_OUTPUT = 1_024 * 1_024;

/** Bytes that are kept of its standard error; the rest is read and forgotten. */
export const KEPT_ERRORS = 64 * 1_024;

/** The start of what a program prints. */
export class ProgramOutput {
  readonly #decoder = new TextDecoder();
  #left: number;
  #text = "";
  #isCut = false;

  /**
   * Starts with nothing.
   *
   * @param limit How many bytes are kept.
   */
  constructor(limit: number) {
    this.#left = limit;
  }

  /** Whether more was added than is kept. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Adds a piece. */
  add(piece: Uint8Array): void {
    const kept = piece.subarray(0, this.#left);
    this.#left -= kept.length;
    this.#isCut ||= kept.length < piece.length;
    this.#text += this.#decoder.decode(kept, { stream: true });
  }

  /** What was kept, as UTF-8. */
  finish(): string {
    return this.#text + this.#decoder.decode();
  }
}
