/**
 * Copies of any size.
 *
 * @module
 */
import {
  maybeWritten,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  ValidationError,
} from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import {
  bareTag,
  cannotTell,
  type ExpectedObject,
  findWritten,
  writtenOf,
} from "../services/s3/lost_answer.ts";
import {
  type CompleteMultipartUploadOutput,
  CopyObject,
  type CopyObjectInput,
  type CopyObjectOutput,
  type CopySourceObject,
  type S3,
} from "../services/s3/mod.ts";
import { objectAt, type ParsedS3Uri } from "../services/s3/s3_uri.ts";
import { refuseIgnored } from "../services/s3/stores.ts";
import {
  annotationsOf,
  changeOf,
  copyAnnotations,
  descriptionOf,
  type DownloadInput,
  inspect,
  mayBeAnnotated,
  nameOf,
  type RemoteObject,
  tagsOf,
  withoutConditions,
} from "./remote_object.ts";
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
  fittingPartSize,
  type InputRules,
  Meter,
  type Names,
  PART_OPTIONS,
  type PartOptions,
  partOptions,
  partSettings,
  pick,
  rangesOf,
  rangeText,
  within,
} from "./options.ts";
import { checksumPlan, type SentPart } from "./object_checksum.ts";

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
 * @param input The source and the target; `CopySource` may be an address,
 * `s3://bucket/key`.
 * @param options What differs from the defaults.
 * @throws {ObjectChangedError} If the source was replaced or removed meanwhile.
 */
export function copy(
  s3: S3,
  input: CopyInput,
  options?: CopyOptions,
): Promise<CopyResult>;
/**
 * Copies an object from an address to another.
 *
 * @example Usage
 * ```ts ignore
 * await copy(s3, "s3://photos/cat.mp4", "s3://archive/cat.mp4");
 * ```
 *
 * @param s3 The client.
 * @param from The address of the source, `s3://bucket/key`.
 * @param to The address of the target.
 * @param options What differs from the defaults.
 * @throws {ValidationError} If an address is none of an object.
 * @throws {ObjectChangedError} If the source was replaced or removed meanwhile.
 */
export function copy(
  s3: S3,
  from: string,
  to: string,
  options?: CopyOptions,
): Promise<CopyResult>;
export async function copy(
  s3: S3,
  first: CopyInput | string,
  ...rest: readonly unknown[]
): Promise<CopyResult> {
  const [input, options] = copyArguments("copy", first, rest);
  const { result } = await copySeen("copy", s3, input, options);
  return result;
}

/** A copy that was made, and the source as it was. */
export interface SeenCopy {
  readonly result: CopyResult;
  readonly source: CopySource;
}

/**
 * Copies an object, and tells which one it was.
 *
 * @param verb What the caller called, for errors.
 * @param s3 The client.
 * @param input The source and the target.
 * @param options What differs from the defaults.
 */
export async function copySeen(
  verb: string,
  s3: S3,
  input: CopyInput,
  options: CopyOptions,
): Promise<SeenCopy> {
  checkOptions(`call ${verb}`, options, COPY_OPTIONS);
  checkInput(verb, input, INPUT_RULES);
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
  const task = { s3, input, options, source, meter };
  const result = source.size > threshold
    ? await copyParts(task)
    : await copyWhole(task);
  return { result, source };
}

async function copyWhole(
  { s3, input, options, source, meter }: CopyTask,
): Promise<SingleCopy> {
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
      CopyObjectResult: { ETag, LastModified },
    };
  }
}

/**
 * Tells the two ways of saying what is copied apart. The overloads have checked
 * the types of what follows the source.
 *
 * @param verb What was called, for errors.
 * @param source The input, or the address of the source.
 * @param rest What follows it.
 * @throws {ValidationError} If an address is none of an object.
 */
export function copyArguments(
  verb: string,
  source: CopyInput | string,
  rest: readonly unknown[],
): [input: CopyInput, options: CopyOptions] {
  const from = (address: string): ParsedS3Uri =>
    objectAt<ParsedS3Uri>(verb, address);
  if (typeof source === "string") {
    const [to = "", options = {}] = rest as [string?, CopyOptions?];
    return [{ CopySource: from(source), ...from(to) }, options];
  }
  const [options = {}] = rest as [CopyOptions?];
  const { CopySource } = source;
  return typeof CopySource === "string" && CopySource.startsWith("s3:")
    ? [{ ...source, CopySource: from(CopySource) }, options]
    : [source, options];
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
  const plan = await checksumPlan(input, s3.core);
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
    const upload = await beginUpload(s3, object, plan, grace);
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
    const output = await completeUpload(s3, upload, parts, { signal });
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

/** An object that is copied. */
export interface CopySource extends RemoteObject {
  /** Members of each call that copies from it. */
  readonly members: Pick<CopyObjectInput, keyof typeof SOURCE_MEMBERS>;
  /** Binds the calls that copy from it to its being the same. */
  readonly bond: SourceBond;
}

/** Conditions on the source of a copy. */
type SourceConditions = Pick<
  CopyObjectInput,
  "CopySourceIfMatch" | "CopySourceIfUnmodifiedSince"
>;

/** What a call that copies says about the source. */
const SOURCE_MEMBERS: Names<
  | "CopySource"
  | "CopySourceSSECustomerAlgorithm"
  | "CopySourceSSECustomerKey"
  | "CopySourceSSECustomerKeyMD5"
  | "ExpectedSourceBucketOwner"
> = {
  CopySource: true,
  CopySourceSSECustomerAlgorithm: true,
  CopySourceSSECustomerKey: true,
  CopySourceSSECustomerKeyMD5: true,
  ExpectedSourceBucketOwner: true,
};

/**
 * Looks at the source of a copy.
 *
 * @param s3 The client.
 * @param input The copy.
 * @param signal Ends the look early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function inspectSource(
  s3: S3,
  input: CopyObjectInput,
  signal: AbortSignal | undefined,
): Promise<CopySource> {
  const asked = askedOf(input);
  const object = await inspect(s3, asked, signal);
  return {
    ...object,
    members: pick(input, SOURCE_MEMBERS),
    bond: new SourceBond(
      object,
      async () => await inspect(s3, withoutConditions(asked), signal),
    ),
  };
}

/**
 * Binds calls to a source that must not change. A weak ETag never matches, and
 * some stores cannot match the one that they give: then the time of the last
 * change is the condition, and at last a look when all is done.
 */
class SourceBond {
  readonly #source: RemoteObject;
  readonly #look: () => Promise<RemoteObject>;
  readonly #conditions: readonly SourceConditions[];
  #level = 0;

  /**
   * Makes a bond.
   *
   * @param source The source as it was when the copy began.
   * @param look Looks at it again.
   */
  constructor(source: RemoteObject, look: () => Promise<RemoteObject>) {
    const { ETag, LastModified } = source.head;
    this.#source = source;
    this.#look = look;
    this.#conditions = [
      ...ETag && !ETag.startsWith("W/") ? [{ CopySourceIfMatch: ETag }] : [],
      ...LastModified ? [{ CopySourceIfUnmodifiedSince: LastModified }] : [],
      {},
    ];
  }

  /**
   * Makes a call under the condition, and under a weaker one where the store
   * refuses it although the source is the same.
   *
   * @param call The call.
   * @param conditional Whether its target is bound to a condition, too, which is
   * refused in the same words.
   * @throws {ObjectChangedError} If the source was replaced or removed.
   */
  async bind<T>(
    call: (conditions: SourceConditions) => Promise<T>,
    conditional = false,
  ): Promise<T> {
    for (;;) {
      const level = this.#level;
      const conditions = this.#conditions[level] ?? {};
      try {
        return await call(conditions);
      } catch (error) {
        const failure = changeOf(error, this.#source);
        const refused = error instanceof ServiceError && error.status === 412;
        if (!refused || (conditional && maybeWritten(error))) {
          throw conditional && refused ? error : failure;
        }
        if (!await this.#isSame()) throw failure;
        if (Object.keys(conditions).length === 0) {
          throw conditional ? error : failure;
        }
        this.#level = Math.max(this.#level, level + 1);
      }
    }
  }

  /**
   * Looks at the source when all is done, where no condition held.
   *
   * @throws {ObjectChangedError} If it is another one.
   */
  async verify(): Promise<void> {
    const conditions = this.#conditions[this.#level] ?? {};
    if (Object.keys(conditions).length > 0) return;
    if (this.#level === 0 && !this.#source.head.ETag) return;
    if (await this.#isSame()) return;
    throw new ObjectChangedError("replaced", nameOf(this.#source.request));
  }

  async #isSame(): Promise<boolean> {
    try {
      const { head, size } = await this.#look();
      const { ETag, LastModified } = this.#source.head;
      return size === this.#source.size && head.ETag === ETag &&
        head.LastModified?.getTime() === LastModified?.getTime();
    } catch (error) {
      throw changeOf(error, this.#source);
    }
  }
}

/** The same source where it is only looked at. */
function askedOf(input: CopyObjectInput): DownloadInput {
  const {
    CopySourceIfMatch: match,
    CopySourceIfModifiedSince: since,
    CopySourceIfNoneMatch: noneMatch,
    CopySourceIfUnmodifiedSince: unmodifiedSince,
    CopySourceSSECustomerAlgorithm: algorithm,
    CopySourceSSECustomerKey: key,
    CopySourceSSECustomerKeyMD5: keyMd5,
    ExpectedSourceBucketOwner: owner,
    RequestPayer,
  } = input;
  return {
    ...sourceObject(input.CopySource),
    ...match && { IfMatch: match },
    ...since && { IfModifiedSince: since },
    ...noneMatch && { IfNoneMatch: noneMatch },
    ...unmodifiedSince && { IfUnmodifiedSince: unmodifiedSince },
    ...algorithm && { SSECustomerAlgorithm: algorithm },
    ...key && { SSECustomerKey: key },
    ...keyMd5 && { SSECustomerKeyMD5: keyMd5 },
    ...owner && { ExpectedBucketOwner: owner },
    ...RequestPayer && { RequestPayer },
  };
}

/**
 * Takes the text of a copy source apart: `bucket/key`, or `arn/object/key` with
 * the ARN of an access point, and a version behind `?versionId=`.
 *
 * @param source The source.
 * @throws {ValidationError} If it has no key.
 */
export function sourceObject(
  source: CopySourceObject | string,
): CopySourceObject {
  if (typeof source !== "string") return source;
  const pattern =
    /^\/?(arn:.*?(?=\/object\/)|[^/]+)\/(.+?)(?:\?versionId=(\S+))?$/s;
  const [, Bucket, path, VersionId] = pattern.exec(source) ?? [];
  if (Bucket === undefined || path === undefined) {
    throw new ValidationError("copy", [{
      path: "CopySource",
      problem: "must be a bucket and a key with a slash between them",
    }]);
  }
  const Key = Bucket.startsWith("arn:") ? path.replace("object/", "") : path;
  return { Bucket, Key, ...VersionId === undefined ? {} : { VersionId } };
}
