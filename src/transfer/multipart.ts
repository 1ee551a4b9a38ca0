/**
 * An upload in parts beside its parts: its first and last call, which members of
 * its input each call gets, and the uploads that were begun and never ended. Their
 * parts cost money and show in no listing of objects.
 *
 * @module
 */
import { fromHex, hex } from "../foundation/bytes.ts";
import { checksum, isChecksumAlgorithm, md5 } from "../foundation/checksums.ts";
import {
  AwsError,
  ConfigError,
  maybeWritten,
  ProtocolError,
  ServiceError,
  TransportError,
  withMessage,
} from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  refuseUndefined,
} from "../foundation/options.ts";
import type { Clock } from "../ports/system.ts";
import {
  bareTag,
  cannotTell,
  type ExpectedObject,
  findWritten,
  type WriteToken,
  writeWithToken,
  writtenOf,
} from "../services/s3/lost_answer.ts";
import type {
  ChecksumAlgorithm,
  ChecksumType,
  CompletedPart,
  CompleteMultipartUploadInput,
  CompleteMultipartUploadOutput,
  CreateMultipartUploadInput,
  ListPartsInput,
  MultipartUpload,
  Part,
  PutObjectInput,
  S3,
} from "../services/s3/mod.ts";
import {
  type ChecksumPlan,
  compositeChecksum,
  type SentPart,
  statedChecksum,
  wholeChecksum,
} from "./object_checksum.ts";
import { callOptions, type Names, pick } from "./options.ts";
import { nameOf } from "./remote_object.ts";

/** The object that the parts become. */
export type PartedObject = Omit<PutObjectInput, "Body" | "ContentLength">;

/** An upload that S3 knows. */
export interface OpenUpload extends ChecksumPlan {
  /** The object. */
  readonly object: PartedObject;
  /** Its id. */
  readonly id: string;
}

/** Times that an upload is begun where the answer to that is lost. */
const ATTEMPTS = 3;

/** Wait before it is begun once more, in milliseconds; it doubles. */
const FIRST_WAIT_MS = 100;

/**
 * Begins an upload. If the answer is lost, it begins another: the first has no
 * parts, and a lifecycle rule removes it.
 *
 * @param s3 The client.
 * @param object The object.
 * @param plan How its parts are checked.
 * @param grace When to give up after an abort.
 */
export async function beginUpload(
  s3: S3,
  object: PartedObject,
  plan: ChecksumPlan,
  grace: Grace,
): Promise<OpenUpload> {
  const { algorithm, sentType } = plan;
  for (let attempt = 1; true; attempt++) {
    try {
      const { UploadId } = await s3.createMultipartUpload({
        ...pick(object, CREATE_MEMBERS),
        ...algorithm && { ChecksumAlgorithm: algorithm },
        ...sentType && { ChecksumType: sentType },
      }, callOptions({ signal: grace.begin }));
      if (!UploadId) throw noUploadId(object);
      return { object, id: UploadId, ...plan };
    } catch (error) {
      if (grace.begin.aborted || isDropped(error)) tellOrphan(s3, object);
      if (!isDropped(error) || attempt >= ATTEMPTS) throw error;
    }
    const wait = FIRST_WAIT_MS * 2 ** (attempt - 1);
    await s3.core.clock.sleep(wait, grace.signal);
  }
}

/** Whether only the danger of an orphan keeps the client from repeating. */
function isDropped(error: unknown): boolean {
  return error instanceof TransportError && error.maybeSent &&
    error.ResponseMetadata?.StopReason === "unsafe";
}

function tellOrphan(s3: S3, { Bucket, Key }: PartedObject): void {
  s3.core.logger?.warn(
    "no answer to CreateMultipartUpload; an upload without parts may remain, which a lifecycle rule with AbortIncompleteMultipartUpload removes",
    { bucket: Bucket, key: Key },
  );
}

function noUploadId(object: PartedObject): ProtocolError {
  return new ProtocolError(
    `Cannot upload ${
      nameOf(object)
    } in parts: the answer to CreateMultipartUpload has no UploadId. Check that the endpoint is that of a store`,
  );
}

/**
 * Makes an object of the parts. If the answer is lost, a look at the object tells
 * whether it was made.
 *
 * @param s3 The client.
 * @param upload The upload.
 * @param parts The parts in order.
 * @param ending The token in the object's metadata, if it has one, and what ends
 * the call early.
 */
export async function completeUpload(
  s3: S3,
  upload: OpenUpload,
  parts: readonly SentPart[],
  { token, signal }: {
    readonly token?: WriteToken;
    readonly signal: AbortSignal | undefined;
  },
): Promise<CompleteMultipartUploadOutput> {
  const { object, id } = upload;
  const { Bucket, Key } = object;
  const options = callOptions({ signal });
  const whole = wholeChecksum(upload, parts);
  const complete = async (): Promise<CompleteMultipartUploadOutput> => {
    const output = await s3.completeMultipartUpload({
      ...pick(object, PART_MEMBERS),
      ...pick(object, CONDITIONS),
      ...whole,
      UploadId: id,
      MultipartUpload: { Parts: parts.map(({ receipt }) => receipt) },
    }, options);
    // Some stores give no ETag, but something is in every true answer.
    if (output.Bucket || output.ETag || output.Key || output.Location) {
      return output;
    }
    throw new ProtocolError(
      `Cannot upload ${
        nameOf(object)
      } in parts: the answer to CompleteMultipartUpload names no object. Check that the endpoint is that of a store`,
    );
  };
  if (token !== undefined) {
    return await writeWithToken(s3, { object, token, options }, {
      send: complete,
      read: (head) => ({ Bucket, Key, ...head }),
      repeatable: true,
    });
  }
  try {
    return await complete();
  } catch (error) {
    if (!maybeWritten(error)) throw error;
    const expected = expectedObject(parts, whole);
    const head = await findWritten(s3, object, expected, options);
    if (head === undefined) throw cannotTell(error, object);
    return { Bucket, Key, ...writtenOf(head) };
  }
}

/** What the object is like when the parts have become it. */
function expectedObject(
  parts: readonly SentPart[],
  whole: Partial<CompleteMultipartUploadInput>,
): ExpectedObject {
  return {
    length: parts.reduce((sum, { length }) => sum + length, 0),
    etag: async () => {
      // The MD5 of the MD5s of the parts, where those are what their ETags are.
      const tags = parts.map(({ receipt }) => bareTag(receipt.ETag ?? ""));
      if (!tags.every((tag) => /^[0-9a-f]{32}$/.test(tag))) return undefined;
      return `${hex(await md5(fromHex(tags.join(""))))}-${parts.length}`;
    },
    checksum: (algorithm) => Promise.resolve(whole[`Checksum${algorithm}`]),
    composite: (algorithm) => compositeChecksum(algorithm, parts),
  };
}

/**
 * Discards the parts of an upload that failed. Not under the caller's signal,
 * which may be what ended it.
 *
 * @param s3 The client.
 * @param upload The upload.
 * @param failure Why it failed; is told what remains where that cannot be discarded.
 * @param grace When to give up after an abort.
 */
export async function discardUpload(
  s3: S3,
  { object, id }: OpenUpload,
  failure: unknown,
  grace: Grace,
): Promise<void> {
  try {
    await s3.abortMultipartUpload({
      ...pick(object, UPLOAD_MEMBERS),
      UploadId: id,
    }, callOptions({ signal: grace.end }));
  } catch (error) {
    if (error instanceof ServiceError && error.code === "NoSuchUpload") return;
    s3.core.logger?.warn("an upload cannot be aborted, its parts remain", {
      bucket: object.Bucket,
      key: object.Key,
      uploadId: id,
    });
    if (!(failure instanceof AwsError) || !(error instanceof Error)) return;
    withMessage(
      failure,
      `${failure.message}; parts of it remain, as the upload "${id}" cannot be aborted: ${error.message}`,
    );
  }
}

/** Time to learn the id of an upload that is being begun, in milliseconds. */
const BEGIN_MS = 2_500;

/** Time for all of the cleaning, in milliseconds. */
const END_MS = 4_500;

/**
 * Signals that follow that of a transfer with a delay: an answer that nobody
 * waits for may be an upload that nobody knows of, and parts cost money; but who
 * aborts does not wait for a server that hangs.
 */
export class Grace implements Disposable {
  readonly #begin = new AbortController();
  readonly #end = new AbortController();
  /** The signal of the transfer. */
  readonly signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #timers: Disposable[] = [];

  /**
   * Waits for the abort.
   *
   * @param signal The signal of the transfer.
   * @param clock Measures the time after it.
   */
  constructor(signal: AbortSignal | undefined, clock: Clock) {
    this.signal = signal;
    this.#clock = clock;
    if (signal?.aborted) this.#start();
    else signal?.addEventListener("abort", this.#start);
  }

  /** Ends the call that begins an upload. */
  get begin(): AbortSignal {
    return this.#begin.signal;
  }

  /** Ends the call that aborts an upload. */
  get end(): AbortSignal {
    return this.#end.signal;
  }

  /** Stops waiting. */
  [Symbol.dispose](): void {
    this.signal?.removeEventListener("abort", this.#start);
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }

  readonly #start = (): void => {
    const reason = this.signal?.reason;
    this.#timers.push(
      this.#clock.timer(BEGIN_MS, () => this.#begin.abort(reason)),
      this.#clock.timer(END_MS, () => this.#end.abort(reason)),
    );
  };
}

/** What describes an object that is uploaded in parts: said when it is begun. */
const CREATE_MEMBERS: Names<
  & keyof PutObjectInput
  & Exclude<keyof CreateMultipartUploadInput, "ChecksumAlgorithm">
> = {
  ACL: true,
  Bucket: true,
  BucketKeyEnabled: true,
  CacheControl: true,
  ContentDisposition: true,
  ContentEncoding: true,
  ContentLanguage: true,
  ContentType: true,
  ExpectedBucketOwner: true,
  Expires: true,
  GrantFullControl: true,
  GrantRead: true,
  GrantReadACP: true,
  GrantWriteACP: true,
  Key: true,
  Metadata: true,
  ObjectLockLegalHoldStatus: true,
  ObjectLockMode: true,
  ObjectLockRetainUntilDate: true,
  RequestPayer: true,
  SSECustomerAlgorithm: true,
  SSECustomerKey: true,
  SSECustomerKeyMD5: true,
  SSEKMSEncryptionContext: true,
  SSEKMSKeyId: true,
  ServerSideEncryption: true,
  StorageClass: true,
  Tagging: true,
  WebsiteRedirectLocation: true,
};

/** What every call about a part says again. */
export const PART_MEMBERS: Names<
  Exclude<
    keyof ListPartsInput,
    "MaxParts" | "PartNumberMarker" | "UploadId"
  >
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
  SSECustomerAlgorithm: true,
  SSECustomerKey: true,
  SSECustomerKeyMD5: true,
};

/** What every call about an upload as a whole says again. */
const UPLOAD_MEMBERS: Names<
  "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer"
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
};

/** The conditions of a write. */
export const CONDITIONS: Names<"IfMatch" | "IfNoneMatch"> = {
  IfMatch: true,
  IfNoneMatch: true,
};

/** What S3 tells about a part that arrived, and wants to hear again. */
export const RECEIPT_MEMBERS: Names<
  Exclude<keyof CompletedPart, "PartNumber">
> = {
  ChecksumCRC32: true,
  ChecksumCRC32C: true,
  ChecksumCRC64NVME: true,
  ChecksumMD5: true,
  ChecksumSHA1: true,
  ChecksumSHA256: true,
  ChecksumSHA512: true,
  ChecksumXXHASH128: true,
  ChecksumXXHASH3: true,
  ChecksumXXHASH64: true,
  ETag: true,
};

/** Which unfinished uploads are meant. */
export interface UnfinishedUploadsOptions {
  /** Only uploads of keys that begin with it. Default: all. */
  readonly prefix?: string;
  /** Only uploads that were begun before. Default: all. */
  readonly olderThan?: Date;
  /** Account that the bucket must belong to, 12 digits. Default: any. */
  readonly expectedBucketOwner?: string;
  /** Ends the walk early. */
  readonly signal?: AbortSignal;
}

/** What may be said about aborting unfinished uploads. */
export interface AbortUploadsOptions extends UnfinishedUploadsOptions {
  /** Whether to tell only, and to change nothing. Default: `false`. */
  readonly dryRun?: boolean;
}

const LIST_OPTIONS: OptionKinds<UnfinishedUploadsOptions> = {
  prefix: "text",
  olderThan: "date",
  expectedBucketOwner: "text",
  signal: "signal",
};

const ABORT_OPTIONS: OptionKinds<AbortUploadsOptions> = {
  ...LIST_OPTIONS,
  dryRun: "boolean",
};

/**
 * Lists the unfinished uploads of a bucket.
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options Which ones.
 */
export async function* listUnfinishedUploads(
  s3: S3,
  bucket: string,
  options: UnfinishedUploadsOptions = {},
): AsyncGenerator<MultipartUpload, void, void> {
  checkOptions("call listUnfinishedUploads", options, LIST_OPTIONS);
  const { prefix, olderThan, expectedBucketOwner } = options;
  const uploads = s3.listMultipartUploadsItems({
    Bucket: bucket,
    ...prefix === undefined ? {} : { Prefix: prefix },
    ...expectedBucketOwner === undefined
      ? {}
      : { ExpectedBucketOwner: expectedBucketOwner },
  }, callOptions(options));
  for await (const upload of uploads) {
    if (olderThan === undefined || isOlder(upload, olderThan)) yield upload;
  }
}

/**
 * Aborts unfinished uploads and so discards their parts. Uploads that are still
 * going on are among them, unless `olderThan` spares them: they fail.
 *
 * @example Usage
 * ```ts ignore
 * import { abortUnfinishedUploads } from "@inia/aws/transfer";
 *
 * const olderThan = new Date(Date.now() - 7 * 24 * 60 * 60 * 1_000);
 * await abortUnfinishedUploads(s3, "photos", { olderThan });
 * ```
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options Which ones.
 * @returns The uploads that were aborted; in a dry run, that would be.
 */
export async function abortUnfinishedUploads(
  s3: S3,
  bucket: string,
  options: AbortUploadsOptions = {},
): Promise<MultipartUpload[]> {
  const act = "call abortUnfinishedUploads";
  checkOptions(act, options, ABORT_OPTIONS);
  refuseUndefined(act, options, ["prefix", "olderThan"]);
  const { dryRun = false, ...which } = options;
  const { expectedBucketOwner } = which;
  const uploads = await Array.fromAsync(
    listUnfinishedUploads(s3, bucket, which),
  );
  if (dryRun) return uploads;
  for (const { Key, UploadId } of uploads) {
    try {
      await s3.abortMultipartUpload({
        Bucket: bucket,
        Key,
        UploadId,
        ...expectedBucketOwner === undefined
          ? {}
          : { ExpectedBucketOwner: expectedBucketOwner },
      }, callOptions(options));
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof ServiceError)) throw error;
      if (error.code !== "NoSuchUpload") throw error;
    }
  }
  return uploads;
}

/** One whose age the store does not tell counts as young. */
function isOlder({ Initiated }: MultipartUpload, than: Date): boolean {
  return Initiated !== undefined && Initiated < than;
}

/** An unfinished upload that is to be resumed. */
export interface ResumedUpload {
  /** Its id, as `listUnfinishedUploads` tells it. */
  readonly uploadId: string;
}

/** An upload that was begun and not ended. */
interface UnfinishedUpload extends ChecksumPlan {
  /** Its id. */
  readonly id: string;
  /** The parts that S3 has, by number. */
  readonly parts: ReadonlyMap<number, Part>;
}

/** Where to look. */
interface ResumeQuery {
  /** The object that is uploaded. */
  readonly object: PartedObject;
  /** How its parts are checked, where the caller says it or the client does it. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What its checksum is of. */
  readonly checksumType: ChecksumType | undefined;
  /** The same, where the caller says it. */
  readonly asked?: ChecksumType | undefined;
  /** Ends the search early. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the unfinished upload of a key whose parts are checked in the same way.
 *
 * @param s3 The client.
 * @param query Where to look.
 * @returns The upload with its parts; `undefined` where there is none.
 * @throws {ConfigError} `"AmbiguousUpload"`, if there are several: all but one
 * may be those of other processes.
 */
export async function findUnfinished(
  s3: S3,
  query: ResumeQuery,
): Promise<UnfinishedUpload | undefined> {
  const { object, signal } = query;
  const { Key, ...bucket } = pick(object, UPLOAD_MEMBERS);
  const matching: MultipartUpload[] = [];
  const uploads = s3.listMultipartUploadsItems(
    { ...bucket, Prefix: Key },
    callOptions({ signal }),
  );
  for await (const upload of uploads) {
    if (upload.Key === Key && isCheckedLike(upload, query)) {
      matching.push(upload);
    }
  }
  if (matching.length > 1) throw ambiguous(object, matching);
  const [only] = matching;
  return only && await unfinishedUpload(s3, only.UploadId, query);
}

/**
 * Gets the parts of an unfinished upload.
 *
 * @param s3 The client.
 * @param id Its id.
 * @param query Whose upload it is.
 * @throws {ServiceError} If there is no such upload.
 * @throws {ConfigError} `"UploadMismatch"`, if its parts are checked in another
 * way than the caller says.
 */
export async function unfinishedUpload(
  s3: S3,
  id: string,
  query: ResumeQuery,
): Promise<UnfinishedUpload> {
  const { object, asked, signal } = query;
  let { algorithm, checksumType } = query;
  const parts = new Map<number, Part>();
  const pages = s3.listPartsPages(
    { ...pick(object, PART_MEMBERS), UploadId: id },
    callOptions({ signal }),
  );
  for await (const page of pages) {
    algorithm = page.ChecksumAlgorithm ?? algorithm;
    checksumType = page.ChecksumType ?? checksumType;
    for (const part of page.Parts ?? []) parts.set(part.PartNumber, part);
  }
  const stated = statedChecksum(object);
  if (stated !== undefined && stated !== algorithm) {
    throw new ConfigError(
      "UploadMismatch",
      `Cannot resume the upload "${id}" of ${nameOf(object)} with ${stated}: ` +
        `its parts are checked with ${algorithm}. Leave the checksum out, or begin a new upload`,
    );
  }
  if (asked !== undefined && asked !== checksumType) {
    throw new ConfigError(
      "UploadMismatch",
      `Cannot resume the upload "${id}" of ${nameOf(object)} as ${asked}: ` +
        `its checksum is ${checksumType}. Leave ChecksumType out, or begin a new upload`,
    );
  }
  return { id, algorithm, checksumType, sentType: asked, parts };
}

/** Stores that know no checksums tell none. */
function isCheckedLike(
  upload: MultipartUpload,
  { algorithm, checksumType }: ResumeQuery,
): boolean {
  return (upload.ChecksumAlgorithm ?? algorithm) === algorithm &&
    (upload.ChecksumType ?? checksumType) === checksumType;
}

function ambiguous(
  object: PartedObject,
  uploads: readonly MultipartUpload[],
): ConfigError {
  const names = uploads.map(({ UploadId, Initiated }) =>
    Initiated === undefined
      ? `"${UploadId}"`
      : `"${UploadId}" of ${Initiated.toISOString()}`
  );
  return new ConfigError(
    "AmbiguousUpload",
    `Cannot resume the upload of ${nameOf(object)}: it has ${uploads.length} ` +
      `unfinished uploads, ${
        names.join(", ")
      }. Choose one with resume: { uploadId }`,
  );
}

/**
 * Tells whether S3 has these bytes as a part: by length, and by the checksum of
 * the part or else its ETag, which is the MD5 unless the object is encrypted
 * under a key of the customer's or of KMS.
 *
 * @param part The part that S3 has.
 * @param bytes The bytes.
 */
export async function isSamePart(
  part: Omit<Part, "LastModified">,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (part.Size !== bytes.length) return false;
  for (const [member, value] of Object.entries(part)) {
    const name = member.replace("Checksum", "");
    if (member !== name && isChecksumAlgorithm(name)) {
      return value === await checksum(name, bytes);
    }
  }
  return part.ETag.replaceAll('"', "") === hex(await md5(bytes));
}
