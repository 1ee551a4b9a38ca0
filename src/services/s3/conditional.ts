/**
 * Reads and writes under a condition, with the outcome as a typed error.
 *
 * Source: "Add preconditions to S3 operations with conditional requests",
 * Amazon S3 User Guide.
 *
 * @module
 */
import { ServiceError } from "../../foundation/errors.ts";
import {
  PreconditionError,
  type PreconditionKind,
} from "../../foundation/precondition_error.ts";
import type { CallOptions } from "../../ports/caller.ts";
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
 * Writes an object, unless there is one.
 *
 * @param s3 The client.
 * @param input The object.
 * @param options What differs for this call.
 * @throws {PreconditionError} `"exists"`, if there is one.
 */
export async function createObject(
  s3: S3,
  input: CreateObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  try {
    return await s3.putObject({ ...input, IfNoneMatch: "*" }, options);
  } catch (error) {
    if (!isStatus(error, 412)) throw error;
    throw refused("exists", error, `Cannot create ${nameOf(input)}: it exists`);
  }
}

/**
 * Writes an object in place of one that is still as the caller knows it.
 *
 * @param s3 The client.
 * @param input The object, and the ETag of the one it replaces.
 * @param options What differs for this call.
 * @throws {PreconditionError} `"changed"`, if there is another one, or none.
 */
export async function replaceObject(
  s3: S3,
  input: ReplaceObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  try {
    return await s3.putObject(input, options);
  } catch (error) {
    // Amazon says 404 where the object is gone, other stores 412.
    const gone = error instanceof ServiceError && error.code === "NoSuchKey";
    if (!gone && !isStatus(error, 412)) throw error;
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
