/**
 * Whether something exists, and what it is like. HEAD answers have no body, so
 * the service gives no reasons; the likely ones are given here.
 *
 * @module
 */
import {
  attachMetadata,
  ServiceError,
  type ServiceErrorDetail,
} from "../../foundation/errors.ts";
import type { CallOptions } from "../../ports/caller.ts";
import type { S3 } from "./generated/client.ts";
import type {
  HeadBucketInput,
  HeadBucketOutput,
  HeadObjectInput,
  HeadObjectOutput,
} from "./generated/types.ts";
import { bucketAt, objectAt } from "./s3_uri.ts";

/**
 * Looks at an object.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The object, or its address, `s3://bucket/key`.
 * @param options What differs for this call.
 * @returns What it is like; `null` where there is no such object, or no such
 * bucket.
 * @throws {ValidationError} If an address is none of an object.
 * @throws {ServiceError} 403, if that may not be known; the message names the
 * permissions.
 */
export async function statObject(
  s3: S3,
  input: HeadObjectInput | string,
  options?: CallOptions,
): Promise<HeadObjectOutput | null> {
  try {
    return await requireObject(s3, objectAt("statObject", input), options);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * Tells whether an object exists.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The object, or its address, `s3://bucket/key`.
 * @param options What differs for this call.
 * @throws {ValidationError} If an address is none of an object.
 * @throws {ServiceError} 403, if that may not be known; the message names the
 * permissions.
 */
export async function objectExists(
  s3: S3,
  input: HeadObjectInput | string,
  options?: CallOptions,
): Promise<boolean> {
  const object = objectAt("objectExists", input);
  return await statObject(s3, object, options) !== null;
}

/**
 * Looks at a bucket.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The bucket, or its address, `s3://bucket`.
 * @param options What differs for this call.
 * @returns What it is like; `null` where there is no such bucket.
 * @throws {ValidationError} If an address is none of a bucket.
 * @throws {ServiceError} 403, if that may not be known; the message names the
 * permission.
 */
export async function statBucket(
  s3: S3,
  input: HeadBucketInput | string,
  options?: CallOptions,
): Promise<HeadBucketOutput | null> {
  try {
    return await requireBucket(s3, bucketAt("statBucket", input), options);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * Tells whether a bucket exists and may be listed.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The bucket, or its address, `s3://bucket`.
 * @param options What differs for this call.
 * @throws {ValidationError} If an address is none of a bucket.
 * @throws {ServiceError} 403, if it may not be listed; the message names the
 * permission.
 */
export async function bucketExists(
  s3: S3,
  input: HeadBucketInput | string,
  options?: CallOptions,
): Promise<boolean> {
  const bucket = bucketAt("bucketExists", input);
  return await statBucket(s3, bucket, options) !== null;
}

/**
 * Looks at an object that must be there.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The object, or its address, `s3://bucket/key`.
 * @param options What differs for this call.
 * @throws {ValidationError} If an address is none of an object.
 * @throws {ServiceError} 404 or 403, told apart in words.
 */
export async function requireObject(
  s3: S3,
  input: HeadObjectInput | string,
  options?: CallOptions,
): Promise<HeadObjectOutput> {
  const object = objectAt("requireObject", input);
  try {
    return await s3.headObject(object, options);
  } catch (error) {
    const name = `"${object.Key}" in bucket "${object.Bucket}"`;
    throw await explained(error, OBJECT_REASONS, name);
  }
}

/**
 * Looks at a bucket that must be there.
 *
 * @param s3 The client. It follows the bucket to its region.
 * @param input The bucket, or its address, `s3://bucket`.
 * @param options What differs for this call.
 * @throws {ValidationError} If an address is none of a bucket.
 * @throws {ServiceError} 404 or 403, told apart in words.
 */
export async function requireBucket(
  s3: S3,
  input: HeadBucketInput | string,
  options?: CallOptions,
): Promise<HeadBucketOutput> {
  const bucket = bucketAt("requireBucket", input);
  try {
    return await s3.headBucket(bucket, options);
  } catch (error) {
    throw await explained(error, BUCKET_REASONS, `bucket "${bucket.Bucket}"`);
  }
}

/** What a status of a HEAD answer means, in words. */
type Reasons = Readonly<Record<number, string>>;

const NO_BODY = "S3 gives no reason in answers to HEAD; the usual ones are";

const OBJECT_REASONS: Reasons = {
  400: `${NO_BODY} expired credentials, and an object under a key of the ` +
    "customer's (SSE-C) that was asked for without that key",
  403: "the caller may not know; it needs s3:GetObject for the object, and " +
    "s3:ListBucket for the bucket to be told that an object is missing: " +
    "without that a missing object is answered with 403, too",
  404: "there is no such object, or no such bucket",
  405: "this version is a delete marker",
};

const BUCKET_REASONS: Reasons = {
  400: `${NO_BODY} expired credentials and a name that no bucket can have`,
  403: "the caller may not know; it needs s3:ListBucket for the bucket. A " +
    "bucket of another account answers the same",
  404: "there is no such bucket",
};

/** The same error with a reason in words, where there is one. */
async function explained(
  error: unknown,
  reasons: Reasons,
  name: string,
): Promise<unknown> {
  if (!(error instanceof ServiceError)) return error;
  const reason = reasons[error.status];
  if (reason === undefined) return error;
  const words = `Cannot look at ${name}: ${reason}`;
  const told = new ServiceError(words, await withoutRepetition(error));
  if (error.ResponseMetadata) attachMetadata(told, error.ResponseMetadata);
  return told;
}

function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 404;
}

/** The facts of a refusal, without the part of its hint that the reason says. */
async function withoutRepetition(
  error: ServiceError,
): Promise<ServiceErrorDetail> {
  const { headHint } = await import("./after_failure.ts");
  const { hint, ...detail } = error.detail;
  const method = "HEAD";
  const said = headHint({ name: detail.operation, method }, error);
  if (hint === undefined || said === undefined) return error.detail;
  const rest = error.status === 400
    ? ""
    : headHint({ name: "", method }, error) ?? "";
  const left = hint.replace(said, rest);
  return left === "" ? detail : { ...detail, hint: left };
}
