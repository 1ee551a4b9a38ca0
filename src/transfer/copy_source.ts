/**
 * The object that is copied, as it is when the copy begins.
 *
 * @module
 */
import { ValidationError } from "../foundation/errors.ts";
import type {
  CopyObjectInput,
  CopySourceObject,
  S3,
} from "../services/s3/mod.ts";
import { type Names, pick } from "./members.ts";
import {
  type DownloadInput,
  inspect,
  type RemoteObject,
} from "./remote_object.ts";

/** An object that is copied. */
export interface CopySource extends RemoteObject {
  /** Members of each call that copies from it. */
  readonly members: Pick<CopyObjectInput, keyof typeof SOURCE_MEMBERS>;
  /** On what condition: that it is still the same. */
  readonly conditions: Pick<CopyObjectInput, "CopySourceIfMatch">;
}

/** What a call that copies says about the source. */
const SOURCE_MEMBERS: Names<
  | "CopySource"
  | "CopySourceSSECustomerAlgorithm"
  | "CopySourceSSECustomerKey"
  | "CopySourceSSECustomerKeyMD5"
  | "ExpectedSourceBucketOwner"
> = {
  CopySource: true,
  CopySourceSSECustomerAlgorithm: true,
  CopySourceSSECustomerKey: true,
  CopySourceSSECustomerKeyMD5: true,
  ExpectedSourceBucketOwner: true,
};

/**
 * Looks at the source of a copy.
 *
 * @param s3 The client.
 * @param input The copy.
 * @param signal Ends the look early.
 * @throws {ServiceError} If it is not there, or the conditions do not hold.
 */
export async function inspectSource(
  s3: S3,
  input: CopyObjectInput,
  signal: AbortSignal | undefined,
): Promise<CopySource> {
  const object = await inspect(s3, askedOf(input), signal);
  const { ETag } = object.head;
  return {
    ...object,
    members: pick(input, SOURCE_MEMBERS),
    conditions: ETag ? { CopySourceIfMatch: ETag } : {},
  };
}

/** The same source where it is only looked at. */
function askedOf(input: CopyObjectInput): DownloadInput {
  const {
    CopySourceIfMatch: match,
    CopySourceIfModifiedSince: since,
    CopySourceIfNoneMatch: noneMatch,
    CopySourceIfUnmodifiedSince: unmodifiedSince,
    CopySourceSSECustomerAlgorithm: algorithm,
    CopySourceSSECustomerKey: key,
    CopySourceSSECustomerKeyMD5: keyMd5,
    ExpectedSourceBucketOwner: owner,
    RequestPayer,
  } = input;
  return {
    ...sourceObject(input.CopySource),
    ...match && { IfMatch: match },
    ...since && { IfModifiedSince: since },
    ...noneMatch && { IfNoneMatch: noneMatch },
    ...unmodifiedSince && { IfUnmodifiedSince: unmodifiedSince },
    ...algorithm && { SSECustomerAlgorithm: algorithm },
    ...key && { SSECustomerKey: key },
    ...keyMd5 && { SSECustomerKeyMD5: keyMd5 },
    ...owner && { ExpectedBucketOwner: owner },
    ...RequestPayer && { RequestPayer },
  };
}

/**
 * Takes the text of a copy source apart: `bucket/key`, or `arn/object/key` with
 * the ARN of an access point, and a version behind `?versionId=`.
 *
 * @param source The source.
 * @throws {ValidationError} If it has no key.
 */
export function sourceObject(
  source: CopySourceObject | string,
): CopySourceObject {
  if (typeof source !== "string") return source;
  const pattern =
    /^\/?(arn:.*?(?=\/object\/)|[^/]+)\/(.+?)(?:\?versionId=(\S+))?$/s;
  const [, Bucket, path, VersionId] = pattern.exec(source) ?? [];
  if (Bucket === undefined || path === undefined) {
    throw new ValidationError("copy", [{
      path: "CopySource",
      problem: "must be a bucket and a key with a slash between them",
    }]);
  }
  const Key = Bucket.startsWith("arn:") ? path.replace("object/", "") : path;
  return { Bucket, Key, ...VersionId === undefined ? {} : { VersionId } };
}
