/**
 * A file in memory.
 *
 * @module
 */
import { concat, text } from "../foundation/bytes.ts";

/** What contents can be written to, for example an open `Deno.FsFile`. */
export type FileTarget =
  | WritableStream<Uint8Array>
  | {
    /** What takes the bytes. */
    readonly writable: WritableStream<Uint8Array>;
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

/** What takes the bytes of a target. */
export function writableOf(target: FileTarget): WritableStream<Uint8Array> {
  return "writable" in target ? target.writable : target;
}
