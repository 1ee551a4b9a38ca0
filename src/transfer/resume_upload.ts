/**
 * Finds what an earlier upload left, and tells which of its parts still hold.
 *
 * @module
 */
import { hex } from "../foundation/bytes.ts";
import { checksum, isChecksumAlgorithm } from "../foundation/checksums.ts";
import { md5 } from "../foundation/md5.ts";
import type {
  ChecksumAlgorithm,
  MultipartUpload,
  Part,
  S3,
} from "../services/s3/mod.ts";
import { PART_MEMBERS, pick, UPLOAD_MEMBERS } from "./members.ts";
import type { PartedObject } from "./multipart.ts";
import { callOptions } from "./options.ts";

/** An upload that was begun and not ended. */
export interface UnfinishedUpload {
  /** Its id. */
  readonly id: string;
  /** The parts that S3 has, by number. */
  readonly parts: ReadonlyMap<number, Part>;
}

/** Where to look. */
export interface ResumeQuery {
  /** The object that is uploaded. */
  readonly object: PartedObject;
  /** How its parts are checked. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** Ends the search early. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the newest unfinished upload of a key whose parts are checked in the
 * same way.
 *
 * @param s3 The client.
 * @param query Where to look.
 */
export async function findUnfinished(
  s3: S3,
  query: ResumeQuery,
): Promise<UnfinishedUpload | undefined> {
  const { object, algorithm, signal } = query;
  const options = callOptions({ signal });
  const { Key, ...bucket } = pick(object, UPLOAD_MEMBERS);
  let newest: MultipartUpload | undefined;
  const uploads = s3.listMultipartUploadsItems(
    { ...bucket, Prefix: Key },
    options,
  );
  for await (const upload of uploads) {
    // Stores that know no checksums tell none.
    const checked = upload.ChecksumAlgorithm ?? algorithm;
    if (upload.Key !== Key || checked !== algorithm) continue;
    if (newest === undefined || begun(upload) >= begun(newest)) newest = upload;
  }
  if (newest === undefined) return undefined;

  const parts = new Map<number, Part>();
  const { UploadId } = newest;
  const listed = s3.listPartsItems(
    { ...pick(object, PART_MEMBERS), UploadId },
    options,
  );
  for await (const part of listed) parts.set(part.PartNumber, part);
  return { id: UploadId, parts };
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

function begun({ Initiated }: MultipartUpload): number {
  return Initiated?.getTime() ?? 0;
}
