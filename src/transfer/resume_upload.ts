/**
 * Finds what an earlier upload left, and tells which of its parts still hold.
 *
 * @module
 */
import { hex } from "../foundation/bytes.ts";
import { checksum, isChecksumAlgorithm, md5 } from "../foundation/checksums.ts";
import { ConfigError } from "../foundation/errors.ts";
import type {
  ChecksumAlgorithm,
  ChecksumType,
  MultipartUpload,
  Part,
  S3,
} from "../services/s3/mod.ts";
import { PART_MEMBERS, pick, UPLOAD_MEMBERS } from "./members.ts";
import type { PartedObject } from "./multipart.ts";
import { statedChecksum } from "./object_checksum.ts";
import { callOptions } from "./options.ts";
import { nameOf } from "./remote_object.ts";

/** An unfinished upload that is to be resumed. */
export interface ResumedUpload {
  /** Its id, as `listUnfinishedUploads` tells it. */
  readonly uploadId: string;
}

/** An upload that was begun and not ended. */
export interface UnfinishedUpload {
  /** Its id. */
  readonly id: string;
  /** How its parts are checked. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What its checksum is of. */
  readonly checksumType: ChecksumType | undefined;
  /** The parts that S3 has, by number. */
  readonly parts: ReadonlyMap<number, Part>;
}

/** Where to look. */
export interface ResumeQuery {
  /** The object that is uploaded. */
  readonly object: PartedObject;
  /** How its parts are checked, where the caller says it or the client does it. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What its checksum is of. */
  readonly checksumType: ChecksumType | undefined;
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
  const { object, signal } = query;
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
  return { id, algorithm, checksumType, parts };
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
  part: Part,
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
