/**
 * Downloads to files, into memory and through streams.
 *
 * @module
 */
import { streamOf } from "../foundation/body_content.ts";
import { StreamingBody } from "../foundation/streaming_body.ts";
import {
  AwsError,
  ChecksumError,
  ConfigError,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  TimeoutError,
  TransportError,
} from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type { BodyTarget } from "../ports/http.ts";
import type { WritableFiles } from "../ports/system.ts";
import {
  type ChecksumAlgorithm,
  GetObject,
  type GetObjectInput,
  type GetObjectOutput,
  type HeadObjectOutput,
  type S3,
} from "../services/s3/mod.ts";
import { objectAt } from "../services/s3/s3_uri.ts";
import { filesOf, type LocalFile, targetPath } from "./local_file.ts";
import { CheckedRanges, Verifier } from "./object_checksum.ts";
import {
  type ByteRange,
  checkInput,
  eachAtMost,
  type InputRules,
  Meter,
  PART_OPTIONS,
  type PartOptions,
  partOptions,
  partSettings,
  rangesOf,
  rangeText,
  TRANSFER_OPTIONS,
  type TransferOptions,
} from "./options.ts";
import { PartialFile, writeInPlace } from "./partial_file.ts";
import {
  beginDownload,
  type BegunDownload,
  changeOf,
  type DownloadInput,
  type FirstRange,
  inspect,
  isSame,
  isStillSame,
  nameOf,
  type RemoteObject,
} from "./remote_object.ts";

/** What may be said about a download to a file. */
export interface DownloadOptions extends PartOptions {
  /**
   * Whether to go on with what an earlier download to the same file left, and to
   * leave what is there when this one fails. It lies beside the file, under its
   * name with `.part`; two downloads to one file must not run at once. Default:
   * `false`, a failed download leaves nothing.
   */
  readonly resume?: boolean;
  /**
   * Whether the file gets the object's `LastModified` as its time of last change,
   * as `aws s3 sync` sets it. Default: `false`, the time of the download.
   */
  readonly setLastModified?: boolean;
}

/** The options of a download to a file. */
export const DOWNLOAD_OPTIONS: OptionKinds<DownloadOptions> = {
  ...PART_OPTIONS,
  resume: "boolean",
  setLastModified: "boolean",
};

/** What may be said about a download through a stream. */
export interface StreamOptions extends TransferOptions {
  /**
   * Length of a range, in bytes, 5 MiB to 5 GiB. Ranges are asked for one after
   * the other, so that each may be retried as a call of its own. Default: 64 MiB.
   */
  readonly partSize?: number;
}

const STREAM_OPTIONS: OptionKinds<StreamOptions> = {
  ...TRANSFER_OPTIONS,
  partSize: "any",
};

const WHOLE =
  "cannot be given, as the whole object is downloaded; getObject reads a piece";

function rules(options: InputRules["options"]): InputRules {
  return {
    operation: GetObject,
    own: {
      PartNumber: WHOLE,
      Range: WHOLE,
    },
    options,
  };
}

/** Long, as the next range is asked for when the one before it has ended. */
const STREAM_PART_SIZE = 64 * 1_024 * 1_024;

/** The result of a download: what HeadObject tells of the object. */
export interface DownloadResult extends HeadObjectOutput {
  /** The checksum by which the bytes were verified; absent where S3 has none of them all. */
  readonly verifiedBy?: ChecksumAlgorithm;
}

/** The result of a download to a file. */
export interface DownloadedFile extends DownloadResult {
  /** Bytes of it that an earlier download had left. */
  readonly resumed: number;
}

/** The result of a download into memory. */
export interface DownloadedBytes extends DownloadResult {
  /** The bytes. */
  readonly Body: Uint8Array<ArrayBuffer>;
}

/** The result of a download through a stream. */
export interface DownloadedStream extends HeadObjectOutput, AsyncDisposable {
  /** The bytes. The stream fails at its end if they are not those that S3 has. */
  readonly Body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Downloads an object to a file, in ranges, several at a time. The file appears
 * under its name when all of it is there and verified, and takes the place and
 * the mode of one that is there. A pipe, a device, or a link to one stays in
 * place: the bytes are written to it in order, and verified at the end.
 *
 * @example Usage
 * ```ts ignore
 * import { download, file } from "@inia/aws/transfer";
 *
 * const object = { Bucket: "photos", Key: "cat.mp4" };
 * await download(s3, object, file("cat.mp4"), { resume: true });
 * ```
 *
 * @param s3 The client.
 * @param from The object, or its address, `s3://bucket/key`.
 * @param to The file, by `file(path)` or a `file:` URL.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the object was replaced or removed meanwhile.
 * @throws {ChecksumError} If the bytes are not those that S3 has.
 * @throws {ConfigError} If the file cannot be written, as on a full disk.
 * @throws {ProtocolError} If the service states a length that no object has.
 * @throws {ValidationError} If the input or the address is wrong.
 */
export async function download(
  s3: S3,
  from: DownloadInput | string,
  to: LocalFile | URL,
  options: DownloadOptions = {},
): Promise<DownloadedFile> {
  checkOptions("call download", options, DOWNLOAD_OPTIONS);
  const input: DownloadInput = objectAt("download", from);
  checkInput("download", input, rules(DOWNLOAD_OPTIONS));
  const { signal, resume = false } = options;
  signal?.throwIfAborted();
  const { partSize } = partSettings(options);
  const path = targetPath(to);
  const files = filesOf(s3.core);
  // What lies on disk is told by the look whether it is of the same object.
  const { object, first }: BegunDownload = resume
    ? { object: await inspect(s3, input, signal) }
    : await beginDownload(s3, input, partSize, signal);
  try {
    return await toFile({ s3, files, path, object, first, options });
  } finally {
    await first?.drop();
  }
}

/** A download to a file. */
interface FileDownload extends BegunDownload {
  readonly s3: S3;
  readonly files: WritableFiles;
  readonly path: string | URL;
  readonly options: DownloadOptions;
}

async function toFile(
  { s3, files, path, object, first, options }: FileDownload,
): Promise<DownloadedFile> {
  const { signal, resume = false, setLastModified = false } = options;
  const { partSize, concurrency } = partSettings(options);
  const { size, head } = object;
  const meter = new Meter(options, size);
  const written = {
    path,
    pieces: verifiedBytes(s3, object, partSize, signal, first),
    onWritten: (bytes: number): void => meter.add(bytes),
    signal,
  };
  if (await writeInPlace(files, written)) {
    return { ...head, ...verifiedBy(object), resumed: 0 };
  }
  const partial = await PartialFile.open(files, {
    path,
    size,
    rangeSize: partSize,
    identity: identityOf(object, partSize),
    resume,
  });
  try {
    const { resumed } = partial;
    meter.add(resumed);
    const checked = new CheckedRanges(
      resumed === 0 ? object.checksum : undefined,
    );
    const rooms = new ReadRooms();
    // Where nobody looks at the bytes, the platform may write them.
    const isSeen = object.checksum !== undefined ||
      options.onProgress !== undefined;
    await eachAtMost<ByteRange>(
      () => partial.missing(),
      async (range, signal) => {
        const read = (place?: BodyTarget): AsyncIterable<Uint8Array> =>
          checked.checking(
            range,
            readRange(s3, object, range, signal, { first, rooms, place }),
          );
        await partial.writeRange(
          range,
          isSeen ? read() : read,
          (bytes) => meter.add(bytes),
        );
      },
      { concurrency, signal },
    );
    if (object.checksum && !checked.verify()) {
      await partial.verify(object.checksum, signal);
    }
    await partial.finish(setLastModified ? head.LastModified : undefined);
    return { ...head, ...verifiedBy(object), resumed };
  } catch (error) {
    // Wrong bytes are not worth going on with.
    if (!resume || error instanceof ChecksumError) await partial.discard();
    else await partial.leave();
    throw error;
  }
}

/**
 * Downloads an object into memory, in ranges, several at a time.
 *
 * @param s3 The client.
 * @param from The object, or its address, `s3://bucket/key`.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the object was replaced or removed meanwhile.
 * @throws {ChecksumError} If the bytes are not those that S3 has.
 * @throws {ValidationError} If the input or the address is wrong.
 */
export async function downloadBytes(
  s3: S3,
  from: DownloadInput | string,
  options: PartOptions = {},
): Promise<DownloadedBytes> {
  checkOptions("call downloadBytes", options, PART_OPTIONS);
  const input: DownloadInput = objectAt("downloadBytes", from);
  checkInput("downloadBytes", input, rules(PART_OPTIONS));
  const { signal } = options;
  signal?.throwIfAborted();
  const { partSize } = partSettings(options);
  const { object, first } = await beginDownload(s3, input, partSize, signal);
  try {
    return await toMemory({ s3, input, object, first, options });
  } finally {
    await first?.drop();
  }
}

/** A download into memory. */
interface MemoryDownload extends BegunDownload {
  readonly s3: S3;
  readonly input: DownloadInput;
  readonly options: PartOptions;
}

async function toMemory(
  { s3, input, object, first, options }: MemoryDownload,
): Promise<DownloadedBytes> {
  const { signal } = options;
  const { partSize, concurrency } = partSettings(options);
  const { size, head } = object;
  const meter = new Meter(options, size);
  const Body = memoryFor(size, input);
  const rooms = new ReadRooms();
  await eachAtMost<ByteRange>(
    () => rangesOf(size, partSize),
    async (range, signal) => {
      let at = range.start;
      const pieces = readRange(s3, object, range, signal, { first, rooms });
      for await (const piece of pieces) {
        Body.set(piece, at);
        at += piece.length;
        meter.add(piece.length);
      }
    },
    { concurrency, signal },
  );
  const verifier = await Verifier.start(object.checksum);
  verifier.update(Body);
  verifier.finish();
  return { ...head, ...verifiedBy(object), Body };
}

/**
 * Downloads an object through a stream, in order, over one connection at a time.
 * Nothing is asked for before the stream is read. Cancel it to end early, or
 * declare the result with `await using`.
 *
 * @param s3 The client.
 * @param from The object, or its address, `s3://bucket/key`.
 * @param options What differs from the defaults.
 * @returns What S3 tells of the object, and the stream. It fails with an
 * {@linkcode ObjectChangedError} or a {@linkcode ChecksumError} as others do.
 * @throws {ValidationError} If the input or the address is wrong.
 */
export async function downloadStream(
  s3: S3,
  from: DownloadInput | string,
  options: StreamOptions = {},
): Promise<DownloadedStream> {
  checkOptions("call downloadStream", options, STREAM_OPTIONS);
  const input: DownloadInput = objectAt("downloadStream", from);
  checkInput("downloadStream", input, rules(STREAM_OPTIONS));
  options.signal?.throwIfAborted();
  partSettings(options, STREAM_PART_SIZE);
  const object = await inspect(s3, input, options.signal);
  const { partSize } = partSettings(options, STREAM_PART_SIZE);
  const meter = new Meter(options, object.size);
  const bytes = verifiedBytes(s3, object, partSize, options.signal);
  const Body = streamOf(counted(bytes, meter));
  const result = { ...object.head, Body };
  return Object.defineProperty(result, Symbol.asyncDispose, {
    value: async () => {
      if (!Body.locked) await Body.cancel();
    },
  }) as DownloadedStream;
}

async function* counted(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  meter: Meter,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for await (const piece of bytes) {
    meter.add(piece.length);
    yield piece;
  }
}

async function* verifiedBytes(
  s3: S3,
  object: RemoteObject,
  partSize: number,
  signal: AbortSignal | undefined,
  first?: FirstRange,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const { size, checksum } = object;
  const verifier = await Verifier.start(checksum);
  for (const range of rangesOf(size, partSize)) {
    const pieces = readRange(s3, object, range, signal, { first });
    for await (const piece of pieces) {
      verifier.update(piece);
      yield piece;
    }
  }
  verifier.finish();
}

/** What tells an object, cut into ranges, from all others. */
function identityOf(
  { request, size, head }: RemoteObject,
  rangeSize: number,
): string {
  const { Bucket, Key, VersionId } = request;
  const { ETag, LastModified } = head;
  return JSON.stringify([
    Bucket,
    Key,
    VersionId,
    ETag,
    LastModified,
    size,
    rangeSize,
  ]);
}

function memoryFor(
  size: number,
  { Bucket, Key }: DownloadInput,
): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new ConfigError(
      "ObjectTooLarge",
      `Cannot download "${Key}" of bucket "${Bucket}" into memory: it has ${size} bytes; use download or downloadStream`,
      { cause },
    );
  }
}

function verifiedBy(
  { checksum }: RemoteObject,
): { readonly verifiedBy?: ChecksumAlgorithm } {
  return checksum ? { verifiedBy: checksum.algorithm } : {};
}

/** How often a range is asked for in all while it brings little, as in boto3. */
const ATTEMPTS = 5;

/** Enough of a range to count the attempts anew. */
const PROGRESS = 64 * 1_024;

/** How a range is read. */
interface RangeReading {
  readonly first?: FirstRange | undefined;
  readonly rooms?: ReadRooms;
  readonly place?: BodyTarget | undefined;
}

/**
 * Reads a range. The client itself goes on with a body that breaks off, within
 * the attempts of a call; where these are used up, the rest is asked for by a new
 * call.
 *
 * @param s3 The client.
 * @param object The object.
 * @param range The range.
 * @param signal Ends the read early.
 * @param how The first range of the object, where it is on its way, and what it
 * is read into, where a piece is done with when the next one is asked for; and
 * where the platform may write the start of the range to, which has no pieces then.
 * @throws {ObjectChangedError} If the object was replaced or removed.
 * @throws {TransportError} If the body breaks off for good.
 */
export async function* readRange(
  s3: S3,
  object: RemoteObject,
  { start, end }: ByteRange,
  signal?: AbortSignal,
  { first, rooms, place }: RangeReading = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let room = rooms?.take();
  let at = start;
  let attempts = 0;
  while (true) {
    const from = at;
    const asked = { start: from, end, isRest: from > start || attempts > 0 };
    const begun = start === 0 ? first?.take(signal) : undefined;
    const { body, skip } = begun === undefined
      ? await openRange(s3, object, asked, signal)
      : { body: begun, skip: 0 };
    let before = skip;
    let isOver = false;
    try {
      if (place !== undefined && skip === 0 && from === start) {
        isOver = true;
        const isWhole = await StreamingBody.writeTo(body, place);
        isOver = isWhole;
        at = start + place.written;
        if (isWhole) return;
      }
      while (true) {
        // A read that fails ends the body as well.
        isOver = true;
        // The read that finds the end takes its memory away as well.
        const piece = await body.read(
          room && at === end ? new Uint8Array(1) : room,
        );
        if (piece === undefined) break;
        isOver = false;
        signal?.throwIfAborted();
        const rest = piece.subarray(Math.min(before, piece.length));
        before -= piece.length - rest.length;
        at += rest.length;
        if (at > end) throw tooMuch(object);
        if (rest.length > 0) yield rest;
        if (rooms) room = rooms.again(piece);
      }
      if (at < end) throw cut(object);
      if (room) rooms?.giveBack(room);
      return;
    } catch (error) {
      if (place !== undefined && from === start) {
        // A file that takes no more ends no body.
        if (error instanceof ConfigError) isOver = false;
        at = Math.max(at, start + place.written);
      }
      // It went with the body that broke.
      room = rooms?.take();
      signal?.throwIfAborted();
      if (at - from >= PROGRESS) attempts = 0;
      if (error instanceof TransportError) {
        attempts += attemptsOf(error);
        if (!mayGoOn(error) || attempts >= ATTEMPTS) throw error;
        continue;
      }
      if (!await isRefusedCondition(s3, object, error, signal)) throw error;
      // One break; that the client went on in vain is none of its own.
      attempts += 1;
      if (attempts >= ATTEMPTS) throw cut(object);
    } finally {
      // Also where nobody asks for the next piece.
      if (!isOver) await body.cancel().catch(() => {});
    }
  }
}

/** Bytes that are read at a time: the platform hands out up to 408 KiB. */
const READ_ROOM = 512 * 1_024;

/** Memory that the ranges of one download are read into, over and over. */
class ReadRooms {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** A room that nobody uses. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(READ_ROOM);
  }

  /** The room that a piece is in. */
  again({ buffer }: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return buffer.byteLength === READ_ROOM
      ? new Uint8Array(buffer)
      : this.take();
  }

  /** Takes a room back that is not needed any more. */
  giveBack(room: Uint8Array<ArrayBuffer>): void {
    this.#free.push(room);
  }
}

/** Attempts that ended in an error, at least the one that it was thrown by. */
function attemptsOf(error: unknown): number {
  const made = error instanceof AwsError
    ? error.ResponseMetadata?.Attempts.length
    : undefined;
  return Math.max(1, made ?? 1);
}

/** Whether only the attempts were used up, and neither quota nor time. */
function mayGoOn(error: TransportError): boolean {
  const reason = error.ResponseMetadata?.StopReason;
  if (reason !== undefined && reason !== "attempts") return false;
  return error instanceof TimeoutError
    ? error.limit === "read"
    : BREAKS.has(error.kind);
}

const BREAKS: ReadonlySet<string> = new Set(["closed", "cut", "reset"]);

/**
 * Whether an error is the refusal of a condition that holds. The object is asked
 * for without it from then on.
 */
async function isRefusedCondition(
  s3: S3,
  object: RemoteObject,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const refusal = error instanceof ObjectChangedError ? error.cause : error;
  if (!(refusal instanceof ServiceError) || refusal.status !== 412) {
    return false;
  }
  if (!await isStillSame(s3, object, signal)) return false;
  if (object.condition) object.condition.refused = true;
  return true;
}

/** A range that is asked for, and whether some of it was before. */
interface AskedRange extends ByteRange {
  readonly isRest: boolean;
}

/** A body, and how many of its bytes lie before the range. */
interface OpenRange {
  readonly body: StreamingBody;
  readonly skip: number;
}

async function openRange(
  s3: S3,
  object: RemoteObject,
  range: AskedRange,
  signal: AbortSignal | undefined,
): Promise<OpenRange> {
  const output = await ask(s3, object, range, signal);
  const skip = bytesBefore(object, output, range);
  if (typeof skip === "number") return { body: output.Body, skip };
  await output.Body.cancel(skip);
  throw skip;
}

async function ask(
  s3: S3,
  object: RemoteObject,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<GetObjectOutput> {
  const get = async (): Promise<GetObjectOutput> =>
    await s3.getObject(
      { ...requestFor(object), Range: rangeText(range) },
      // The parts of one transfer wait for each other, however long that takes.
      partOptions({ signal }),
    );
  // Other ranges may find it out while this one is on its way.
  const isConditional = object.condition?.refused === false;
  try {
    return await get();
  } catch (error) {
    const refused = isConditional &&
      await isRefusedCondition(s3, object, error, signal);
    if (!refused) throw changeOf(error, object);
  }
  try {
    return await get();
  } catch (error) {
    throw changeOf(error, object);
  }
}

function requestFor({ request, condition }: RemoteObject): GetObjectInput {
  if (!condition?.refused) return request;
  const { IfMatch: _match, IfUnmodifiedSince: _since, ...rest } = request;
  return rest;
}

/** How many bytes lie before the range, or what is wrong with the answer. */
function bytesBefore(
  object: RemoteObject,
  output: GetObjectOutput,
  { start, end, isRest }: AskedRange,
): Error | number {
  const { request, size } = object;
  if (!isSame(object, output)) {
    return new ObjectChangedError("replaced", nameOf(request));
  }
  const given = /^bytes (\d+)-(\d+)\//.exec(output.ContentRange ?? "");
  // A store that knows no ranges sends all of it.
  const [first, last] = given === null
    ? [0, size - 1]
    : [Number(given[1]), Number(given[2])];
  if (last === end - 1) {
    if (first === start) return 0;
    // It did know them before: this part begins again.
    if (given === null && isRest) return start;
  }
  return new ProtocolError(
    `Cannot download ${nameOf(request)}: the bytes ${start} to ${
      end - 1
    } were asked for, and ${first} to ${last} came`,
  );
}

function cut(object: RemoteObject): TransportError {
  const message = `Cannot read ${nameOf(object.request)}: its body ended early`;
  return new TransportError("cut", message, { maybeSent: true });
}

function tooMuch(object: RemoteObject): ProtocolError {
  return new ProtocolError(
    `Cannot read ${
      nameOf(object.request)
    }: more bytes came than were asked for`,
  );
}
