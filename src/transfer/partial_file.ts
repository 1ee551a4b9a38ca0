/**
 * The file that a download is written to before it has its real name.
 *
 * @module
 */
import { concat, utf8 } from "../foundation/bytes.ts";
import type { ExpectedChecksum } from "../foundation/checksums.ts";
import { sha256 } from "../foundation/digest.ts";
import { fileFailed } from "../foundation/errors.ts";
import type { FileId, Found, WritableFiles } from "../ports/system.ts";
import {
  acted,
  checkKind,
  folderDenied,
  granted,
  partPath,
} from "./local_file.ts";
import { type ByteRange, rangesOf } from "./options.ts";
import { Verifier } from "./object_checksum.ts";

/** What a partial file is made for. */
interface PartialPlan {
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

/** Bytes that are written at a time: pieces come in 16 KiB, and each write costs. */
const ROOM = 256 * 1_024;

/**
 * A partial file: the bytes of the object, each at its place, and behind them a
 * byte per range, 1 once the range is there, and a SHA-256 of what object this
 * is. So one file says all that a later download needs, whenever this one is
 * killed; at the end it is cut to the object's length and renamed.
 *
 * It lies beside the real file. One that may be resumed is named after it, with
 * `.part`; any other has a name that no other download has. Others may write to
 * its folder: only a file that nobody else can write to is taken up, and it is
 * looked at anew whenever it is opened.
 */
export class PartialFile {
  readonly #files: WritableFiles;
  readonly #plan: PartialPlan;
  readonly #path: string | URL;
  readonly #done = new Set<number>();
  /** What pieces are gathered in, where nobody writes from it now. */
  readonly #rooms: Uint8Array[] = [];
  /** Which file it is; absent where the system cannot tell. */
  #id: FileId | undefined;

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
    const path = await partPath(
      plan.path,
      plan.resume ? undefined : unique(),
    );
    const partial = new PartialFile(files, plan, path);
    await partial.#begin();
    return partial;
  }

  /** The ranges that are not there yet. */
  *missing(): Generator<ByteRange, void, void> {
    const { size, rangeSize } = this.#plan;
    for (const range of rangesOf(size, rangeSize)) {
      if (!this.#done.has(range.start / rangeSize)) yield range;
    }
  }

  /** Bytes that an earlier download has left. */
  get resumed(): number {
    const { size, rangeSize } = this.#plan;
    let bytes = 0;
    for (const index of this.#done) {
      bytes += Math.min(rangeSize, size - index * rangeSize);
    }
    return bytes;
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
    const room = this.#rooms.pop() ?? new Uint8Array(ROOM);
    await this.#write(start, gathered(pieces, room), onWritten);
    this.#rooms.push(room);
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
    const { stream } = this.#granted(
      await this.#told(() => this.#files.open(this.#path, 0, this.#id)),
    );
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
   * @param changed Its time of last change. Absent: the present.
   * @throws {ConfigError} If that cannot be done.
   */
  async finish(changed?: Date): Promise<void> {
    const files = this.#files;
    const { path, size } = this.#plan;
    const id = this.#id;
    this.#granted(await this.#told(() => files.cut(this.#path, size, id)));
    if (id && files.prepare) {
      const options = {
        as: path,
        ...changed && { changedMs: changed.getTime() },
      };
      await this.#told(async () =>
        await files.prepare?.(this.#path, id, options)
      );
    }
    this.#granted(await this.#told(() => files.rename(this.#path, path)));
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.#told(() => this.#files.remove(this.#path));
  }

  async #begin(): Promise<void> {
    const { resume } = this.#plan;
    const identity = await sha256(utf8(this.#plan.identity));
    const length = await this.#claim();
    try {
      if (!resume) return;
      const marks = await this.#marks(length, identity);
      marks?.forEach((mark, index) => {
        if (mark === DONE) this.#done.add(index);
      });
      if (marks === undefined) await this.#beginAnew(length, identity);
    } catch (error) {
      if (length === 0) await this.discard();
      throw error;
    }
  }

  /**
   * Makes the file, or takes up what an earlier download has left.
   *
   * @returns Its length; 0 where it was made now.
   */
  async #claim(): Promise<number> {
    const files = this.#files;
    const claimed = await this.#told(async () =>
      await files.claim?.(this.#path, { keep: this.#plan.resume })
    );
    if (claimed !== undefined) {
      const { id, length } = this.#granted(claimed);
      this.#id = id;
      return length;
    }
    // What may not be read is to be known now, and not at the end.
    const found = await this.#told(() => files.open(this.#path));
    if (found.kind === "absent") {
      await this.#write(0, []);
      return 0;
    }
    const { length, stream } = this.#granted(found);
    await stream.cancel();
    return length ?? 0;
  }

  /** Nothing of another object may stay, marks least of all. */
  async #beginAnew(length: number, identity: Uint8Array): Promise<void> {
    if (length > 0) {
      await this.#told(() => this.#files.cut(this.#path, 0, this.#id));
    }
    await this.#write(this.#plan.size + this.#count, [identity]);
  }

  /** The marks of an earlier download, if that was of the same object. */
  async #marks(
    length: number,
    identity: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const { size } = this.#plan;
    if (length !== size + this.#count + identity.length) return undefined;
    const { stream } = this.#granted(
      await this.#told(() => this.#files.open(this.#path, size, this.#id)),
    );
    const tail = concat(await this.#told(() => Array.fromAsync(stream)));
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
    const found = await this.#told(() =>
      this.#files.write(this.#path, from, this.#id)
    );
    await writeAll(this.#granted(found), {
      path: this.#plan.path,
      pieces,
      onWritten,
    });
  }

  #granted<T>(found: Found<T>): T {
    const { path } = this.#plan;
    if (found.kind === "denied") throw folderDenied(path);
    return granted(found, "write", path);
  }

  async #told<T>(act: () => Promise<T>): Promise<T> {
    return await acted("write", this.#plan.path, act);
  }
}

/**
 * Gathers pieces in a room. What it yields is to be used before the next is asked
 * for.
 */
async function* gathered(
  pieces: AsyncIterable<Uint8Array>,
  room: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  let held = 0;
  for await (const piece of pieces) {
    for (let taken = 0; taken < piece.length;) {
      const fitting = piece.subarray(taken, taken + room.length - held);
      room.set(fitting, held);
      held += fitting.length;
      taken += fitting.length;
      if (held < room.length) continue;
      yield room;
      held = 0;
    }
  }
  if (held > 0) yield room.subarray(0, held);
}

/** What is written in order. */
interface Written {
  /** The file that the user named. */
  readonly path: string | URL;
  /** The bytes. */
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Told how many bytes were written. */
  readonly onWritten: (bytes: number) => void;
  /** Ends a write early that nobody takes the bytes of. */
  readonly signal?: AbortSignal | undefined;
}

async function writeAll(
  stream: WritableStream<Uint8Array>,
  { path, pieces, onWritten, signal }: Written,
): Promise<void> {
  const writer = stream.getWriter();
  const told = async (act: Promise<void>): Promise<void> =>
    await acted("write", path, () => act);
  try {
    for await (const piece of pieces) {
      await orAborted(told(writer.write(piece)), signal);
      onWritten(piece.length);
    }
  } catch (error) {
    const aborting = writer.abort(error).catch(() => {
      // A file that could not be written is closed already.
    });
    // A write that nobody takes the bytes of would hold it up.
    if (!signal?.aborted) await aborting;
    throw error;
  }
  await told(writer.close());
}

/** Waits for a write no longer than until the signal is aborted. */
async function orAborted(
  act: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return await act;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  act.catch(() => {
    // Those who wait get the error; after an abort nobody does.
  });
  try {
    signal.throwIfAborted();
    await Promise.race([act, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Writes bytes in order to what is no plain file, such as a pipe or a device,
 * and leaves it in place.
 *
 * @param files Where it lies.
 * @param written What is written.
 * @returns `false`, with nothing written, if it is a plain file or not there.
 * @throws {ConfigError} If it is a folder, or cannot be written.
 */
export async function writeInPlace(
  files: WritableFiles,
  written: Written,
): Promise<boolean> {
  const { path, signal } = written;
  if (!await checkKind("write", files, path) || !files.append) return false;
  let found: Found<WritableStream<Uint8Array>>;
  try {
    found = await files.append(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw fileFailed("write", path, error);
  }
  await writeAll(granted(found, "write", path), written);
  return true;
}
