/**
 * The first and the last call of an upload in parts.
 *
 * @module
 */
import { isCombinable } from "../foundation/crc_combine.ts";
import { AwsError, retell, ServiceError } from "../foundation/errors.ts";
import type {
  ChecksumAlgorithm,
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
import { type SentPart, wholeChecksum } from "./object_checksum.ts";
import { callOptions } from "./options.ts";

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
  const { UploadId } = await s3.createMultipartUpload({
    ...pick(object, CREATE_MEMBERS),
    ...algorithm && { ChecksumAlgorithm: algorithm },
    ...algorithm && isCombinable(algorithm) && { ChecksumType: "FULL_OBJECT" },
  });
  return { object, id: UploadId, algorithm };
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
  { object, id, algorithm }: OpenUpload,
  parts: readonly SentPart[],
  signal: AbortSignal | undefined,
): Promise<CompleteMultipartUploadOutput> {
  return await s3.completeMultipartUpload({
    ...pick(object, PART_MEMBERS),
    ...pick(object, CONDITIONS),
    ...wholeChecksum(algorithm, parts, object),
    UploadId: id,
    MultipartUpload: { Parts: parts.map(({ receipt }) => receipt) },
  }, callOptions({ signal }));
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
