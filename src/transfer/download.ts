/**
 * Downloads to files, into memory and through streams.
 *
 * @module
 */
import { ChecksumError, ConfigError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import {
  type ChecksumAlgorithm,
  GetObject,
  type HeadObjectOutput,
  type S3,
} from "../services/s3/mod.ts";
import { eachAtMost } from "./at_most.ts";
import { filesOf, type LocalFile, targetPath } from "./local_file.ts";
import {
  checkInput,
  type InputRules,
  Meter,
  PART_OPTIONS,
  type PartOptions,
  partSettings,
  TRANSFER_OPTIONS,
  type TransferOptions,
} from "./options.ts";
import { PartialFile, writeInPlace } from "./partial_file.ts";
import { type ByteRange, rangesOf } from "./ranges.ts";
import { readRange } from "./read_range.ts";
import {
  type DownloadInput,
  inspect,
  type RemoteObject,
} from "./remote_object.ts";
import { Verifier } from "./verify.ts";

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
export interface Downloaded extends HeadObjectOutput {
  /** The checksum by which the bytes were verified; absent where S3 has none of them all. */
  readonly verifiedBy?: ChecksumAlgorithm;
}

/** The result of a download to a file. */
export interface DownloadedFile extends Downloaded {
  /** Bytes of it that an earlier download had left. */
  readonly resumed: number;
}

/** The result of a download into memory. */
export interface DownloadedBytes extends Downloaded {
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
 * @param input The object.
 * @param to The file, by `file(path)` or a `file:` URL.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the object was replaced or removed meanwhile.
 * @throws {ChecksumError} If the bytes are not those that S3 has.
 * @throws {ConfigError} If the file cannot be written, as on a full disk.
 * @throws {ProtocolError} If the service states a length that no object has.
 */
export async function download(
  s3: S3,
  input: DownloadInput,
  to: LocalFile | URL,
  options: DownloadOptions = {},
): Promise<DownloadedFile> {
  checkOptions("call download", options, DOWNLOAD_OPTIONS);
  checkInput("download", input, rules(DOWNLOAD_OPTIONS));
  const { signal, resume = false, setLastModified = false } = options;
  signal?.throwIfAborted();
  const { partSize, concurrency } = partSettings(options);
  const path = targetPath(to);
  const files = filesOf(s3.core);
  const object = await inspect(s3, input, signal);
  const { size, head } = object;
  const meter = new Meter(options, size);
  const written = {
    path,
    pieces: verifiedBytes(s3, object, partSize, signal),
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
    await eachAtMost<ByteRange>(
      () => partial.missing(),
      async (range, signal) => {
        const pieces = readRange(s3, object, range, signal);
        await partial.writeRange(range, pieces, (bytes) => meter.add(bytes));
      },
      { concurrency, signal },
    );
    if (object.checksum) await partial.verify(object.checksum, signal);
    await partial.finish(setLastModified ? head.LastModified : undefined);
    return { ...head, ...verifiedBy(object), resumed };
  } catch (error) {
    // Wrong bytes are not worth going on with.
    if (!resume || error instanceof ChecksumError) await partial.discard();
    throw error;
  }
}

/**
 * Downloads an object into memory, in ranges, several at a time.
 *
 * @param s3 The client.
 * @param input The object.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the object was replaced or removed meanwhile.
 * @throws {ChecksumError} If the bytes are not those that S3 has.
 */
export async function downloadBytes(
  s3: S3,
  input: DownloadInput,
  options: PartOptions = {},
): Promise<DownloadedBytes> {
  checkOptions("call downloadBytes", options, PART_OPTIONS);
  checkInput("downloadBytes", input, rules(PART_OPTIONS));
  const { signal } = options;
  signal?.throwIfAborted();
  const { partSize, concurrency } = partSettings(options);
  const object = await inspect(s3, input, signal);
  const { size, head } = object;
  const meter = new Meter(options, size);
  const Body = memoryFor(size, input);
  await eachAtMost<ByteRange>(
    () => rangesOf(size, partSize),
    async (range, signal) => {
      let at = range.start;
      for await (const piece of readRange(s3, object, range, signal)) {
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
 * @param input The object.
 * @param options What differs from the defaults.
 * @returns What S3 tells of the object, and the stream. It fails with an
 * {@linkcode ObjectChangedError} or a {@linkcode ChecksumError} as others do.
 */
export async function downloadStream(
  s3: S3,
  input: DownloadInput,
  options: StreamOptions = {},
): Promise<DownloadedStream> {
  checkOptions("call downloadStream", options, STREAM_OPTIONS);
  checkInput("downloadStream", input, rules(STREAM_OPTIONS));
  options.signal?.throwIfAborted();
  partSettings(options, STREAM_PART_SIZE);
  const object = await inspect(s3, input, options.signal);
  const { partSize } = partSettings(options, STREAM_PART_SIZE);
  const meter = new Meter(options, object.size);
  const bytes = verifiedBytes(s3, object, partSize, options.signal);
  const Body = ReadableStream.from(counted(bytes, meter));
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
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const { size, checksum } = object;
  const verifier = await Verifier.start(checksum);
  for (const range of rangesOf(size, partSize)) {
    for await (const piece of readRange(s3, object, range, signal)) {
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
