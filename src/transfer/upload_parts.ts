/**
 * Uploads in parts.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import {
  attachMetadata,
  AwsError,
  ProtocolError,
  ServiceError,
  ValidationError,
  withMessage,
} from "../foundation/errors.ts";
import type {
  ChecksumType,
  CompleteMultipartUploadOutput,
  Part,
  S3,
} from "../services/s3/mod.ts";
import type { WriteToken } from "../services/s3/lost_answer.ts";
import { refuseIgnored } from "../services/s3/stores.ts";
import {
  beginUpload,
  completeUpload,
  discardUpload,
  findUnfinished,
  Grace,
  isSamePart,
  type OpenUpload,
  PART_MEMBERS,
  type PartedObject,
  RECEIPT_MEMBERS,
  type ResumedUpload,
  unfinishedUpload,
} from "./multipart.ts";
import {
  eachAtMost,
  fittingPartSize,
  MAX_PARTS,
  type Meter,
  partOptions,
  pick,
} from "./options.ts";
import {
  checkForParts,
  checksumPlan,
  readChecksum,
  type SentPart,
  statedOf,
} from "./object_checksum.ts";
import { nameOf } from "./remote_object.ts";

/** What is uploaded, and how. */
export interface PartedUpload {
  /** The object, without its body. */
  readonly object: PartedObject;
  /** The token that its metadata gets. Absent: it gets none. */
  readonly token?: WriteToken;
  /** Hands out the body. */
  readonly reader: PartReader;
  /** Length of the body, in bytes, where it is known. */
  readonly length: number | undefined;
  /** Length of a part, in bytes. */
  readonly partSize: number;
  /** Parts that are on their way at once. */
  readonly concurrency: number;
  /** What the checksum is to be of. Absent: what is usual. */
  readonly checksumType?: ChecksumType | undefined;
  /** Whether to go on with what an earlier upload left, and which. */
  readonly resume: boolean | ResumedUpload;
  /** Whether to leave the parts that were sent where the upload fails. */
  readonly keepParts: boolean;
  /** Counts the bytes that S3 has. */
  readonly meter: Meter;
  /** Ends the upload early. */
  readonly signal: AbortSignal | undefined;
}

/** How an upload in parts ended. */
interface PartedOutcome {
  /** What S3 answered at the end. */
  readonly output: CompleteMultipartUploadOutput;
  /** Number of parts. */
  readonly parts: number;
  /** Number of them that an earlier upload had sent. */
  readonly resumed: number;
}

/** A piece of the body. */
interface BodyPart {
  readonly number: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An upload that S3 knows, with the parts that it had before. */
interface Found extends OpenUpload {
  /** Whether someone else began it. */
  readonly adopted: boolean;
  readonly parts: ReadonlyMap<number, Part>;
}

/**
 * Uploads in parts. A failure or an abort discards what was sent, unless it is
 * to be kept or was not begun here, and is thrown when that is done.
 *
 * @param s3 The client.
 * @param upload What is uploaded, and how.
 * @throws {ValidationError} If the body is not as long as it was said to be.
 */
export async function uploadParts(
  s3: S3,
  upload: PartedUpload,
): Promise<PartedOutcome> {
  checkForParts(upload.object);
  await refuseIgnored(s3.core, "complete", upload.object);
  const grace = new Grace(upload.signal, s3.core.clock);
  try {
    const found = await findOrBegin(s3, upload, grace);
    return await finish(s3, upload, found, grace);
  } finally {
    grace[Symbol.dispose]();
  }
}

async function finish(
  s3: S3,
  upload: PartedUpload,
  found: Found,
  grace: Grace,
): Promise<PartedOutcome> {
  const { signal } = upload;
  try {
    signal?.throwIfAborted();
    const { sent, resumed } = await sendAll(s3, upload, found);
    const output = await completeUpload(s3, found, sent, upload);
    return { output, parts: sent.length, resumed };
  } catch (error) {
    if (upload.keepParts || found.adopted) tellKept(error, found);
    else await discardUpload(s3, found, error, grace);
    signal?.throwIfAborted();
    throw error;
  }
}

async function findOrBegin(
  s3: S3,
  { object, token, checksumType, resume, signal }: PartedUpload,
  grace: Grace,
): Promise<Found> {
  const plan = await checksumPlan(object, s3.core, checksumType);
  const query = { object, asked: checksumType, ...plan, signal };
  const found = typeof resume === "object"
    ? await unfinishedUpload(s3, resume.uploadId, query)
    : resume
    ? await findUnfinished(s3, query)
    : undefined;
  signal?.throwIfAborted();
  if (found !== undefined) return { object, ...found, adopted: true };
  const begun = await beginUpload(
    s3,
    token ? { ...object, Metadata: token.metadata } : object,
    plan,
    grace,
  );
  return { ...begun, adopted: false, parts: new Map() };
}

/** Tells how to go on, where the parts of a failed upload are kept. */
function tellKept(failure: unknown, { id }: OpenUpload): void {
  if (!(failure instanceof AwsError)) return;
  withMessage(
    failure,
    `${failure.message}; its parts are kept as the upload "${id}", which resume goes on with`,
  );
}

async function sendAll(
  s3: S3,
  upload: PartedUpload,
  found: Found,
): Promise<{ readonly sent: readonly SentPart[]; readonly resumed: number }> {
  const sent = new Map<number, SentPart>();
  let resumed = 0;
  await eachAtMost<BodyPart>(
    (signal) => partsOf(upload, signal),
    async ({ number, bytes }, signal) => {
      const part = found.parts.get(number);
      const known = part !== undefined && await isSamePart(part, bytes);
      const { answer, leftAll } = known
        ? { answer: part, leftAll: true }
        : await send(s3, found, { number, bytes }, upload, signal);
      const receipt = { ...pick(answer, RECEIPT_MEMBERS), PartNumber: number };
      const read = await readChecksum(found, bytes);
      sent.set(number, {
        receipt,
        length: bytes.length,
        ...read !== undefined && { read },
      });
      if (known) resumed++;
      if (known) upload.meter.add(bytes.length);
      // An answer that comes before all bytes have left leaves them in use.
      if (leftAll) upload.reader.reuse(bytes);
    },
    upload,
  );
  const inOrder = [...sent].sort(([one], [other]) => one - other);
  return { sent: inOrder.map(([_number, part]) => part), resumed };
}

/** The body in parts. One that ends too early or too late is refused. */
async function* partsOf(
  { reader, length, partSize }: PartedUpload,
  signal: AbortSignal,
): AsyncGenerator<BodyPart, void, void> {
  let read = 0;
  for (let number = 1;; number++) {
    const bytes = await reader.take(partSize, signal);
    read += bytes.length;
    const isEnd = bytes.length < partSize;
    if (length !== undefined && (read > length || (isEnd && read < length))) {
      throw otherLength(read, length);
    }
    if (bytes.length > 0 && number > MAX_PARTS) throw tooLong(partSize);
    if (bytes.length > 0) yield { number, bytes };
    if (isEnd) return;
  }
}

async function send(
  s3: S3,
  { object, id, algorithm }: OpenUpload,
  { number, bytes }: BodyPart,
  upload: PartedUpload,
  signal: AbortSignal,
): Promise<{
  readonly answer: Pick<Part, keyof typeof RECEIPT_MEMBERS>;
  readonly leftAll: boolean;
}> {
  const sending = upload.meter.sending(bytes.length);
  try {
    const answer = await s3.uploadPart({
      ...pick(object, PART_MEMBERS),
      UploadId: id,
      PartNumber: number,
      Body: bytes,
      ...algorithm && { ChecksumAlgorithm: algorithm },
    }, {
      ...partOptions({ signal: AbortSignal.any([signal, sending.signal]) }),
      onSent: sending.onSent,
    });
    if (!answer.ETag) throw noETag(object, number);
    sending.done();
    return { answer, leftAll: sending.leftAll() };
  } catch (error) {
    throw withHint(error, upload);
  }
}

/** The same refusal with what to change in the call of `upload`. */
function withHint(
  error: unknown,
  { object, length, partSize }: PartedUpload,
): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { hint } = error.detail;
  const fitting = hint?.includes("leave ChecksumAlgorithm out")
    ? checksumRemedy(object)
    : partsRemedy(error, length, partSize);
  if (fitting === undefined) return error;
  const told = new ServiceError(error.reason, {
    ...error.detail,
    hint: hint?.replace("leave ChecksumAlgorithm out", fitting) ?? fitting,
  });
  if (error.ResponseMetadata) attachMetadata(told, error.ResponseMetadata);
  return told;
}

/** `upload` itself asks for the checksum, unless the caller does. */
function checksumRemedy(object: PartedObject): string | undefined {
  if (object.ChecksumAlgorithm !== undefined) return undefined;
  const stated = statedOf(object);
  return stated === undefined
    ? 'set requestChecksum: "when_required"'
    : `leave Checksum${stated.algorithm} out`;
}

/** Some stores take fewer parts than Amazon's: Swift's s3api takes 1 000. */
function partsRemedy(
  { status, reason }: ServiceError,
  length: number | undefined,
  partSize: number,
): string | undefined {
  const most = /part number.*?\b1 and (\d+)/i.exec(reason)?.[1];
  if (status !== 400 || most === undefined) return undefined;
  const least = length === undefined
    ? undefined
    : fittingPartSize(length, partSize, Number(most));
  return `this store takes ${most} parts of an upload: set partSize to ${
    least === undefined ? `more than ${partSize}` : `at least ${least}`
  } bytes`;
}

/** Without it the object cannot be made of the parts. */
function noETag(object: PartedObject, number: number): ProtocolError {
  return new ProtocolError(
    `Cannot upload ${
      nameOf(object)
    } in parts: the answer to UploadPart of part ${number} has no ETag. Check that the endpoint is that of a store`,
  );
}

function tooLong(partSize: number): ValidationError {
  return new ValidationError("upload", [{
    path: "Body",
    problem:
      `is longer than ${MAX_PARTS} parts of ${partSize} bytes: state its length as ContentLength, or raise partSize`,
  }]);
}

/** What fills rooms with the bytes of a body, in order. */
export interface RoomFiller {
  /** Fills a room. Returns how many bytes there were; fewer only at the end. */
  fill(room: Uint8Array): Promise<number>;
  /** Ends the body. One that has ended is left alone. */
  cancel(reason?: unknown): Promise<void>;
}

/**
 * Reads a body in parts of chosen lengths, each into a room of its own. Fresh
 * memory costs more than the bytes in it, so rooms can be given back.
 */
export class PartReader {
  readonly #filler: RoomFiller;
  readonly #rooms: Uint8Array<ArrayBuffer>[] = [];
  /** What was put back. */
  #rest: Uint8Array = new Uint8Array();

  /**
   * Takes charge of a body.
   *
   * @param body A stream, which is locked, or what fills rooms itself.
   */
  constructor(body: ReadableStream<Uint8Array> | RoomFiller) {
    this.#filler = body instanceof ReadableStream
      ? new StreamFiller(body)
      : body;
  }

  /**
   * Takes the next bytes.
   *
   * @param length How many. There are fewer only where the body ends.
   * @param signal Cancels the body while its bytes are waited for.
   * @throws The signal's reason, once it is aborted.
   */
  async take(
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const onAbort = (): void => {
      // That it ended early is told by the signal.
      this.cancel(signal?.reason).catch(() => {});
    };
    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort);
    try {
      const bytes = await this.#take(length);
      // A body that is cancelled under a read looks as if it had ended.
      signal?.throwIfAborted();
      return bytes;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Puts bytes back that were taken last; they come again. */
  giveBack(bytes: Uint8Array): void {
    this.#rest = concat([bytes, this.#rest]);
  }

  /**
   * Takes the room of bytes back, to be filled anew.
   *
   * @param bytes What was taken, and is needed by nobody any more.
   */
  reuse({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#rooms.push(new Uint8Array(buffer));
  }

  /** Ends the body. One that has ended is left alone. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#filler.cancel(reason);
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const last = this.#rooms.pop();
    const room = last?.length === length ? last : new Uint8Array(length);
    const before = this.#rest.subarray(0, length);
    room.set(before);
    this.#rest = this.#rest.subarray(before.length);
    const filled = before.length < length
      ? before.length + await this.#filler.fill(room.subarray(before.length))
      : length;
    // What is short is kept no larger than it is.
    return filled === length ? room : room.slice(0, filled);
  }
}

/** Fills rooms from a stream, whatever pieces it comes in. */
class StreamFiller implements RoomFiller {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What was read and not taken. */
  #rest: Uint8Array | undefined;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async fill(room: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < room.length) {
      const piece = this.#rest ?? (await this.#reader.read()).value;
      if (piece === undefined) break;
      const fitting = piece.subarray(0, room.length - filled);
      room.set(fitting, filled);
      filled += fitting.length;
      this.#rest = fitting.length < piece.length
        ? piece.subarray(fitting.length)
        : undefined;
    }
    return filled;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }
}

/**
 * The error of a body that is not as long as it was said to be.
 *
 * @param read Bytes that were read of it.
 * @param stated Its length as it was said to be, in bytes.
 */
export function otherLength(read: number, stated: number): ValidationError {
  const than = read > stated ? "longer" : "shorter";
  return new ValidationError("upload", [{
    path: "Body",
    problem: `is ${than} than the ${stated} bytes that it was said to have`,
  }]);
}
