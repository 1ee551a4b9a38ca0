/**
 * The file that a download is written to before it has its real name.
 *
 * @module
 */
import { concat, utf8 } from "../foundation/bytes.ts";
import type { ExpectedChecksum } from "../foundation/checksums.ts";
import { sha256 } from "../foundation/digest.ts";
import type { Found, OpenedFile, WritableFiles } from "../ports/system.ts";
import { folderDenied, granted, writeFailed } from "./local_file.ts";
import { type ByteRange, rangesOf } from "./ranges.ts";
import { Verifier } from "./verify.ts";

/** What a partial file is made for. */
export interface PartialPlan {
  /** Where the file is to be in the end. */
  readonly path: string | URL;
  /** Length of the object, in bytes. */
  readonly size: number;
  /** Length of a range, in bytes. */
  readonly rangeSize: number;
  /** What tells this object from others. */
  readonly identity: string;
  /** Whether to go on with what an earlier download left, and to leave it. */
  readonly resume: boolean;
}

/** The mark of a range that is there. */
const DONE = 1;

/**
 * A partial file: the bytes of the object, each at its place, and behind them a
 * byte per range, 1 once the range is there, and a SHA-256 of what object this
 * is. So one file says all that a later download needs, whenever this one is
 * killed; at the end it is cut to the object's length and renamed.
 *
 * It lies beside the real file. One that may be resumed is named after it, with
 * `.part`; any other has a name that no other download has.
 */
export class PartialFile {
  readonly #files: WritableFiles;
  readonly #plan: PartialPlan;
  readonly #path: string | URL;
  readonly #done = new Set<number>();

  private constructor(
    files: WritableFiles,
    plan: PartialPlan,
    path: string | URL,
  ) {
    this.#files = files;
    this.#plan = plan;
    this.#path = path;
  }

  /**
   * Opens the file, anew or where an earlier download left it.
   *
   * @param files Where it lies.
   * @param plan What it is made for.
   * @param unique Makes a name that no other download has.
   * @throws {ConfigError} If it cannot be written.
   */
  static async open(
    files: WritableFiles,
    plan: PartialPlan,
    unique: () => string = () => crypto.randomUUID(),
  ): Promise<PartialFile> {
    const ending = plan.resume ? ".part" : `.${unique()}.part`;
    const path = plan.path instanceof URL
      ? new URL(plan.path.href + ending)
      : plan.path + ending;
    const partial = new PartialFile(files, plan, path);
    await partial.#begin();
    return partial;
  }

  /** The ranges that are not there yet. */
  get missing(): readonly ByteRange[] {
    const { size, rangeSize } = this.#plan;
    return [...rangesOf(size, rangeSize)]
      .filter(({ start }) => !this.#done.has(start / rangeSize));
  }

  /**
   * Writes a range, and then that it is there.
   *
   * @param range The range.
   * @param pieces Its bytes in order.
   * @param onWritten Told how many bytes were written.
   * @throws {ConfigError} If the file cannot be written.
   */
  async writeRange(
    { start }: ByteRange,
    pieces: AsyncIterable<Uint8Array>,
    onWritten: (bytes: number) => void,
  ): Promise<void> {
    await this.#write(start, pieces, onWritten);
    if (!this.#plan.resume) return;
    const { size, rangeSize } = this.#plan;
    await this.#write(size + start / rangeSize, [Uint8Array.of(DONE)]);
  }

  /**
   * Compares the bytes of the object, as they lie in the file, with a checksum.
   *
   * @param expected The checksum.
   * @param signal Ends the comparison early.
   * @throws {ChecksumError} If it is another.
   */
  async verify(
    expected: ExpectedChecksum,
    signal?: AbortSignal,
  ): Promise<void> {
    const verifier = await Verifier.start(expected);
    const { stream } = this.#granted(await this.#files.open(this.#path));
    let left = this.#plan.size;
    for await (const piece of stream) {
      signal?.throwIfAborted();
      verifier.update(piece.subarray(0, left));
      left -= Math.min(left, piece.length);
      if (left === 0) break;
    }
    verifier.finish();
  }

  /**
   * Gives the file its real name.
   *
   * @throws {ConfigError} If that cannot be done.
   */
  async finish(): Promise<void> {
    const { path, size } = this.#plan;
    this.#granted(await this.#files.cut(this.#path, size));
    this.#granted(await this.#told(this.#files.rename(this.#path, path)));
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.#files.remove(this.#path);
  }

  async #begin(): Promise<void> {
    const { resume, size } = this.#plan;
    // What may not be read is to be known now, and not at the end.
    const found = await this.#files.open(this.#path, size);
    const left = found.kind === "absent" ? undefined : this.#granted(found);
    if (!resume) {
      await left?.stream.cancel();
      return await this.#write(0, []);
    }
    const identity = await sha256(utf8(this.#plan.identity));
    const marks = left && await this.#marks(left, identity);
    marks?.forEach((mark, index) => {
      if (mark === DONE) this.#done.add(index);
    });
    if (marks !== undefined) return;
    // Nothing of another object may stay, marks least of all.
    await this.#files.cut(this.#path, 0);
    await this.#write(size + this.#count, [identity]);
  }

  /** The marks of an earlier download, if that was of the same object. */
  async #marks(
    { length, stream }: OpenedFile,
    identity: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    if (length !== this.#plan.size + this.#count + identity.length) {
      await stream.cancel();
      return undefined;
    }
    const tail = concat(await Array.fromAsync(stream));
    const known = tail.subarray(this.#count);
    return known.every((byte, index) => byte === identity[index])
      ? tail.subarray(0, this.#count)
      : undefined;
  }

  get #count(): number {
    return Math.ceil(this.#plan.size / this.#plan.rangeSize);
  }

  async #write(
    from: number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    onWritten: (bytes: number) => void = () => {},
  ): Promise<void> {
    const found = await this.#files.write(this.#path, from);
    const writer = this.#granted(found).getWriter();
    try {
      for await (const piece of pieces) {
        await this.#told(writer.write(piece));
        onWritten(piece.length);
      }
    } catch (error) {
      await writer.abort(error).catch(() => {
        // A file that could not be written is closed already.
      });
      throw error;
    }
    await this.#told(writer.close());
  }

  #granted<T>(found: Found<T>): T {
    const { path } = this.#plan;
    if (found.kind === "denied") throw folderDenied(path);
    return granted(found, "write", path);
  }

  async #told<T>(act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (cause) {
      throw writeFailed(this.#plan.path, cause);
    }
  }
}
