/**
 * One object made of others, and of ranges of them, within S3.
 *
 * @module
 */
import { ProtocolError, ValidationError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import { putAndLook } from "../services/s3/lost_answer.ts";
import {
  type CompleteMultipartUploadInput,
  type CompleteMultipartUploadOutput,
  type CopyObjectInput,
  CreateMultipartUpload,
  type CreateMultipartUploadInput,
  type GetObjectInput,
  type PutObjectOutput,
  type S3,
} from "../services/s3/mod.ts";
import { objectAt } from "../services/s3/s3_uri.ts";
import { refuseIgnored } from "../services/s3/stores.ts";
import { type CopySource, inspectSource } from "./copy.ts";
import { readRange } from "./download.ts";
import {
  beginUpload,
  completeUpload,
  discardUpload,
  Grace,
  type OpenUpload,
  PART_MEMBERS,
  RECEIPT_MEMBERS,
} from "./multipart.ts";
import {
  type ByteRange,
  callOptions,
  checkInput,
  eachAtMost,
  type InputRules,
  MAX_PART_SIZE,
  MAX_PARTS,
  Meter,
  MIN_PART_SIZE,
  type Names,
  PART_OPTIONS,
  type PartOptions,
  partOptions,
  partSettings,
  pick,
  rangeText,
} from "./options.ts";
import {
  checkChecksumType,
  checksumPlan,
  type SentPart,
} from "./object_checksum.ts";
import { nameOf } from "./remote_object.ts";

/**
 * What is made: the parameters of CreateMultipartUpload, and conditions. Nothing
 * that describes the sources is taken over.
 */
export interface ComposeInput
  extends
    CreateMultipartUploadInput,
    Pick<CompleteMultipartUploadInput, "IfMatch" | "IfNoneMatch"> {}

/** An object, or a range of it, that becomes a piece of another. */
export interface ComposeSource extends
  Pick<
    GetObjectInput,
    | "Bucket"
    | "ExpectedBucketOwner"
    | "IfMatch"
    | "Key"
    | "SSECustomerAlgorithm"
    | "SSECustomerKey"
    | "SSECustomerKeyMD5"
    | "VersionId"
  > {
  /**
   * The bytes that are taken: `"bytes=0-99"` the first hundred, `"bytes=100-"`
   * the rest, `"bytes=-100"` the last hundred. They must all be there. Default:
   * all.
   */
  readonly Range?: string;
}

/** What may be said about the making of an object of others. */
export interface ComposeOptions extends PartOptions {
  /** Length of a part, in bytes, 5 MiB to 5 GiB. Default: 128 MiB. */
  readonly partSize?: number;
  /** Client that reads the sources, where they are in another account. Default: the one that writes. */
  readonly source?: S3;
}

const COMPOSE_OPTIONS: OptionKinds<ComposeOptions> = {
  ...PART_OPTIONS,
  source: "object",
};

/** The result where all bytes were so few that they were sent in one request. */
export interface SingleCompose extends PutObjectOutput {
  /** How it was written. */
  readonly kind: "single";
  /** Number of requests that wrote bytes. */
  readonly parts: 1;
  /** Bytes that were downloaded and sent again: all. */
  readonly downloaded: number;
}

/** The result where the object was made of parts. */
export interface MultipartCompose extends CompleteMultipartUploadOutput {
  /** How it was written. */
  readonly kind: "multipart";
  /** Number of parts. */
  readonly parts: number;
  /** Bytes that were downloaded and sent again, as S3 copies none so short. */
  readonly downloaded: number;
}

/** The result of {@linkcode compose}. */
export type ComposeResult = MultipartCompose | SingleCompose;

const INPUT_RULES: InputRules = {
  operation: CreateMultipartUpload,
  more: ["IfMatch", "IfNoneMatch"],
  options: COMPOSE_OPTIONS,
};

/** What a source may say. */
const SOURCE_MEMBERS: Names<keyof ComposeSource> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  IfMatch: true,
  Key: true,
  Range: true,
  SSECustomerAlgorithm: true,
  SSECustomerKey: true,
  SSECustomerKeyMD5: true,
  VersionId: true,
};

/** Few bytes pass through here, so that parts may be long. */
const PART_SIZE = 128 * 1_024 * 1_024;

/**
 * Makes an object of others, one after the other, with UploadPartCopy: their
 * bytes stay within S3. A part but the last has 5 MiB or more, so that a shorter
 * piece is downloaded, joined with what follows it up to 5 MiB, and uploaded.
 * Each source is bound to its ETag from the first look to the last part. The
 * target may be one of the sources, which appends to it.
 *
 * A failure or an abort discards the parts that were made, before it is thrown.
 *
 * @example Usage
 * ```ts ignore
 * import { compose } from "@inia/aws/transfer";
 *
 * await compose(s3, "s3://logs/all.txt", [
 *   "s3://logs/monday.txt",
 *   { Bucket: "logs", Key: "tuesday.txt", Range: "bytes=0-9999999" },
 * ]);
 * ```
 *
 * @param s3 The client.
 * @param target The object that is made, or its address, `s3://bucket/key`.
 * @param sources What it is made of, in order: objects, or their addresses.
 * @param options What differs from the defaults.
 * @throws {ValidationError} If there is no source, a range is not there, or it
 * takes more than 10 000 parts.
 * @throws {ObjectChangedError} If a source was replaced or removed meanwhile.
 */
export async function compose(
  s3: S3,
  target: ComposeInput | string,
  sources: readonly (ComposeSource | string)[],
  options: ComposeOptions = {},
): Promise<ComposeResult> {
  checkOptions("call compose", options, COMPOSE_OPTIONS);
  const input: ComposeInput = objectAt("compose", target);
  checkInput("compose", input, INPUT_RULES);
  checkChecksumType(input.ChecksumType);
  const wanted = checkedSources(sources);
  const { signal } = options;
  signal?.throwIfAborted();
  const { partSize } = partSettings(options, PART_SIZE);
  const pieces = await piecesOf(s3, input, wanted, options);
  const parts = fittingParts(pieces, partSize);
  const task = {
    s3,
    input,
    reader: options.source ?? s3,
    options,
    meter: new Meter(options, lengthOf(pieces)),
  };
  const [first = { pieces: [], length: 0 }, ...others] = parts;
  return others.length === 0 && !isCopied(first)
    ? await putWhole(task, first)
    : await makeOfParts(task, parts);
}

function checkedSources(
  sources: readonly (ComposeSource | string)[],
): readonly ComposeSource[] {
  if (!Array.isArray(sources) || sources.length === 0) {
    throw invalid("sources", "must be a list of at least one object");
  }
  return sources.map((one: ComposeSource | string, index) => {
    const path = `sources[${index}]`;
    const source: ComposeSource = objectAt("compose", one, path);
    if (typeof source !== "object" || source === null) {
      throw invalid(path, "must be an object of S3, or its address");
    }
    const unknown = Object.keys(source)
      .find((name) => !Object.hasOwn(SOURCE_MEMBERS, name));
    if (unknown === undefined) return source;
    const names = Object.keys(SOURCE_MEMBERS).join(", ");
    throw invalid(`${path}.${unknown}`, `is unknown: a source has ${names}`);
  });
}

/** A range of a source. */
interface Piece extends ByteRange {
  readonly source: CopySource;
}

/** Looks at each source, once where several pieces are of one. */
async function piecesOf(
  s3: S3,
  input: ComposeInput,
  sources: readonly ComposeSource[],
  options: ComposeOptions,
): Promise<readonly Piece[]> {
  const { source: reader = s3, signal } = options;
  const { concurrency } = partSettings(options, PART_SIZE);
  const looks = new Map<string, Promise<CopySource>>();
  const pieces: Piece[] = [];
  await eachAtMost(
    () => sources.entries(),
    async ([index, { Range, ...object }]) => {
      const id = JSON.stringify(object);
      const look = looks.get(id) ??
        inspectSource(reader, copyInput(input, object), signal);
      looks.set(id, look);
      const source = await look;
      pieces[index] = { source, ...rangeIn(source.size, Range, index) };
    },
    { concurrency, signal },
  );
  return pieces.filter(({ start, end }) => end > start);
}

/** The copy of a source, as far as it speaks of the source. */
function copyInput(
  { Bucket, Key, RequestPayer }: ComposeInput,
  source: ComposeSource,
): CopyObjectInput {
  const {
    VersionId,
    ExpectedBucketOwner: owner,
    IfMatch: match,
    SSECustomerAlgorithm: algorithm,
    SSECustomerKey: key,
    SSECustomerKeyMD5: keyMd5,
  } = source;
  return {
    Bucket,
    Key,
    ...RequestPayer && { RequestPayer },
    CopySource: {
      Bucket: source.Bucket,
      Key: source.Key,
      ...VersionId !== undefined && { VersionId },
    },
    ...match && { CopySourceIfMatch: match },
    ...owner && { ExpectedSourceBucketOwner: owner },
    ...algorithm && { CopySourceSSECustomerAlgorithm: algorithm },
    ...key && { CopySourceSSECustomerKey: key },
    ...keyMd5 && { CopySourceSSECustomerKeyMD5: keyMd5 },
  };
}

function rangeIn(
  size: number,
  range: string | undefined,
  index: number,
): ByteRange {
  if (range === undefined) return { start: 0, end: size };
  const path = `sources[${index}].Range`;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === "" && last === "") {
    throw invalid(
      path,
      'must be "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-LENGTH"',
    );
  }
  const [start, end] = first === ""
    ? [size - Number(last), size]
    : [Number(first), last === "" ? size : Number(last) + 1];
  if (start >= 0 && start < end && end <= size) return { start, end };
  throw invalid(
    path,
    start >= end
      ? `holds no byte of an object of ${size} bytes`
      : `must lie within the object, which has ${size} bytes`,
  );
}

/** A part of what is made. */
interface ComposedPart {
  readonly pieces: readonly Piece[];
  readonly length: number;
}

/** Parts that are as long as it takes to have no more than S3 allows. */
function fittingParts(
  pieces: readonly Piece[],
  partSize: number,
): readonly ComposedPart[] {
  for (let size = partSize;; size = Math.min(2 * size, MAX_PART_SIZE)) {
    const parts = partsOf(pieces, size);
    if (parts.length <= MAX_PARTS) return parts;
    if (size === MAX_PART_SIZE) {
      throw invalid(
        "sources",
        `come to ${parts.length} parts, and an object has at most ${MAX_PARTS}: join some of them first`,
      );
    }
  }
}

/**
 * Cuts pieces into parts that S3 takes: each but the last has 5 MiB or more.
 *
 * @param pieces What the parts are made of, in order; none is empty.
 * @param partSize The length that a copied part should have, in bytes.
 */
export function partsOf(
  pieces: readonly Piece[],
  partSize: number,
): readonly ComposedPart[] {
  const parts: ComposedPart[] = [];
  let held: Piece[] = [];
  const release = (): void => {
    if (held.length > 0) parts.push({ pieces: held, length: lengthOf(held) });
    held = [];
  };
  for (const [index, { source, start, end }] of pieces.entries()) {
    const missing = held.length === 0 ? 0 : MIN_PART_SIZE - lengthOf(held);
    // A rest that is too short for a part is taken along.
    const rest = end - start - missing;
    const from = rest < MIN_PART_SIZE && missing > 0 ? end : start + missing;
    if (from > start) held.push({ source, start, end: from });
    if (lengthOf(held) >= MIN_PART_SIZE) release();
    if (from === end) continue;
    if (end - from < MIN_PART_SIZE && index < pieces.length - 1) {
      held.push({ source, start: from, end });
      continue;
    }
    for (const range of evenRanges({ start: from, end }, partSize)) {
      const piece = { source, ...range };
      parts.push({ pieces: [piece], length: lengthOf([piece]) });
    }
  }
  release();
  return parts;
}

/** Ranges of equal length, `size` bytes or more, but no more than S3 allows. */
function* evenRanges(
  { start, end }: ByteRange,
  size: number,
): Generator<ByteRange, void, void> {
  const length = end - start;
  const count = Math.max(
    1,
    Math.floor(length / size),
    Math.ceil(length / MAX_PART_SIZE),
  );
  const longer = length % count;
  let at = start;
  for (let index = 0; index < count; index++) {
    const next = at + Math.floor(length / count) + (index < longer ? 1 : 0);
    yield { start: at, end: next };
    at = next;
  }
}

function lengthOf(pieces: readonly ByteRange[]): number {
  return pieces.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * Whether S3 copies a part itself. It copies ranges only of objects of more than
 * 5 MiB: "UploadPartCopy", Amazon S3 API Reference.
 */
function isCopied({ pieces: [piece, ...others] }: ComposedPart): boolean {
  return piece !== undefined && others.length === 0 &&
    (isWhole(piece) || piece.source.size > MIN_PART_SIZE);
}

function isWhole({ source, start, end }: Piece): boolean {
  return start === 0 && end === source.size;
}

/** One making of an object. */
interface ComposeTask {
  readonly s3: S3;
  readonly input: ComposeInput;
  readonly reader: S3;
  readonly options: ComposeOptions;
  readonly meter: Meter;
}

async function putWhole(
  task: ComposeTask,
  part: ComposedPart,
): Promise<SingleCompose> {
  const { s3, input, options: { signal } } = task;
  const { ChecksumType: _type, ...object } = input;
  const Body = await bytesOf(task, part, signal);
  await refuseIgnored(s3.core, "put", object);
  const output = await putAndLook(
    s3,
    { ...object, Body },
    callOptions({ signal }),
  );
  task.meter.add(part.length);
  return { kind: "single", parts: 1, downloaded: part.length, ...output };
}

async function makeOfParts(
  task: ComposeTask,
  parts: readonly ComposedPart[],
): Promise<MultipartCompose> {
  const { s3, input, options: { signal } } = task;
  await refuseIgnored(s3.core, "complete", input);
  const plan = await checksumPlan(input, s3.core, input.ChecksumType);
  const grace = new Grace(signal, s3.core.clock);
  try {
    const upload = await beginUpload(s3, input, plan, grace);
    try {
      const sent = await sendParts(task, upload, parts);
      const sources = parts.flatMap(({ pieces }) => pieces);
      for (const source of new Set(sources.map(({ source }) => source))) {
        await source.bond.verify();
      }
      const output = await completeUpload(s3, upload, sent, { signal });
      return {
        kind: "multipart",
        parts: parts.length,
        downloaded: parts.reduce(
          (sum, part) => sum + (isCopied(part) ? 0 : part.length),
          0,
        ),
        ...output,
      };
    } catch (error) {
      await discardUpload(s3, upload, error, grace);
      signal?.throwIfAborted();
      throw error;
    }
  } finally {
    grace[Symbol.dispose]();
  }
}

async function sendParts(
  task: ComposeTask,
  upload: OpenUpload,
  parts: readonly ComposedPart[],
): Promise<readonly SentPart[]> {
  const { options: { signal }, meter } = task;
  const { concurrency } = partSettings(task.options, PART_SIZE);
  const sent: SentPart[] = [];
  await eachAtMost(
    () => parts.entries(),
    async ([index, part], signal) => {
      const PartNumber = index + 1;
      const [piece] = part.pieces;
      const answer = piece !== undefined && isCopied(part)
        ? await copyPart(task, upload, PartNumber, piece, signal)
        : await uploadPart(task, upload, PartNumber, part, signal);
      sent[index] = {
        receipt: { ...answer, PartNumber },
        length: part.length,
      };
      meter.add(part.length);
    },
    { concurrency, signal },
  );
  return sent;
}

async function copyPart(
  { s3, input }: ComposeTask,
  { id }: OpenUpload,
  PartNumber: number,
  piece: Piece,
  signal: AbortSignal,
): Promise<SentPart["receipt"]> {
  const { source } = piece;
  const { CopyPartResult } = await source.bond.bind((conditions) =>
    s3.uploadPartCopy({
      ...pick(input, PART_MEMBERS),
      ...source.members,
      ...conditions,
      ...!isWhole(piece) && { CopySourceRange: rangeText(piece) },
      PartNumber,
      UploadId: id,
    }, partOptions({ signal }))
  );
  if (CopyPartResult?.ETag) return pick(CopyPartResult, RECEIPT_MEMBERS);
  throw lacksETag(input, "UploadPartCopy");
}

async function uploadPart(
  task: ComposeTask,
  { id, algorithm }: OpenUpload,
  PartNumber: number,
  part: ComposedPart,
  signal: AbortSignal,
): Promise<SentPart["receipt"]> {
  const { s3, input } = task;
  const output = await s3.uploadPart({
    ...pick(input, PART_MEMBERS),
    UploadId: id,
    PartNumber,
    Body: await bytesOf(task, part, signal),
    ...algorithm && { ChecksumAlgorithm: algorithm },
  }, partOptions({ signal }));
  if (output.ETag) return pick(output, RECEIPT_MEMBERS);
  throw lacksETag(input, "UploadPart");
}

async function bytesOf(
  { reader }: ComposeTask,
  { pieces, length }: ComposedPart,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { source, start, end } of pieces) {
    const range = { start, end };
    for await (const piece of readRange(reader, source, range, signal)) {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}

function lacksETag(target: ComposeInput, operation: string): ProtocolError {
  return new ProtocolError(
    `Cannot compose ${
      nameOf(target)
    }: the answer to ${operation} has no ETag. Check that the endpoint is that of a store`,
  );
}

function invalid(path: string, problem: string): ValidationError {
  return new ValidationError("compose", [{ path, problem }]);
}
