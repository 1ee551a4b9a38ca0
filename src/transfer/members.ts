/**
 * Which members of one input belong to another.
 *
 * @module
 */
import type {
  CompletedPart,
  CreateMultipartUploadInput,
  ListPartsInput,
  PutObjectInput,
} from "../services/s3/mod.ts";

/** Names of members, each with the same mark, so that none can be forgotten. */
export type Names<Name extends string> = Readonly<Record<Name, true>>;

/** What describes an object that is uploaded in parts: said when it is begun. */
export const CREATE_MEMBERS: Names<
  & keyof PutObjectInput
  & Exclude<keyof CreateMultipartUploadInput, "ChecksumAlgorithm">
> = {
  ACL: true,
  Bucket: true,
  BucketKeyEnabled: true,
  CacheControl: true,
  ContentDisposition: true,
  ContentEncoding: true,
  ContentLanguage: true,
  ContentType: true,
  ExpectedBucketOwner: true,
  Expires: true,
  GrantFullControl: true,
  GrantRead: true,
  GrantReadACP: true,
  GrantWriteACP: true,
  Key: true,
  Metadata: true,
  ObjectLockLegalHoldStatus: true,
  ObjectLockMode: true,
  ObjectLockRetainUntilDate: true,
  RequestPayer: true,
  SSECustomerAlgorithm: true,
  SSECustomerKey: true,
  SSECustomerKeyMD5: true,
  SSEKMSEncryptionContext: true,
  SSEKMSKeyId: true,
  ServerSideEncryption: true,
  StorageClass: true,
  Tagging: true,
  WebsiteRedirectLocation: true,
};

/** What every call about a part says again. */
export const PART_MEMBERS: Names<
  Exclude<
    keyof ListPartsInput,
    "MaxParts" | "PartNumberMarker" | "UploadId"
  >
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
  SSECustomerAlgorithm: true,
  SSECustomerKey: true,
  SSECustomerKeyMD5: true,
};

/** What every call about an upload as a whole says again. */
export const UPLOAD_MEMBERS: Names<
  "Bucket" | "ExpectedBucketOwner" | "Key" | "RequestPayer"
> = {
  Bucket: true,
  ExpectedBucketOwner: true,
  Key: true,
  RequestPayer: true,
};

/** The conditions of a write. */
export const CONDITIONS: Names<"IfMatch" | "IfNoneMatch"> = {
  IfMatch: true,
  IfNoneMatch: true,
};

/** What S3 tells about a part that arrived, and wants to hear again. */
export const RECEIPT_MEMBERS: Names<
  Exclude<keyof CompletedPart, "PartNumber">
> = {
  ChecksumCRC32: true,
  ChecksumCRC32C: true,
  ChecksumCRC64NVME: true,
  ChecksumMD5: true,
  ChecksumSHA1: true,
  ChecksumSHA256: true,
  ChecksumSHA512: true,
  ChecksumXXHASH128: true,
  ChecksumXXHASH3: true,
  ChecksumXXHASH64: true,
  ETag: true,
};

/**
 * Takes over the members of these names that are there.
 *
 * @param from Where they are.
 * @param names Their names.
 */
export function pick<From extends object, Name extends keyof From & string>(
  from: From,
  names: Names<Name>,
): Pick<From, Name> {
  const members = Object.entries(from).filter(([name, value]) =>
    Object.hasOwn(names, name) && value !== undefined
  );
  // Entries know nothing of the names that they came from.
  return Object.fromEntries(members) as Pick<From, Name>;
}
