/**
 * Deletes under a condition whose answer was lost: what became of them is found
 * by a look at the object.
 *
 * @module
 */
import {
  AwsError,
  maybeWritten,
  PreconditionError,
  ServiceError,
  withMessage,
} from "../../foundation/errors.ts";
import type { Caller, CallOptions } from "../../ports/caller.ts";
import { DeleteObject, HeadObject } from "./generated/operations.ts";
import type {
  DeleteObjectInput,
  DeleteObjectOutput,
  HeadObjectInput,
  HeadObjectOutput,
} from "./generated/types.ts";

/** Times that a delete under a condition is tried. */
const DELETE_ATTEMPTS = 3;

/** A delete that failed, and what looks at the object. */
export interface FailedDelete {
  /** The object, and the conditions. */
  readonly input: DeleteObjectInput;
  /** What the delete failed with. */
  readonly failure: AwsError;
  /** Makes calls, and settles none. */
  readonly call: Caller;
  /** The options of the delete. */
  readonly options: CallOptions;
}

/**
 * Finds out what became of a delete under a condition whose answer was lost. An
 * object that is gone was deleted; one that is still the same is deleted now.
 *
 * @param failed The delete.
 * @returns The answer, as far as a look tells it.
 * @throws {PreconditionError} `"changed"`, if another object is there now.
 * @throws {AwsError} What it failed with, where no answer was lost or the look
 * cannot tell.
 */
export async function settleDelete(
  { input, failure, call, options }: FailedDelete,
): Promise<DeleteObjectOutput> {
  if (!maybeWritten(failure)) throw failure;
  const { ResponseMetadata } = failure;
  const cannotTell = (): AwsError => {
    // A transport may throw one error again and again: it tells of this call.
    if (ResponseMetadata) failure.ResponseMetadata = ResponseMetadata;
    return cannotTellDeleted(failure, input);
  };
  let last = failure;
  for (let attempt = 1; true; attempt++) {
    let head: HeadObjectOutput;
    try {
      head = await call(HeadObject, lookOf(input), options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AwsError)) throw error;
      if (error instanceof ServiceError && error.status === 404) {
        return deletedOf(error);
      }
      throw cannotTell();
    }
    const same = isSame(head, input);
    if (same === undefined) throw cannotTell();
    if (!same) throw otherObject(failure, input);
    // A refusal of an object that is as it should be does not end by itself.
    const open = attempt === 1 || maybeWritten(last);
    if (!open || attempt >= DELETE_ATTEMPTS) throw last;
    try {
      return await call(DeleteObject, input, options);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      last = error;
    }
  }
}

/** What says which object is meant. */
function lookOf(
  { Bucket, Key, VersionId, ExpectedBucketOwner, RequestPayer }:
    DeleteObjectInput,
): HeadObjectInput {
  return {
    Bucket,
    Key,
    ...VersionId !== undefined && { VersionId },
    ...ExpectedBucketOwner !== undefined && { ExpectedBucketOwner },
    ...RequestPayer !== undefined && { RequestPayer },
  };
}

/** Whether an object meets the conditions. `"*"` does not tell one from another. */
function isSame(
  { ETag, ContentLength, LastModified }: HeadObjectOutput,
  { IfMatch, IfMatchLastModifiedTime, IfMatchSize }: DeleteObjectInput,
): boolean | undefined {
  if (IfMatch === "*") return undefined;
  return (IfMatch === undefined || bare(ETag) === bare(IfMatch)) &&
    (IfMatchSize === undefined || ContentLength === IfMatchSize) &&
    (IfMatchLastModifiedTime === undefined ||
      secondOf(LastModified) === secondOf(IfMatchLastModifiedTime));
}

function bare(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', "").toLowerCase();
}

function secondOf(date: Date | undefined): number {
  return Math.floor((date?.getTime() ?? NaN) / 1_000);
}

/** The answer to a delete, as far as the refusal of a look tells it. */
function deletedOf(
  {
    ResponseMetadata = { HTTPHeaders: {}, RetryAttempts: 0, Attempts: [] },
  }: ServiceError,
): DeleteObjectOutput {
  const { HTTPHeaders } = ResponseMetadata;
  const version = HTTPHeaders["x-amz-version-id"];
  return {
    ...HTTPHeaders["x-amz-delete-marker"] === "true" && { DeleteMarker: true },
    ...version !== undefined && { VersionId: version },
    ResponseMetadata,
  };
}

function cannotTellDeleted(
  failure: AwsError,
  { Bucket, Key }: DeleteObjectInput,
): AwsError {
  withMessage(
    failure,
    `${failure.message}; cannot tell whether "${Key}" of bucket "${Bucket}" was deleted: an answer was lost, and a look at the object does not show it. Look at it before you delete again`,
  );
  return failure;
}

function otherObject(
  cause: AwsError,
  { Bucket, Key }: DeleteObjectInput,
): PreconditionError {
  return new PreconditionError(
    "changed",
    `Cannot delete "${Key}" in bucket "${Bucket}": another object is there now, which is kept. An answer was lost, so the one that was meant may have been deleted before`,
    { cause },
  );
}
