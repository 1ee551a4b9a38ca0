/**
 * Copies of any size.
 *
 * @module
 */
import { ProtocolError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import {
  type CompleteMultipartUploadOutput,
  CopyObject,
  type CopyObjectInput,
  type CopyObjectOutput,
  type S3,
} from "../services/s3/mod.ts";
import {
  bareTag,
  cannotTell,
  type ExpectedObject,
  findWritten,
  maybeWritten,
  writtenOf,
} from "../services/s3/lost_answer.ts";
import { refuseIgnored } from "../services/s3/stores.ts";
import {
  annotationsOf,
  copyAnnotations,
  mayBeAnnotated,
} from "./annotations.ts";
import { eachAtMost } from "./at_most.ts";
import { type CopySource, inspectSource } from "./copy_source.ts";
import { descriptionOf, tagsOf } from "./description.ts";
import { Grace } from "./grace.ts";
import { PART_MEMBERS, pick, RECEIPT_MEMBERS } from "./members.ts";
import {
  beginUpload,
  completeUpload,
  discardUpload,
  type OpenUpload,
} from "./multipart.ts";
import { checksumOf, type SentPart } from "./object_checksum.ts";
import {
  callOptions,
  checkInput,
  fittingPartSize,
  type InputRules,
  Meter,
  PART_OPTIONS,
  type PartOptions,
  partOptions,
  partSettings,
  within,
} from "./options.ts";
import { type ByteRange, rangesOf, rangeText } from "./ranges.ts";
import { nameOf } from "./remote_object.ts";

/**
 * What is copied: the parameters of CopyObject, without its directives. Each
 * header that is given (content headers, `Expires`), `Metadata` as a whole and
 * `Tagging` as a whole replace those of the source; what is not given is taken
 * over. Storage class, ACL, encryption, locks and redirects are those of a new
 * object, as in all copies of S3.
 */
export interface CopyInput extends
  Omit<
    CopyObjectInput,
    "AnnotationDirective" | "MetadataDirective" | "TaggingDirective"
  > {}

/** What may be said about a copy. */
export interface CopyOptions extends PartOptions {
  /** Length of a part, in bytes, 5 MiB to 5 GiB. Default: 128 MiB. */
  readonly partSize?: number;
  /**
   * Length above which an object is copied in parts, in bytes, 1 to 5 GiB.
   * Default: 5 GiB, which is what S3 copies in one request.
   */
  readonly threshold?: number;
  /** Client that looks at the source, where it is in another account. Default: the one that copies. */
  readonly source?: S3;
}

/** The options of a copy. */
export const COPY_OPTIONS: OptionKinds<CopyOptions> = {
  ...PART_OPTIONS,
  threshold: "any",
  source: "object",
};

/** The result of a copy that was one request. */
export interface SingleCopy extends CopyObjectOutput {
  /** How it was copied. */
  readonly kind: "single";
  /** Number of requests that copied bytes. */
  readonly parts: 1;
}

/** The result of a copy in parts. */
export interface MultipartCopy extends CompleteMultipartUploadOutput {
  /** How it was copied. */
  readonly kind: "multipart";
  /** Number of parts. */
  readonly parts: number;
  /** What the copy lacks, as it may not be read of the source (403). Absent: nothing. */
  readonly lost?: readonly ("annotations" | "tags")[];
}

/** The result of a copy. */
export type CopyResult = MultipartCopy | SingleCopy;

const DECIDED = "is decided by what is given: what is given replaces";

const INPUT_RULES: InputRules = {
  operation: CopyObject,
  own: {
    AnnotationDirective: DECIDED,
    MetadataDirective: DECIDED,
    TaggingDirective: DECIDED,
  },
  options: COPY_OPTIONS,
};

const GIBIBYTE = 1_024 * 1_024 * 1_024;

/** What CopyObject takes: "Copying objects", Amazon S3 User Guide. */
const MAX_SINGLE = 5 * GIBIBYTE;

/** No byte passes through here, so that parts may be long. */
const PART_SIZE = GIBIBYTE / 8;

/**
 * Copies an object within S3: in one request up to 5 GiB, above in parts. The
 * same metadata, content headers, tags and annotations come of both.
 *
 * @param s3 The client.
 * @param input The source and the target.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the source was replaced or removed meanwhile.
 */
export async function copy(
  s3: S3,
  input: CopyInput,
  options: CopyOptions = {},
): Promise<CopyResult> {
  checkOptions("call copy", options, COPY_OPTIONS);
  checkInput("copy", input, INPUT_RULES);
  const { signal, source: reader = s3 } = options;
  signal?.throwIfAborted();
  const threshold = within(
    "threshold",
    options.threshold ?? MAX_SINGLE,
    [1, MAX_SINGLE],
  );
  partSettings(options, PART_SIZE);
  const source = await inspectSource(reader, input, signal);
  const meter = new Meter(options, source.size);
  if (source.size > threshold) {
    return await copyParts({ s3, input, options, source, meter });
  }
  // Its place is taken by a condition of our own, as the look has kept it.
  const {
    CopySourceIfMatch: _match,
    CopySourceIfUnmodifiedSince: _unmodified,
    ...given
  } = input;
  const conditional = (input.IfMatch ?? input.IfNoneMatch) !== undefined;
  try {
    const output = await source.bond.bind(
      (conditions) =>
        s3.copyObject({
          ...given,
          ...conditions,
          ...descriptionOf(input, source.head),
          ...input.Tagging !== undefined && { TaggingDirective: "REPLACE" },
        }, callOptions(options)),
      conditional,
    );
    const { ETag, LastModified } = output.CopyObjectResult ?? {};
    if (!ETag && LastModified === undefined) {
      throw lacks("CopyObject", "CopyObjectResult", input);
    }
    await source.bond.verify();
    meter.add(source.size);
    return { kind: "single", parts: 1, ...output };
  } catch (error) {
    if (!conditional || !maybeWritten(error)) throw error;
    const head = await findWritten(
      s3,
      input,
      expectedCopy(source),
      callOptions(options),
    );
    if (head === undefined) throw cannotTell(error, input);
    meter.add(source.size);
    const { ETag, LastModified } = head;
    return {
      kind: "single",
      parts: 1,
      ...writtenOf(head),
      CopyObjectResult: {
        ...ETag !== undefined && { ETag },
        ...LastModified !== undefined && { LastModified },
      },
    };
  }
}

/** What the copy of an object is like. */
function expectedCopy({ size, checksum, head }: CopySource): ExpectedObject {
  return {
    length: size,
    etag: () => Promise.resolve(head.ETag && bareTag(head.ETag)),
    checksum: (algorithm) =>
      Promise.resolve(
        checksum?.algorithm === algorithm ? checksum.value : undefined,
      ),
  };
}

/** One copy in parts. */
interface CopyTask {
  readonly s3: S3;
  readonly input: CopyInput;
  readonly options: CopyOptions;
  readonly source: CopySource;
  readonly meter: Meter;
}

async function copyParts(task: CopyTask): Promise<MultipartCopy> {
  const { s3, input, options, source } = task;
  await refuseIgnored(s3.core, "complete", input);
  const algorithm = await checksumOf(input, s3.core);
  const { MetadataDirective: _always, ...description } = descriptionOf(
    { ...input, Metadata: input.Metadata ?? source.head.Metadata ?? {} },
    source.head,
  );
  const reader = options.source ?? s3;
  const tags = input.Tagging ?? await tagsOf(reader, source, options.signal);
  const annotations = await mayBeAnnotated(reader) && await mayBeAnnotated(s3)
    ? await annotationsOf(reader, source, options.signal)
    : [];
  const lost: ("annotations" | "tags")[] = [
    ...tags === undefined ? ["tags" as const] : [],
    ...annotations === undefined ? ["annotations" as const] : [],
  ];
  if (lost.length > 0) tellLost(s3, input, lost);
  const object = {
    ...input,
    ...description,
    ...tags && { Tagging: tags },
  };
  const grace = new Grace(options.signal, s3.core.clock);
  try {
    const upload = await beginUpload(s3, object, algorithm, grace);
    const copied = await copyInto(task, upload, grace);
    await copyAnnotations(
      { reader, source, writer: s3, target: input, made: copied },
      annotations ?? [],
      options.signal,
    );
    return { ...copied, ...lost.length > 0 && { lost } };
  } finally {
    grace[Symbol.dispose]();
  }
}

async function copyInto(
  task: CopyTask,
  upload: OpenUpload,
  grace: Grace,
): Promise<MultipartCopy> {
  const { s3, options: { signal } } = task;
  try {
    const parts = await copyRanges(task, upload.id);
    await task.source.bond.verify();
    const output = await completeUpload(s3, upload, parts, signal);
    return { kind: "multipart", parts: parts.length, ...output };
  } catch (error) {
    await discardUpload(s3, upload, error, grace);
    signal?.throwIfAborted();
    throw error;
  }
}

async function copyRanges(
  task: CopyTask,
  id: string,
): Promise<readonly SentPart[]> {
  const { options, source, meter } = task;
  const { partSize, concurrency } = partSettings(options, PART_SIZE);
  const rangeSize = fittingPartSize(source.size, partSize);
  const parts: SentPart[] = [];
  await eachAtMost<ByteRange>(
    () => rangesOf(source.size, rangeSize),
    async (range, signal) => {
      const number = range.start / rangeSize + 1;
      const part = await copyRange(task, { id, number, range }, signal);
      parts[number - 1] = part;
      meter.add(part.length);
    },
    { concurrency, signal: options.signal },
  );
  return parts;
}

/** A part that is to be copied. */
interface PartCopy {
  readonly id: string;
  readonly number: number;
  readonly range: ByteRange;
}

async function copyRange(
  { s3, input, source }: CopyTask,
  { id, number, range }: PartCopy,
  signal: AbortSignal,
): Promise<SentPart> {
  const { CopyPartResult } = await source.bond.bind((conditions) =>
    s3.uploadPartCopy({
      ...pick(input, PART_MEMBERS),
      ...source.members,
      ...conditions,
      CopySourceRange: rangeText(range),
      PartNumber: number,
      UploadId: id,
    }, partOptions({ signal }))
  );
  if (!CopyPartResult?.ETag) {
    throw lacks("UploadPartCopy", "CopyPartResult with an ETag", input);
  }
  return {
    receipt: { ...pick(CopyPartResult, RECEIPT_MEMBERS), PartNumber: number },
    length: range.end - range.start,
  };
}

function tellLost(
  s3: S3,
  { Bucket, Key }: CopyInput,
  lost: readonly string[],
): void {
  s3.core.logger?.warn(
    "the copy in parts lacks what of the source may not be read",
    { bucket: Bucket, key: Key, lost: lost.join(", ") },
  );
}

function lacks(
  operation: string,
  member: string,
  target: CopyInput,
): ProtocolError {
  return new ProtocolError(
    `Cannot copy to ${
      nameOf(target)
    }: the answer to ${operation} has no ${member}. Check that the endpoint is that of a store`,
  );
}
