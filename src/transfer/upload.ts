/**
 * Uploads of any size, from any kind of body.
 *
 * @module
 */
import {
  BodyContent,
  type ContentParts,
  dropBody,
  heldBytes,
  streamedBody,
  streamOf,
} from "../foundation/body_content.ts";
import {
  ChecksumError,
  ConfigError,
  ValidationError,
} from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type { BodyInput, BodySource } from "../ports/http.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { OpenedFile } from "../ports/system.ts";
import { putAndLook, WriteToken } from "../services/s3/lost_answer.ts";
import { refuseIgnored } from "../services/s3/stores.ts";
import type { WriteOptions } from "../services/s3/conditional.ts";
import { objectAt, type ParsedS3Uri } from "../services/s3/s3_uri.ts";
import {
  type ChecksumType,
  type CompleteMultipartUploadOutput,
  PutObject,
  type PutObjectInput,
  type PutObjectOutput,
  type S3,
} from "../services/s3/mod.ts";
import {
  filesOf,
  isLocalFile,
  type LocalFile,
  openToRead,
} from "./local_file.ts";
import type { PartedObject, ResumedUpload } from "./multipart.ts";
import {
  checkChecksumType,
  otherThanStated,
  statedOf,
  Verifier,
} from "./object_checksum.ts";
import {
  callOptions,
  checkInput,
  fittingPartSize,
  Meter,
  PART_OPTIONS,
  type PartOptions,
  partSettings,
  type SendingMeter,
  within,
} from "./options.ts";
import {
  otherLength,
  PartReader,
  type RoomFiller,
  uploadParts,
} from "./upload_parts.ts";

/** What is uploaded: the parameters of PutObject, with a body of any kind. */
export interface UploadInput extends Omit<PutObjectInput, "Body"> {
  /** The body. */
  readonly Body: UploadBody;
  /**
   * What the checksum of an upload in parts is of: all its bytes, or the
   * checksums of its parts. CRC64NVME has only `"FULL_OBJECT"`, CRC32 and CRC32C
   * have both, all others only `"COMPOSITE"`. One request always is
   * `"FULL_OBJECT"`. Default: `"FULL_OBJECT"` where there is one.
   */
  readonly ChecksumType?: ChecksumType;
}

/** What may be said about an upload. */
export interface UploadOptions extends PartOptions {
  /**
   * Length from which a body is sent in parts, in bytes, at least 1. A stream of
   * unknown length is sent in parts from one part on, if that is less. Default:
   * 8 MiB.
   */
  readonly threshold?: number;
  /**
   * Whether to go on with an unfinished upload of the key: parts that S3 has
   * already, by length and checksum, are not sent again. `true` takes the only
   * one that is checked in the same way, or begins one; where there are several,
   * `{ uploadId }` chooses. What was said when the upload was begun (metadata,
   * encryption) stays, and an upload that was found is never aborted. Default:
   * `false`.
   */
  readonly resume?: boolean | ResumedUpload;
  /**
   * Whether to leave the parts where they are when the upload fails, for a later
   * one to go on with. They cost money until it does. Default: `true` with
   * `resume`, else `false`.
   */
  readonly keepParts?: boolean;
  /**
   * Whether the object's metadata gets a token of this upload (`inia-write`), by
   * which a lost answer is settled, whatever the content is and who else writes.
   * Not with `resume`, as the metadata of an unfinished upload stays. Default:
   * `false`: the content is compared.
   */
  readonly writeToken?: boolean;
}

/** The options of an upload. */
export const UPLOAD_OPTIONS: OptionKinds<UploadOptions> = {
  ...PART_OPTIONS,
  threshold: "any",
  resume: "boolean or object",
  keepParts: "boolean",
  writeToken: "boolean",
};

/** The result of an upload that was one request. */
export interface SingleUploadResult extends PutObjectOutput {
  /** How it was sent. */
  readonly kind: "single";
  /** Number of requests that carried the body. */
  readonly parts: 1;
}

/** The result of an upload in parts. */
export interface MultipartUploadResult extends CompleteMultipartUploadOutput {
  /** How it was sent. */
  readonly kind: "multipart";
  /** Number of parts. */
  readonly parts: number;
  /** Number of them that an earlier upload had sent. */
  readonly resumed: number;
}

/** The result of an upload. */
export type UploadResult = MultipartUploadResult | SingleUploadResult;

/** Length from which a body is sent in parts, as boto3 has it. */
const THRESHOLD = 8 * 1_024 * 1_024;

/**
 * Uploads a body: in one request where it is short, else in parts, several at a
 * time. At most `concurrency + 1` parts are held; the platform may copy those on
 * their way.
 *
 * A failure or an abort discards the parts that were sent, before it is thrown,
 * unless `keepParts` or `resume` keeps them.
 *
 * @example Usage
 * ```ts ignore
 * import { file, upload } from "@inia/aws/transfer";
 *
 * const { kind } = await upload(s3, {
 *   Bucket: "photos",
 *   Key: "cat.mp4",
 *   Body: file("cat.mp4"),
 *   ContentType: "video/mp4",
 * });
 * ```
 *
 * @param s3 The client.
 * @param input The object and its body.
 * @param options What differs from the defaults.
 * @throws {ConfigError} If an option is out of its range, a file cannot be read,
 * or several uploads could be resumed (`"AmbiguousUpload"`).
 * @throws {ValidationError} If the body is not as long as it was said to be.
 */
export function upload(
  s3: S3,
  input: UploadInput,
  options?: UploadOptions,
): Promise<UploadResult>;
/**
 * Uploads a body to an address.
 *
 * @example Usage
 * ```ts ignore
 * await upload(s3, "s3://photos/cat.mp4", file("cat.mp4"));
 * ```
 *
 * @param s3 The client.
 * @param to The address of the object, `s3://bucket/key`.
 * @param body Its body.
 * @param options What differs from the defaults.
 * @throws {ValidationError} If the address is none of an object.
 */
export function upload(
  s3: S3,
  to: string,
  body: UploadBody,
  options?: UploadOptions,
): Promise<UploadResult>;
export async function upload(
  s3: S3,
  target: UploadInput | string,
  ...rest: readonly unknown[]
): Promise<UploadResult> {
  const body = typeof target === "string" ? rest[0] : target.Body;
  try {
    const [input, options] = uploadArguments(target, rest);
    return await send(s3, input, options);
  } catch (error) {
    // What nobody came to read is ended here.
    dropBody(body, error);
    throw error;
  }
}

/** The overloads have checked the types of what follows the target. */
function uploadArguments(
  target: UploadInput | string,
  rest: readonly unknown[],
): [input: UploadInput, options: UploadOptions] {
  if (typeof target !== "string") {
    const [options = {}] = rest as [options?: UploadOptions];
    return [target, options];
  }
  const [Body, options = {}] = rest as [UploadBody, options?: UploadOptions];
  return [{ ...objectAt<ParsedS3Uri>("upload", target), Body }, options];
}

async function send(
  s3: S3,
  input: UploadInput,
  options: UploadOptions,
): Promise<UploadResult> {
  checkOptions("call upload", options, UPLOAD_OPTIONS);
  checkInput("upload", input, {
    operation: PutObject,
    more: ["ChecksumType"],
    options: UPLOAD_OPTIONS,
  });
  const { Body, ContentLength, ChecksumType, ...object } = input;
  checkChecksumType(ChecksumType);
  const { signal } = options;
  checkToken(options);
  signal?.throwIfAborted();
  const { partSize } = partSettings(options);
  const stated = within(
    "threshold",
    options.threshold ?? THRESHOLD,
    [1, Infinity],
  );
  // An upload that was chosen is to be ended, whatever the length of the body.
  const threshold = typeof options.resume === "object" ? 1 : stated;
  const source = await uploadSource(Body, {
    statedLength: ContentLength,
    core: s3.core,
    signal,
  });
  const { length } = source;
  const meter = new Meter(options, length);
  const task = { s3, object, checksumType: ChecksumType, options, meter };

  if (length !== undefined && length < threshold && length > partSize) {
    return await putSource(task, source);
  }
  const reader = new PartReader(
    source instanceof FileContent ? source.rooms() : source.open(),
  );
  try {
    if (length === undefined || length < threshold) {
      // One more byte shows that a body is longer than it was said to be.
      const limit = length === undefined
        ? Math.min(threshold, partSize)
        : length + 1;
      const head = await reader.take(limit, signal);
      if (length !== undefined || head.length < limit) {
        return await putBytes(task, head, length);
      }
      reader.giveBack(head);
    }
    return await putParts(task, reader, length);
  } finally {
    await reader.cancel();
  }
}

/** What is uploaded, but for its body. */
interface UploadTask {
  readonly s3: S3;
  readonly object: PartedObject;
  readonly checksumType: ChecksumType | undefined;
  readonly options: UploadOptions;
  readonly meter: Meter;
}

/** What an upload was begun with stays: another one's token, or none. */
function checkToken({ writeToken, resume = false }: UploadOptions): void {
  if (!writeToken || resume === false) return;
  throw new ConfigError(
    "ContradictoryOptions",
    "Cannot call upload with writeToken and resume: an unfinished upload keeps the metadata that it was begun with. Leave one of them out",
  );
}

async function putParts(
  { s3, object, checksumType, options, meter }: UploadTask,
  reader: PartReader,
  length: number | undefined,
): Promise<MultipartUploadResult> {
  const { partSize, concurrency } = partSettings(options);
  const { resume = false } = options;
  const { output, parts, resumed } = await uploadParts(s3, {
    object,
    checksumType,
    reader,
    length,
    partSize: length === undefined
      ? partSize
      : fittingPartSize(length, partSize),
    concurrency,
    resume,
    ...options.writeToken &&
      { token: new WriteToken(s3.core, object.Metadata) },
    keepParts: options.keepParts ?? resume !== false,
    meter,
    signal: options.signal,
  });
  return { kind: "multipart", parts, resumed, ...output };
}

async function putBytes(
  { s3, object, options, meter }: UploadTask,
  bytes: Uint8Array<ArrayBuffer>,
  length: number | undefined,
): Promise<SingleUploadResult> {
  if (length !== undefined && bytes.length !== length) {
    throw otherLength(bytes.length, length);
  }
  const verifier = await Verifier.start(statedOf(object));
  verifier.update(bytes);
  compareStated(verifier, object);
  const sending = meter.sending(bytes.length);
  await refuseIgnored(s3.core, "put", object);
  const output = await putAndLook(
    s3,
    { ...object, Body: bytes },
    sendingOptions(options, sending),
  );
  sending.done();
  return { kind: "single", parts: 1, ...output };
}

async function putSource(
  { s3, object, options, meter }: UploadTask,
  source: BodySource,
): Promise<SingleUploadResult> {
  const sending = meter.sending(source.length ?? 0);
  await refuseIgnored(s3.core, "put", object);
  const output = await putAndLook(
    s3,
    { ...object, Body: metered(source, object, sending) },
    sendingOptions(options, sending),
  );
  sending.done();
  return { kind: "single", parts: 1, ...output };
}

/** The options of a write that tells how its body leaves. */
function sendingOptions(
  { signal, writeToken = false }: UploadOptions,
  sending: SendingMeter,
): WriteOptions {
  const ends = signal
    ? AbortSignal.any([signal, sending.signal])
    : sending.signal;
  return {
    ...callOptions({ signal: ends }),
    onSent: sending.onSent,
    ...writeToken && { writeToken },
  };
}

function compareStated(verifier: Verifier, object: PartedObject): void {
  try {
    verifier.finish();
  } catch (error) {
    throw error instanceof ChecksumError
      ? otherThanStated(object, error)
      : error;
  }
}

/**
 * A body that counts what is taken from it, and compares it with the checksum
 * that is stated; anew when it is opened anew.
 */
function metered(
  source: BodySource,
  object: PartedObject,
  sending: SendingMeter,
): BodySource {
  let counted = 0;
  return {
    length: source.length,
    replayable: source.replayable,
    cancel: (reason) => source.cancel?.(reason),
    open: () => {
      counted = 0;
      sending.onTaken(counted);
      const stated = statedOf(object);
      let verifier: Verifier;
      let held: Uint8Array | undefined;
      return source.open().pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>(
          {
            start: async () => {
              verifier = await Verifier.start(stated);
            },
            transform: (piece, controller) => {
              counted += piece.length;
              verifier.update(piece);
              sending.onTaken(counted);
              if (stated === undefined) return controller.enqueue(piece);
              // The end is held back until the whole is compared: a store that
              // has all bytes has the object.
              if (held !== undefined) controller.enqueue(held);
              held = piece;
            },
            flush: (controller) => {
              if (source.length !== undefined && counted !== source.length) {
                throw otherLength(counted, source.length);
              }
              compareStated(verifier, object);
              if (held !== undefined) controller.enqueue(held);
            },
          },
          { highWaterMark: 1 },
          { highWaterMark: 0 },
        ),
      );
    },
  };
}

/** A body to upload: what an operation takes, or a file by its path. */
export type UploadBody = BodyInput | LocalFile;

/** What is known of a body beside itself. */
interface UploadContext {
  /** Its length, where the caller states it, in bytes. */
  readonly statedLength: number | undefined;
  /** What the client is built on. */
  readonly core: ClientCore;
  /** Ends the wait for a file that opens late. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Prepares a body.
 *
 * @param body The body as it was given.
 * @param context What is known of it.
 * @throws {ValidationError} If it cannot be read.
 * @throws {ConfigError} If it is a file that cannot be opened.
 */
export async function uploadSource(
  body: UploadBody,
  context: UploadContext,
): Promise<BodyContent> {
  const { statedLength } = context;
  const bytes = heldBytes(body, unreadable);
  if (bytes !== undefined) {
    return content({
      length: bytes.length,
      replayable: true,
      // A blob would copy the bytes.
      stream: () => streamOf([bytes]),
    });
  }
  if (body instanceof Blob) {
    return content({
      length: body.size,
      replayable: true,
      stream: () => body.stream(),
    });
  }
  if (body instanceof URL) return await fileContent(fileUrl(body), context);
  if (typeof body === "object" && isLocalFile(body)) {
    return await fileContent(body.path, context);
  }
  if (isSource(body)) {
    return content({
      length: body.length ?? statedLength,
      replayable: body.replayable,
      stream: () => body.open(),
    });
  }
  const streamed = streamedBody(body, unreadable);
  if (streamed === undefined) throw unreadable("is of no known kind");
  return onceOnly(streamed.stream, statedLength ?? streamed.length);
}

async function fileContent(
  path: string | URL,
  { core, signal, statedLength }: UploadContext,
): Promise<BodyContent> {
  const files = filesOf(core);
  const open = async (): Promise<OpenedFile> =>
    await openToRead(files, path, signal);
  const { length, stream, read } = await open();
  if (length === undefined) return onceOnly(stream, statedLength);
  await stream.cancel();
  const parts = {
    length,
    replayable: true,
    snapshot: true,
    stream: async () => (await open()).stream,
  };
  return read === undefined ? content(parts) : new FileContent(parts, open);
}

/** The content of a file whose bytes can be read into rooms. */
class FileContent extends BodyContent {
  readonly #open: () => Promise<OpenedFile>;

  constructor(
    parts: Omit<ContentParts, "otherLength" | "unreadable">,
    open: () => Promise<OpenedFile>,
  ) {
    super(whole(parts));
    this.#open = open;
  }

  /** Starts it from its first byte, as many as the file had. */
  rooms(): RoomFiller {
    return new FileFiller(this.#open, this.length ?? 0);
  }
}

/** Fills rooms from a file, which is opened with the first of them. */
class FileFiller implements RoomFiller {
  readonly #open: () => Promise<OpenedFile>;
  readonly #length: number;
  #file: Promise<OpenedFile> | undefined;
  #cancelled = false;
  #read = 0;

  constructor(open: () => Promise<OpenedFile>, length: number) {
    this.#open = open;
    this.#length = length;
  }

  async fill(room: Uint8Array): Promise<number> {
    this.#file ??= this.#open();
    const { read } = await this.#file;
    const most = Math.min(room.length, this.#length - this.#read);
    let filled = 0;
    while (filled < most) {
      const count = await read?.(room.subarray(filled, most)) ?? 0;
      if (count === 0 && this.#cancelled) break;
      if (count === 0) throw otherLength(this.#read, this.#length);
      filled += count;
      this.#read += count;
    }
    if (this.#read === this.#length) await this.cancel();
    return filled;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    await (await this.#file)?.stream.cancel(reason);
  }
}

function onceOnly(
  stream: ReadableStream<unknown>,
  length: number | undefined,
): BodyContent {
  return content({
    length,
    replayable: false,
    stream: () => stream,
    // How the source takes it is its own affair.
    drop: (reason) => void stream.cancel(reason).catch(() => {}),
  });
}

function content(
  parts: Omit<ContentParts, "otherLength" | "unreadable">,
): BodyContent {
  return new BodyContent(whole(parts));
}

function whole(
  parts: Omit<ContentParts, "otherLength" | "unreadable">,
): ContentParts {
  return {
    ...parts,
    otherLength: (read) => otherLength(read, parts.length ?? 0),
    unreadable,
  };
}

function fileUrl(url: URL): URL {
  if (url.protocol === "file:") return url;
  throw unreadable(
    `must be a file URL where it is a URL: current scheme is "${url.protocol}"`,
  );
}

function isSource(body: UploadBody): body is BodySource {
  return typeof body === "object" && "open" in body && "replayable" in body;
}

function unreadable(problem: string): ValidationError {
  return new ValidationError("upload", [{ path: "Body", problem }]);
}
