/**
 * Reads and writes under a condition, with the outcome as a typed error.
 *
 * Source: "Add preconditions to S3 operations with conditional requests",
 * Amazon S3 User Guide.
 *
 * @module
 */
import {
  PreconditionError,
  type PreconditionKind,
  ServiceError,
} from "../../foundation/errors.ts";
import type { CallOptions } from "../../ports/caller.ts";
import { canOpenAgain, maybeWritten, putAndLook } from "./lost_answer.ts";
import type { S3 } from "./generated/client.ts";
import type {
  GetObjectInput,
  GetObjectOutput,
  PutObjectInput,
  PutObjectOutput,
} from "./generated/types.ts";

/** An object that is to be created. */
export type CreateObjectInput = Omit<
  PutObjectInput,
  "IfMatch" | "IfNoneMatch"
>;

/** An object that is to be replaced, and the ETag of the one to replace. */
export type ReplaceObjectInput =
  & Omit<PutObjectInput, "IfMatch" | "IfNoneMatch">
  & {
    /** ETag of the object that is to be replaced, as an answer had it. */
    readonly IfMatch: string;
  };

/** An object that is to be read, and what is known of it already. */
export type ChangedObjectInput =
  & GetObjectInput
  & (
    | {
      /** ETag of the object as it is known. */
      readonly IfNoneMatch: string;
    }
    | {
      /** Time of the last change that is known. */
      readonly IfModifiedSince: Date;
    }
  );

/**
 * Writes an object, unless there is one. If an answer is lost, a look at the
 * object tells whether it was written: the same content counts as that. So let
 * the content of a lock name its owner.
 *
 * @param s3 The client.
 * @param input The object.
 * @param options What differs for this call.
 * @throws {PreconditionError} `"exists"`, if there is one, or others go on
 * writing it.
 * @throws {AwsError} If an answer was lost and the look cannot tell.
 */
export async function createObject(
  s3: S3,
  input: CreateObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  return await createBy(putRepeated, s3, input, options);
}

/** Puts an object. */
type Put = typeof putAndLook;

/**
 * Writes an object, unless there is one.
 *
 * @param put Puts it.
 * @param s3 The client.
 * @param input The object.
 * @param options What differs for this call.
 */
export async function createBy(
  put: Put,
  s3: S3,
  input: CreateObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  try {
    return await put(s3, { ...input, IfNoneMatch: "*" }, options);
  } catch (error) {
    if (isConflict(error)) {
      throw refused("exists", error, `Cannot create ${nameOf(input)}: ${BUSY}`);
    }
    if (!isStatus(error, 412) || maybeWritten(error)) throw error;
    throw refused("exists", error, `Cannot create ${nameOf(input)}: it exists`);
  }
}

/**
 * Writes an object in place of one that is still as the caller knows it. If an
 * answer is lost, a look at the object tells whether it was written: the same
 * content counts as that.
 *
 * @param s3 The client.
 * @param input The object, and the ETag of the one it replaces.
 * @param options What differs for this call.
 * @throws {PreconditionError} `"changed"`, if there is another one, or none, or
 * others go on writing it.
 * @throws {AwsError} If an answer was lost and the look cannot tell.
 */
export async function replaceObject(
  s3: S3,
  input: ReplaceObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  return await replaceBy(putRepeated, s3, input, options);
}

/**
 * Writes an object in place of one that is still as the caller knows it.
 *
 * @param put Puts it.
 * @param s3 The client.
 * @param input The object, and the ETag of the one it replaces.
 * @param options What differs for this call.
 */
export async function replaceBy(
  put: Put,
  s3: S3,
  input: ReplaceObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  try {
    return await put(s3, input, options);
  } catch (error) {
    if (isConflict(error)) {
      throw refused(
        "changed",
        error,
        `Cannot replace ${nameOf(input)}: ${BUSY}`,
      );
    }
    // Amazon says 404 where the object is gone, other stores 412.
    const gone = error instanceof ServiceError && error.code === "NoSuchKey";
    if ((!gone && !isStatus(error, 412)) || maybeWritten(error)) throw error;
    const why = gone ? "it is gone" : `its ETag is not ${input.IfMatch} now`;
    throw refused(
      "changed",
      error,
      `Cannot replace ${nameOf(input)}: ${why}`,
    );
  }
}

/**
 * Reads an object, unless it is still as the caller knows it.
 *
 * @param s3 The client.
 * @param input The object, and what is known of it.
 * @param options What differs for this call.
 * @throws {PreconditionError} `"not-modified"`, if it has not changed.
 */
export async function getObjectIfChanged(
  s3: S3,
  input: ChangedObjectInput,
  options?: CallOptions,
): Promise<GetObjectOutput> {
  try {
    return await s3.getObject(input, options);
  } catch (error) {
    if (!isStatus(error, 304)) throw error;
    throw refused(
      "not-modified",
      error,
      `Cannot get ${nameOf(input)} anew: it has not changed`,
    );
  }
}

/** Times that a write is tried while others write the same object. */
const ATTEMPTS = 5;

/** Wait before the first repetition, in milliseconds; it doubles each time. */
const FIRST_WAIT_MS = 50;

const BUSY = "others are writing it at the same moment";

/** Repeats a write that another one at the same moment has stopped. */
async function putRepeated(
  s3: S3,
  input: PutObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  for (let attempt = 1; true; attempt++) {
    try {
      return await putAndLook(s3, input, options);
    } catch (error) {
      const hopeless = attempt >= ATTEMPTS ||
        !canOpenAgain(input.Body);
      if (!isConflict(error) || hopeless) throw error;
    }
    await s3.core.clock.sleep(
      FIRST_WAIT_MS * 2 ** (attempt - 1),
      options?.signal,
    );
  }
}

/** Whether another write to the object was under way. */
function isConflict(error: unknown): error is ServiceError {
  return error instanceof ServiceError &&
    error.code === "ConditionalRequestConflict";
}

/** Whether an error is the service's answer with a status. */
function isStatus(error: unknown, status: number): error is ServiceError {
  return error instanceof ServiceError && error.status === status;
}

function refused(
  kind: PreconditionKind,
  cause: unknown,
  message: string,
): PreconditionError {
  return new PreconditionError(kind, message, { cause });
}

function nameOf(
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): string {
  return `"${Key}" in bucket "${Bucket}"`;
}
