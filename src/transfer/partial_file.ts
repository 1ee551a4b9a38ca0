/**
 * The file that a download is written to before it has its real name.
 *
 * @module
 */
import { concat, hex, text, utf8 } from "../foundation/bytes.ts";
import type { ExpectedChecksum } from "../foundation/checksums.ts";
import { sha256 } from "../foundation/digest.ts";
import { fileFailed } from "../foundation/errors.ts";
import { pathOf } from "../foundation/paths.ts";
import type { BodyTarget } from "../ports/http.ts";
import type {
  FileId,
  Found,
  WritableFile,
  WritableFiles,
} from "../ports/system.ts";
import { acted, checkKind, folderDenied, granted } from "./local_file.ts";
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

/**
 * Bytes that are written at a time: over TLS pieces come in 16 KiB, and each
 * write wakes another thread.
 */
const ROOM = 512 * 1_024;

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
  /** The file, open for all writes; absent where each has a stream of its own. */
  #open: Promise<WritableFile | undefined> | undefined;
  /** Files of the ranges that the platform writes; all, and those free now. */
  readonly #all: WritableFile[] = [];
  readonly #free: WritableFile[] = [];
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
   * @param pieces Its bytes in order; behind those that the platform has written,
   * where they are made for a place that it can write to.
   * @param onWritten Told how many bytes of the pieces were written.
   * @throws {ConfigError} If the file cannot be written.
   */
  async writeRange(
    { start, end }: ByteRange,
    pieces: AsyncIterable<Uint8Array> | ((place?: BodyTarget) => Pieces),
    onWritten: (bytes: number) => void,
  ): Promise<void> {
    const room = this.#rooms.pop() ?? new Uint8Array(ROOM);
    if (typeof pieces === "function") {
      const place = await this.#placeOf({ start, end });
      const at = (): number => start + (place?.written ?? 0);
      await this.#write(at, pieces(place), { room, onWritten });
    } else await this.#write(() => start, pieces, { room, onWritten });
    this.#rooms.push(room);
    if (!this.#plan.resume) return;
    const { size, rangeSize } = this.#plan;
    await this.#write(() => size + start / rangeSize, [Uint8Array.of(DONE)]);
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
    await this.#told(() => this.#close());
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

  /** Ends a download that has failed, and leaves the file as it is. */
  async leave(): Promise<void> {
    await this.#close().catch(() => {
      // The download has failed already.
    });
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.leave();
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
      else await this.leave();
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
      await this.#write(() => 0, []);
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
    await this.#write(() => this.#plan.size + this.#count, [identity]);
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

  /** Where the platform may write a range to, through a file of its own. */
  async #placeOf({ start, end }: ByteRange): Promise<BodyTarget | undefined> {
    const shared = await this.#opened();
    if (shared?.target === undefined) return undefined;
    const { path } = this.#plan;
    const length = end - start;
    let place: BodyTarget | undefined;
    let written = 0;
    return {
      length,
      get written() {
        return place?.written ?? written;
      },
      take: async (source, signal) => {
        const file = this.#free.pop() ?? await this.#openAnew(this.#all);
        try {
          place = file?.target?.(start, length);
          await place?.take(source, signal);
          if (file) this.#free.push(file);
        } catch (error) {
          throw error instanceof TypeError || signal.aborted
            ? error
            : fileFailed("write", path, error);
        } finally {
          // The file is another range's from now on.
          written = place?.written ?? written;
          place = undefined;
        }
      },
    };
  }

  async #opened(): Promise<WritableFile | undefined> {
    this.#open ??= this.#openAnew();
    return await this.#open;
  }

  async #openAnew(
    opened: WritableFile[] = [],
  ): Promise<WritableFile | undefined> {
    const files = this.#files;
    const id = this.#id;
    if (files.openToWrite === undefined || id === undefined) return undefined;
    const open = files.openToWrite.bind(files, this.#path, id);
    const file = this.#granted(await this.#told(open));
    opened.push(file);
    return file;
  }

  /** @param from Position of the first byte, when there is one. */
  async #write(
    from: () => number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    how: Pick<Written, "onWritten" | "room"> = { onWritten: () => {} },
  ): Promise<void> {
    const { path } = this.#plan;
    await writeAll(await this.#sinkAt(from), { path, pieces, ...how });
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    const all = [await open, ...this.#all.splice(0)];
    await Promise.all(all.map((file) => file?.close()));
  }

  async #sinkAt(from: () => number): Promise<Sink> {
    const file = await this.#opened();
    if (file === undefined) {
      const found = await this.#told(() =>
        this.#files.write(this.#path, from(), this.#id)
      );
      return this.#granted(found).getWriter();
    }
    let at: number | undefined;
    return {
      write: (bytes) => {
        const start = at ?? from();
        at = start + bytes.length;
        return file.write(bytes, start);
      },
      close: nothing,
      abort: nothing,
    };
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
  /** What short pieces are gathered in. Absent: each is written as it comes. */
  readonly room?: Uint8Array;
}

const NO_ROOM = new Uint8Array();

/** Pieces of bytes in order. */
type Pieces = AsyncIterable<Uint8Array>;

/** What bytes are written to, in order. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
}

/** An open file is closed when all ranges are written. */
async function nothing(): Promise<void> {}

async function writeAll(
  sink: Sink,
  { path, pieces, onWritten, signal, room = NO_ROOM }: Written,
): Promise<void> {
  let held = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    const act = acted("write", path, () => sink.write(bytes));
    await (signal ? orAborted(act, signal) : act);
    onWritten(bytes.length);
  };
  const writeHeld = async (): Promise<void> => {
    const bytes = room.subarray(0, held);
    held = 0;
    if (bytes.length > 0) await write(bytes);
  };
  try {
    for await (const piece of pieces) {
      if (held + piece.length > room.length) await writeHeld();
      if (piece.length > room.length / 2) {
        await writeHeld();
        await write(piece);
      } else {
        room.set(piece, held);
        held += piece.length;
      }
    }
    await writeHeld();
  } catch (error) {
    const aborting = sink.abort(error).catch(() => {
      // A file that could not be written is closed already.
    });
    // A write that nobody takes the bytes of would hold it up.
    if (!signal?.aborted) await aborting;
    throw error;
  }
  await acted("write", path, () => sink.close());
}

/** Waits for a write no longer than until the signal is aborted. */
async function orAborted(
  act: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
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
  await writeAll(granted(found, "write", path).getWriter(), written);
  return true;
}

/** Longest name of a file in bytes, on nearly all file systems. */
const MAX_NAME = 255;

/**
 * Names the unfinished file of a download, in the folder of the finished one. A
 * name that would become too long is cut, and told apart by its hash.
 *
 * @param path The finished file.
 * @param unique Tells it from those of other downloads to the same file; absent:
 * the name is the same each time.
 */
async function partPath(
  path: string | URL,
  unique?: string,
): Promise<string | URL> {
  const whole = pathOf(path);
  const start = whole.search(/[^\\/]*$/);
  const name = utf8(whole.slice(start));
  const ending = utf8(unique === undefined ? ".part" : `.${unique}.part`);
  const part = text(
    name.length + ending.length <= MAX_NAME
      ? concat([name, ending])
      : await cutName(name, ending),
  );
  return path instanceof URL
    ? new URL(encodeURIComponent(part), path)
    : whole.slice(0, start) + part;
}

async function cutName(
  name: Uint8Array<ArrayBuffer>,
  ending: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const digest = await sha256(name);
  const hash = utf8(`.${hex(digest.subarray(0, 8))}`);
  let end = MAX_NAME - hash.length - ending.length;
  // Not within a character: its later bytes begin with the bits 10.
  while (((name[end] ?? 0) & 0xc0) === 0x80) end--;
  return concat([name.subarray(0, end), hash, ending]);
}
