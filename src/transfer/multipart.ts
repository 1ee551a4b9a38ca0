/**
 * The first and the last call of an upload in parts.
 *
 * @module
 */
import {
  AwsError,
  ProtocolError,
  retell,
  ServiceError,
} from "../foundation/errors.ts";
import type {
  ChecksumAlgorithm,
  ChecksumType,
  CompleteMultipartUploadOutput,
  PutObjectInput,
  S3,
} from "../services/s3/mod.ts";
import {
  CONDITIONS,
  CREATE_MEMBERS,
  PART_MEMBERS,
  pick,
  UPLOAD_MEMBERS,
} from "./members.ts";
import {
  checksumTypeOf,
  type SentPart,
  wholeChecksum,
} from "./object_checksum.ts";
import { callOptions } from "./options.ts";
import { nameOf } from "./remote_object.ts";

/** The object that the parts become. */
export type PartedObject = Omit<PutObjectInput, "Body" | "ContentLength">;

/** An upload that S3 knows. */
export interface OpenUpload {
  /** The object. */
  readonly object: PartedObject;
  /** Its id. */
  readonly id: string;
  /** How its parts are checked. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What its checksum is of. */
  readonly checksumType: ChecksumType | undefined;
}

/**
 * Begins an upload.
 *
 * @param s3 The client.
 * @param object The object.
 * @param algorithm How its parts are checked.
 */
export async function beginUpload(
  s3: S3,
  object: PartedObject,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<OpenUpload> {
  // Not under the signal: an answer that is not waited for may be an upload that
  // nobody knows of.
  const checksumType = checksumTypeOf(algorithm);
  const { UploadId } = await s3.createMultipartUpload({
    ...pick(object, CREATE_MEMBERS),
    ...algorithm && { ChecksumAlgorithm: algorithm },
    ...checksumType === "FULL_OBJECT" && { ChecksumType: checksumType },
  });
  if (!UploadId) throw noUploadId(object);
  return { object, id: UploadId, algorithm, checksumType };
}

function noUploadId(object: PartedObject): ProtocolError {
  return new ProtocolError(
    `Cannot upload ${
      nameOf(object)
    } in parts: the answer to CreateMultipartUpload has no UploadId. Check that the endpoint is that of a store`,
  );
}

/**
 * Makes an object of the parts.
 *
 * @param s3 The client.
 * @param upload The upload.
 * @param parts The parts in order.
 * @param signal Ends the call early.
 */
export async function completeUpload(
  s3: S3,
  upload: OpenUpload,
  parts: readonly SentPart[],
  signal: AbortSignal | undefined,
): Promise<CompleteMultipartUploadOutput> {
  const { object, id } = upload;
  const output = await s3.completeMultipartUpload({
    ...pick(object, PART_MEMBERS),
    ...pick(object, CONDITIONS),
    ...wholeChecksum(upload, parts),
    UploadId: id,
    MultipartUpload: { Parts: parts.map(({ receipt }) => receipt) },
  }, callOptions({ signal }));
  // Some stores give no ETag, but something is in every true answer.
  const { Bucket, ETag, Key, Location } = output;
  if (Bucket || ETag || Key || Location) return output;
  throw new ProtocolError(
    `Cannot upload ${
      nameOf(object)
    } in parts: the answer to CompleteMultipartUpload names no object. Check that the endpoint is that of a store`,
  );
}

/**
 * Discards the parts of an upload that failed. Not under the caller's signal,
 * which may be what ended it.
 *
 * @param s3 The client.
 * @param upload The upload.
 * @param failure Why it failed; is told what remains where that cannot be discarded.
 */
export async function discardUpload(
  s3: S3,
  { object, id }: OpenUpload,
  failure: unknown,
): Promise<void> {
  try {
    await s3.abortMultipartUpload({
      ...pick(object, UPLOAD_MEMBERS),
      UploadId: id,
    });
  } catch (error) {
    if (error instanceof ServiceError && error.code === "NoSuchUpload") return;
    if (!(failure instanceof AwsError) || !(error instanceof Error)) return;
    retell(
      failure,
      `${failure.message}; parts of it remain, as the upload "${id}" cannot be aborted: ${error.message}`,
    );
  }
}
