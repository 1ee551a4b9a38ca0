/**
 * Uploads in parts that were begun and never ended. Their parts cost money and
 * show in no listing of objects.
 *
 * @module
 */
import { hex } from "../foundation/bytes.ts";
import { checksum, isChecksumAlgorithm, md5 } from "../foundation/checksums.ts";
import { ConfigError, ServiceError } from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  refuseUndefined,
} from "../foundation/options.ts";
import type {
  ChecksumAlgorithm,
  ChecksumType,
  MultipartUpload,
  Part,
  S3,
} from "../services/s3/mod.ts";
import {
  PART_MEMBERS,
  type PartedObject,
  pick,
  UPLOAD_MEMBERS,
} from "./multipart.ts";
import { type ChecksumPlan, statedChecksum } from "./object_checksum.ts";
import { callOptions } from "./options.ts";
import { nameOf } from "./remote_object.ts";

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
