/**
 * An object that is downloaded or copied: what it is like at the beginning, what
 * came of it when the transfer ends otherwise, and what describes it beside its
 * bytes, which is content headers, metadata, tags and annotations.
 *
 * @module
 */
import { encodeParam } from "../foundation/bytes.ts";
import {
  checksumToVerify,
  type ExpectedChecksum,
} from "../foundation/checksums.ts";
import {
  AwsError,
  ObjectChangedError,
  ProtocolError,
  ServiceError,
  withMessage,
} from "../foundation/errors.ts";
import {
  type CompleteMultipartUploadOutput,
  type CopyObjectInput,
  type GetObjectAnnotationInput,
  type GetObjectInput,
  type GetObjectOutput,
  type HeadObjectOutput,
  requireObject,
  type S3,
  type S3Config,
  type StreamingBody,
} from "../services/s3/mod.ts";
import {
  callOptions,
  type Names,
  partOptions,
  pick,
  rangeText,
} from "./options.ts";

/** Codes of an object that is not there; nothing else may be missing. */
const GONE = ["NoSuchKey", "NoSuchVersion"];

/** What is downloaded: the parameters of GetObject, without those for a piece. */
export interface DownloadInput
  extends Omit<GetObjectInput, "ChecksumMode" | "PartNumber" | "Range"> {}

/** An object, as it is when the download begins. */
export interface RemoteObject {
  /** How a piece of it is asked for, and nothing else than it. */
  readonly request: GetObjectInput;
  /** Its length, in bytes. */
  readonly size: number;
  /** Its checksum, where there is one of all its bytes. */
  readonly checksum: ExpectedChecksum | undefined;
  /** All that the service tells of it. */
  readonly head: HeadObjectOutput;
  /**
   * Whether the store has refused the condition of the request although the object
   * is the same: then it is asked for without. Absent: nobody will ask.
   */
  readonly condition?: { refused: boolean };
}

/**
 * Looks at an object before its bytes are asked for.
 *
 * @param s3 The client.
 * @param input The object.
 * @param signal Ends the look early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function inspect(
  s3: S3,
  input: DownloadInput,
  signal: AbortSignal | undefined,
): Promise<RemoteObject> {
  const head = await requireObject(
    s3,
    { ...input, ChecksumMode: "ENABLED" },
    callOptions({ signal }),
  );
  const { ContentLength: size } = head;
  checkSize(size, input, "HeadObject");
  return {
    ...seen(input, head, size),
    checksum: checksumToVerify(head.ResponseMetadata.HTTPHeaders),
  };
}

/** An object whose download has begun. */
export interface BegunDownload {
  readonly object: RemoteObject;
  /** Its first bytes, which are on their way. Absent: they have to be asked for. */
  readonly first?: FirstRange | undefined;
}

/** The first bytes of an object, which are read once. */
export class FirstRange {
  readonly #ends: AbortController;
  readonly #signal: AbortSignal | undefined;
  #body: StreamingBody | undefined;

  /**
   * Holds them until they are taken.
   *
   * @param body The bytes.
   * @param ends Ends the call that they come by.
   * @param signal The signal of the download, which ends it as well.
   */
  constructor(
    body: StreamingBody,
    ends: AbortController,
    signal: AbortSignal | undefined,
  ) {
    this.#body = body;
    this.#ends = ends;
    this.#signal = signal;
  }

  /**
   * Hands the bytes out, to who asks first.
   *
   * @param signal Ends them early, beside that of the download.
   */
  take(signal: AbortSignal | undefined): StreamingBody | undefined {
    const body = this.#body;
    if (body === undefined) return undefined;
    this.#body = undefined;
    if (signal !== this.#signal) {
      signal?.addEventListener("abort", () => this.#ends.abort(signal.reason));
    }
    return body;
  }

  /** Gives the bytes up if nobody has taken them. */
  async drop(): Promise<void> {
    await this.#body?.cancel();
    this.#body = undefined;
  }
}

/**
 * Begins a download. Where the client is told to verify nothing that it need not,
 * the first range is asked for at once, and tells what a look would have told,
 * but for a checksum of the whole. Otherwise the object is looked at.
 *
 * @param s3 The client.
 * @param input The object.
 * @param rangeSize Length of a range, in bytes.
 * @param signal Ends the call early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function beginDownload(
  s3: S3,
  input: DownloadInput,
  rangeSize: number,
  signal: AbortSignal | undefined,
): Promise<BegunDownload> {
  const { responseChecksum }: S3Config = await s3.core.settings?.() ?? {};
  const begun = responseChecksum === "when_required"
    ? await firstRange(s3, input, rangeSize, signal)
    : undefined;
  return begun ?? { object: await inspect(s3, input, signal) };
}

/** `undefined` where the answer does not tell what the object is like. */
async function firstRange(
  s3: S3,
  input: DownloadInput,
  rangeSize: number,
  signal: AbortSignal | undefined,
): Promise<BegunDownload | undefined> {
  const ends = new AbortController();
  let output: GetObjectOutput;
  try {
    output = await s3.getObject(
      { ...input, Range: rangeText({ start: 0, end: rangeSize }) },
      partOptions({
        signal: AbortSignal.any([ends.signal, ...signal ? [signal] : []]),
      }),
    );
  } catch (error) {
    // An object without bytes has no range.
    if (error instanceof ServiceError && error.status === 416) return undefined;
    throw error;
  }
  const { Body, ContentRange, ...facts } = output;
  const [, last, total] = /^bytes 0-(\d+)\/(\d+)$/.exec(ContentRange ?? "") ??
    [];
  const size = Number(total);
  if (Number(last) !== Math.min(rangeSize, size) - 1) {
    await Body.cancel();
    return undefined;
  }
  try {
    checkSize(size, input, "GetObject");
  } catch (error) {
    await Body.cancel(error);
    throw error;
  }
  const head = { ...facts, ContentLength: size };
  const object = { ...seen(input, head, size), checksum: undefined };
  return { object, first: new FirstRange(Body, ends, signal) };
}

/** A request without its conditions. */
export function withoutConditions<Input extends DownloadInput>(
  input: Input,
): Omit<
  Input,
  "IfMatch" | "IfModifiedSince" | "IfNoneMatch" | "IfUnmodifiedSince"
> {
  const {
    IfMatch: _match,
    IfModifiedSince: _since,
    IfNoneMatch: _noneMatch,
    IfUnmodifiedSince: _unmodifiedSince,
    ...request
  } = input;
  return request;
}

/** An object as it was seen; what is asked of it from then on is bound to that. */
function seen(
  input: DownloadInput,
  head: HeadObjectOutput,
  size: number,
): Omit<RemoteObject, "checksum"> {
  return {
    request: { ...withoutConditions(input), ...conditionOf(head) },
    size,
    head,
    condition: { refused: false },
  };
}

/** The condition that an object is the same; a weak tag never matches. */
function conditionOf(
  { ETag, LastModified }: HeadObjectOutput,
): Pick<GetObjectInput, "IfMatch" | "IfUnmodifiedSince"> {
  if (ETag && !ETag.startsWith("W/")) return { IfMatch: ETag };
  return LastModified === undefined ? {} : { IfUnmodifiedSince: LastModified };
}

/**
 * Whether what an answer tells of an object fits what was known of it. A tag may
 * have become weak on its way.
 *
 * @param object The object.
 * @param facts What the answer tells.
 */
export function isSame(
  { request, head }: Pick<RemoteObject, "head" | "request">,
  facts: Pick<HeadObjectOutput, "ETag" | "LastModified">,
): boolean {
  const tag = head.ETag || request.IfMatch;
  if (tag && facts.ETag && bareTag(tag) !== bareTag(facts.ETag)) return false;
  // With a strong tag on both sides the time says nothing more.
  if (request.IfMatch && facts.ETag) return true;
  const { LastModified: known } = head;
  const { LastModified: told } = facts;
  return known === undefined || told === undefined ||
    known.getTime() === told.getTime();
}

/**
 * Looks at an object again after a store has refused the condition that it is
 * still the same: some cannot weigh conditions.
 *
 * @param s3 The client.
 * @param object The object.
 * @param signal Ends the look early.
 * @returns Whether it is the same object, beyond doubt.
 */
export async function isStillSame(
  s3: S3,
  object: Pick<RemoteObject, "head" | "request" | "size">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const {
    IfMatch: _match,
    IfUnmodifiedSince: _since,
    ...request
  } = object.request;
  let now: HeadObjectOutput;
  try {
    now = await s3.headObject(
      { ...request, ChecksumMode: "ENABLED" },
      callOptions({ signal }),
    );
  } catch {
    signal?.throwIfAborted();
    // The refusal stays the last word.
    return false;
  }
  const { ETag, LastModified } = object.head;
  const told = ETag ? now.ETag : LastModified && now.LastModified;
  return !!told && now.ContentLength === object.size && isSame(object, now);
}

/**
 * The largest object, 48.8 TiB: 10 000 parts of 5 GiB. Source: "Amazon S3
 * multipart upload limits", User Guide, userguide/qfacts.html, as of 2026.
 */
const LARGEST = 10_000 * 5 * 1_024 ** 3;

function checkSize(
  size: number | undefined,
  input: DownloadInput,
  operation: string,
): asserts size is number {
  const problem = size === undefined
    ? `the answer to ${operation} lacks its length`
    : Number.isInteger(size) && size >= 0 && size <= LARGEST
    ? undefined
    : `the answer to ${operation} states a length of ${size} bytes, and an object has 0 to ${LARGEST}`;
  if (problem === undefined) return;
  throw new ProtocolError(`Cannot download ${nameOf(input)}: ${problem}`);
}

/**
 * Tells an object that has changed from other reasons for a refusal.
 *
 * @param error What ended a request for a piece of it.
 * @param object The object.
 */
export function changeOf(error: unknown, object: RemoteObject): unknown {
  if (!(error instanceof ServiceError)) return error;
  // A range that lies behind the end, where the object has become shorter.
  const replaced = error.status === 412 || error.status === 416;
  if (!replaced && !GONE.includes(error.code)) return error;
  const kind = replaced ? "replaced" : "removed";
  return new ObjectChangedError(kind, nameOf(object.request), { cause: error });
}

/** An object in words, for errors. */
export function nameOf(
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): string {
  return `"${Key}" of bucket "${Bucket}"`;
}

function bareTag(etag: string): string {
  return etag.replace(/^W\//, "");
}

/** Members that S3 either copies all of, or none. */
const DESCRIPTION: Names<
  & keyof CopyObjectInput
  & (`Content${string}` | "CacheControl" | "Expires" | "Metadata")
> = {
  CacheControl: true,
  ContentDisposition: true,
  ContentEncoding: true,
  ContentLanguage: true,
  ContentType: true,
  Expires: true,
  Metadata: true,
};

/** How a copy is described. */
export type Description = Pick<
  CopyObjectInput,
  keyof typeof DESCRIPTION | "MetadataDirective"
>;

/**
 * Describes a copy: what is given wins, the rest is that of the source. Where
 * nothing is given, S3 does that by itself.
 *
 * @param given What is given.
 * @param source The source.
 */
export function descriptionOf(
  given: Omit<Description, "MetadataDirective">,
  source: HeadObjectOutput,
): Description {
  const own = pick(given, DESCRIPTION);
  return Object.keys(own).length === 0 ? {} : {
    ...pick(withoutFraming(source), DESCRIPTION),
    ...own,
    MetadataDirective: "REPLACE",
  };
}

/**
 * Some stores keep what says only how the body of an upload was framed; a copy
 * has no body.
 */
function withoutFraming(
  { ContentEncoding, ...source }: HeadObjectOutput,
): HeadObjectOutput {
  const codings = (ContentEncoding ?? "").split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked");
  return codings.length === 0
    ? source
    : { ...source, ContentEncoding: codings.join(",") };
}

/**
 * Gets the tags of an object, as an input states them.
 *
 * @param s3 The client.
 * @param object The object.
 * @param signal Ends the call early.
 * @returns The tags; empty where there are none, or the store has no tags;
 * `undefined` where they may not be read.
 */
export async function tagsOf(
  s3: S3,
  { request }: RemoteObject,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const { TagSet } = await s3.getObjectTagging(
      pick(request, NAMED),
      callOptions({ signal }),
    );
    return TagSet.map(({ Key, Value }) => encodeParam([Key, Value])).join("&");
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.status === 501) return "";
    if (error.status === 403) return undefined;
    throw error;
  }
}

/** What says whose tags and annotations are meant. */
const NAMED: Names<
  "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer" | "VersionId"
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
  VersionId: true,
};

/**
 * Whether a store may have annotations: Amazon's hosts do. Others may take the
 * question for that after the object itself, and send all of it.
 *
 * @param s3 The client.
 */
export async function mayBeAnnotated({ core }: S3): Promise<boolean> {
  const { endpointUrl } = await core.settings?.() ?? {};
  return core.settings !== undefined &&
    (endpointUrl === undefined ||
      /\.amazonaws\.com(\.cn)?$/.test(new URL(endpointUrl).hostname));
}

/**
 * Lists the annotations of an object.
 *
 * @param s3 The client.
 * @param object The object.
 * @param signal Ends the call early.
 * @returns Their names; `undefined` where they may not be read.
 */
export async function annotationsOf(
  s3: S3,
  { request }: RemoteObject,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  const names: string[] = [];
  let from: string | undefined;
  try {
    do {
      const page = await s3.listObjectAnnotations({
        ...pick(request, NAMED),
        ...from !== undefined && { ContinuationToken: from },
      }, callOptions({ signal }));
      for (const { AnnotationName } of page.Annotations ?? []) {
        names.push(AnnotationName);
      }
      from = page.NextContinuationToken || undefined;
    } while (from !== undefined);
    return names;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // No annotations in this kind of bucket, or in this region.
    if ([400, 404, 405, 501].includes(error.status)) return names;
    if (error.status === 403) return undefined;
    throw error;
  }
}

/** A copy that has been made, without its annotations. */
interface BareCopy {
  /** The client that reads the source. */
  readonly reader: S3;
  /** The source. */
  readonly source: RemoteObject;
  /** The client that writes the target. */
  readonly writer: S3;
  /** The target. */
  readonly target: Pick<
    CopyObjectInput,
    "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer"
  >;
  /** What S3 answered when it was made. */
  readonly made: CompleteMultipartUploadOutput;
}

/**
 * Writes the annotations of the source to its copy.
 *
 * @param copy The copy.
 * @param names Their names.
 * @param signal Ends the calls early.
 * @throws {AwsError} If one cannot be written; the copy itself is made.
 */
export async function copyAnnotations(
  { reader, source, writer, target, made }: BareCopy,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = callOptions({ signal });
  const from: Omit<GetObjectAnnotationInput, "AnnotationName"> = pick(
    source.request,
    NAMED,
  );
  const { Bucket, Key, ExpectedBucketOwner, RequestPayer } = target;
  for (const AnnotationName of names) {
    try {
      const { AnnotationPayload } = await reader.getObjectAnnotation(
        { ...from, AnnotationName },
        options,
      );
      await writer.putObjectAnnotation({
        Bucket,
        Key,
        ...ExpectedBucketOwner !== undefined && { ExpectedBucketOwner },
        ...RequestPayer !== undefined && { RequestPayer },
        ...made.VersionId && { VersionId: made.VersionId },
        ...made.ETag && { ObjectIfMatch: made.ETag },
        AnnotationName,
        AnnotationPayload: await AnnotationPayload.bytes(),
      }, options);
    } catch (error) {
      if (error instanceof AwsError) {
        withMessage(
          error,
          `${error.message}; ${
            nameOf(target)
          } is copied, but without the annotation "${AnnotationName}" and those after it`,
        );
      }
      throw error;
    }
  }
}
