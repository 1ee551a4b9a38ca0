/**
 * What is kept with an object beside its bytes: header fields, tags, grants,
 * encryption and checksums; and the conditions of reads, writes and copies, which
 * hold against it, with ranges of bytes.
 *
 * @module
 */
import { base64, fromBase64, utf8 } from "../../foundation/bytes.ts";
import {
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
  md5,
} from "../../foundation/checksums.ts";
import { parseTimestamp } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import {
  cannedGrants,
  canonicalId,
  type Grants,
  isPublic,
  requestedGrants,
} from "./access.ts";
import { accessBlock, type Call, ownershipOf } from "./call.ts";
import {
  invalidArgument,
  invalidRequest,
  notImplemented,
  S3Error,
} from "./s3_error.ts";
import type {
  Bucket,
  ObjectFacts,
  StoredChecksum,
  StoredEncryption,
  Tags,
  Upload,
  Version,
} from "./store.ts";
import { parseQuery } from "./request.ts";

/** The most bytes of a key. */
const MAX_KEY_LENGTH = 1_024;

/** The most bytes of an object's metadata, names and values. */
const MAX_METADATA = 2_048;

/** Header fields that come back as they were given. */
const KEPT = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
];

/** Storage classes that objects of a general purpose bucket may have. */
const STORAGE_CLASSES = new Set(
  "STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR"
    .split(" "),
);

/** Storage classes whose objects are read only once they are restored. */
const ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"];

/** The most tags of an object. */
export const MAX_OBJECT_TAGS = 10;

/** Storage class of an object or upload. */
export function storageClassOf(
  { headers }: Pick<ObjectFacts, "headers">,
): string {
  return headers["x-amz-storage-class"] ?? "STANDARD";
}

/** What is told of an upload besides its names. */
export function uploadMembers(
  upload: Pick<Upload, "algorithm" | "checksumType" | "headers" | "owner">,
): {
  Initiator: { ID: string };
  Owner: { ID: string };
  StorageClass: "STANDARD";
  ChecksumAlgorithm?: ChecksumAlgorithm;
  ChecksumType?: NonNullable<Upload["checksumType"]>;
} {
  const { algorithm, checksumType, owner } = upload;
  return {
    Initiator: { ID: canonicalId(owner) },
    Owner: { ID: canonicalId(owner) },
    StorageClass: storageClassOf(upload) as "STANDARD",
    ...algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm },
    ...checksumType === undefined ? {} : { ChecksumType: checksumType },
  };
}

/** Whether an object would have to be restored first, which is not done here. */
export function isArchived(facts: Pick<ObjectFacts, "headers">): boolean {
  return ARCHIVES.includes(storageClassOf(facts));
}

/** What a request says about the object that it writes. */
export function factsOf(call: Call, bucket: Bucket): ObjectFacts {
  const { headers } = call;
  const storageClass = headers["x-amz-storage-class"];
  if (storageClass !== undefined && !STORAGE_CLASSES.has(storageClass)) {
    throw new S3Error("InvalidStorageClass", {
      StorageClassRequested: storageClass,
    });
  }
  const metadata = Object.entries(headers).filter(([name]) =>
    name.startsWith("x-amz-meta-")
  );
  const size = metadata.reduce(
    (sum, [name, value]) =>
      sum + utf8(name).length - "x-amz-meta-".length + utf8(value).length,
    0,
  );
  if (size > MAX_METADATA) {
    throw new S3Error("MetadataTooLarge", {
      Size: size,
      MaxSizeAllowed: MAX_METADATA,
    });
  }
  const kept = Object.entries(headers).filter(([name, value]) =>
    KEPT.includes(name) && value !== ""
  );
  const encoding = (headers["content-encoding"] ?? "").split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "" && item !== "aws-chunked").join(", ");
  const { "content-encoding": _encoding, ...rest } = Object.fromEntries(kept);
  const encryption = encryptionOf(call, bucket);
  const caller = call.caller?.account ?? bucket.account;
  const canned = headers["x-amz-acl"];
  const owner = ownershipOf(bucket) === "BucketOwnerEnforced" ||
      (ownershipOf(bucket) === "BucketOwnerPreferred" &&
        canned === "bucket-owner-full-control")
    ? bucket.account
    : caller;
  const grants = requestedGrants(
    headers,
    owner,
    bucket.account,
    (account) => call.keys.isAccount(account),
  );
  if (grants !== undefined) checkGrants(bucket, grants, canned);
  return {
    headers: {
      "content-type": "binary/octet-stream",
      ...rest,
      ...encoding === "" ? {} : { "content-encoding": encoding },
      ...Object.fromEntries(metadata),
    },
    tags: readTagString(headers["x-amz-tagging"] ?? ""),
    grants: grants ?? cannedGrants("private", owner, bucket.account),
    owner,
    ...encryption === undefined ? {} : { encryption },
  };
}

/**
 * Checks that a bucket takes an ACL.
 *
 * @throws {S3Error} If it takes none, or no public one.
 */
export function checkGrants(
  bucket: Bucket,
  grants: Grants,
  canned: string | undefined,
): void {
  if (
    ownershipOf(bucket) === "BucketOwnerEnforced" &&
    canned !== "bucket-owner-full-control" && canned !== "private"
  ) {
    throw new S3Error("AccessControlListNotSupported");
  }
  if (accessBlock(bucket).BlockPublicAcls && isPublic(grants)) {
    throw new S3Error("AccessDenied");
  }
}

/**
 * Checks the key of an object that is to be written.
 *
 * @throws {S3Error} KeyTooLongError, if it is.
 */
export function checkKey(key: string): void {
  const size = utf8(key).length;
  if (size > MAX_KEY_LENGTH) {
    throw new S3Error("KeyTooLongError", {
      Size: size,
      MaxSizeAllowed: MAX_KEY_LENGTH,
    });
  }
}

const ENCRYPTION = "x-amz-server-side-encryption";
/** How header fields of a customer's key begin. */
export const CUSTOMER = `${ENCRYPTION}-customer-`;

/** The encryption that a request or its bucket asks for. */
function encryptionOf(
  { headers }: Call,
  bucket: Bucket,
): StoredEncryption | undefined {
  const algorithm = headers[ENCRYPTION];
  const kmsKeyId = headers[`${ENCRYPTION}-aws-kms-key-id`];
  const kmsContext = headers[`${ENCRYPTION}-context`];
  const customerKeyMd5 = customerKey(headers);
  if (customerKeyMd5 !== undefined) {
    if (algorithm !== undefined) {
      throw invalidArgument(
        ENCRYPTION,
        algorithm,
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
      );
    }
    if (
      defaultRule(bucket)?.BlockedEncryptionTypes?.EncryptionType
        ?.includes("SSE-C")
    ) {
      throw new S3Error(
        "AccessDenied",
        {},
        "The bucket blocks server-side encryption with customer-provided keys (SSE-C)",
      );
    }
    return { algorithm: "AES256", customerKeyMd5 };
  }
  if (algorithm === undefined) {
    if (kmsKeyId !== undefined || kmsContext !== undefined) {
      throw invalidArgument(
        ENCRYPTION,
        "",
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      );
    }
    return defaultEncryption(bucket);
  }
  if (!["AES256", "aws:kms", "aws:kms:dsse"].includes(algorithm)) {
    throw invalidArgument(
      ENCRYPTION,
      algorithm,
      "The encryption method specified is not supported",
    );
  }
  if (algorithm === "AES256" && kmsKeyId !== undefined) {
    throw invalidArgument(
      ENCRYPTION,
      algorithm,
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
    );
  }
  return {
    algorithm,
    ...kmsKeyId === undefined ? {} : { kmsKeyId },
    ...kmsContext === undefined ? {} : { kmsContext },
    ...headers[`${ENCRYPTION}-bucket-key-enabled`] === "true"
      ? { bucketKey: true }
      : {},
  };
}

/** A rule of a bucket's encryption. */
interface EncryptionRule {
  readonly BucketKeyEnabled?: boolean;
  readonly ApplyServerSideEncryptionByDefault?: {
    readonly SSEAlgorithm?: string;
    readonly KMSMasterKeyID?: string;
  };
  readonly BlockedEncryptionTypes?: {
    readonly EncryptionType?: readonly string[];
  };
}

function defaultRule({ configurations }: Bucket): EncryptionRule | undefined {
  const found = configurations.get("Encryption") as
    | { readonly Rules?: readonly EncryptionRule[] }
    | undefined;
  return found?.Rules?.[0];
}

/** The encryption that a bucket gives to objects that ask for none. */
function defaultEncryption(bucket: Bucket): StoredEncryption | undefined {
  const rule = defaultRule(bucket);
  const byDefault = rule?.ApplyServerSideEncryptionByDefault;
  if (byDefault?.SSEAlgorithm === undefined) return undefined;
  const { KMSMasterKeyID: kmsKeyId } = byDefault;
  return {
    algorithm: byDefault.SSEAlgorithm,
    ...kmsKeyId === undefined ? {} : { kmsKeyId },
    ...rule?.BucketKeyEnabled ? { bucketKey: true } : {},
  };
}

/**
 * The MD5 of a customer's key in a request.
 *
 * @param prefix How the names of its header fields begin.
 */
function customerKey(
  headers: HeaderMap,
  prefix = CUSTOMER,
): string | undefined {
  const algorithm = headers[`${prefix}algorithm`];
  const key = headers[`${prefix}key`];
  const digest = headers[`${prefix}key-md5`];
  if (algorithm === undefined && key === undefined && digest === undefined) {
    return undefined;
  }
  if (algorithm === undefined) {
    throw invalidArgument(
      `${prefix}algorithm`,
      "null",
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
    );
  }
  if (algorithm !== "AES256") {
    throw new S3Error("InvalidEncryptionAlgorithmError", {
      ArgumentName: `${prefix}algorithm`,
      ArgumentValue: algorithm,
    });
  }
  if (key === undefined) {
    throw invalidArgument(
      `${prefix}key`,
      "null",
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
    );
  }
  if (digest === undefined) {
    throw invalidArgument(
      `${prefix}key-MD5`,
      "null",
      "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.",
    );
  }
  if (keyLength(key) !== 32) {
    throw invalidArgument(
      `${prefix}key`,
      "(withheld)",
      "The secret key was invalid for the specified algorithm.",
    );
  }
  return digest;
}

function keyLength(key: string): number {
  try {
    return fromBase64(key).length;
  } catch {
    return 0;
  }
}

/** Checks that the MD5 of a customer's key is that of the key. */
export async function checkCustomerKeyMd5(headers: HeaderMap): Promise<void> {
  for (
    const prefix of [
      CUSTOMER,
      `x-amz-copy-source-${CUSTOMER.slice("x-amz-".length)}`,
    ]
  ) {
    const digest = customerKey(headers, prefix);
    const key = headers[`${prefix}key`];
    if (digest === undefined || key === undefined) continue;
    if (base64(await md5(fromBase64(key))) !== digest) {
      throw invalidArgument(
        `${prefix}key-MD5`,
        digest,
        "The calculated MD5 hash of the key did not match the hash that was provided.",
      );
    }
  }
}

/** Checks that a request has the customer's key of an object. */
export function checkCustomerKey(
  headers: HeaderMap,
  { encryption }: Pick<ObjectFacts, "encryption">,
  prefix = CUSTOMER,
): void {
  const given = customerKey(headers, prefix);
  const needed = encryption?.customerKeyMd5;
  if (given === needed) return;
  if (given === undefined) {
    throw invalidRequest(
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    );
  }
  if (needed === undefined) {
    throw invalidRequest(
      "The encryption parameters are not applicable to this object.",
    );
  }
  throw invalidRequest(
    "The provided encryption parameters did not match the ones used originally.",
  );
}

/** Encryption as header fields. */
export function encryptionHeaders(
  encryption: StoredEncryption | undefined,
): HeaderMap {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId, bucketKey, customerKeyMd5 } = encryption;
  if (customerKeyMd5 !== undefined) {
    return {
      [`${CUSTOMER}algorithm`]: algorithm,
      [`${CUSTOMER}key-md5`]: customerKeyMd5,
    };
  }
  return {
    [ENCRYPTION]: algorithm,
    ...kmsKeyId === undefined
      ? {}
      : { [`${ENCRYPTION}-aws-kms-key-id`]: kmsKeyId },
    ...bucketKey ? { [`${ENCRYPTION}-bucket-key-enabled`]: "true" } : {},
  };
}

/** Encryption as members of an output. */
export function shownEncryption(
  encryption: StoredEncryption | undefined,
): Record<never, never> {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId, kmsContext, bucketKey, customerKeyMd5 } =
    encryption;
  return customerKeyMd5 === undefined
    ? {
      ServerSideEncryption: algorithm,
      ...kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId },
      ...kmsContext === undefined
        ? {}
        : { SSEKMSEncryptionContext: kmsContext },
      ...bucketKey ? { BucketKeyEnabled: true } : {},
    }
    : { SSECustomerAlgorithm: algorithm, SSECustomerKeyMD5: customerKeyMd5 };
}

/** A checksum as header fields. */
export function checksumHeaders(
  sum: StoredChecksum | undefined,
  type = sum?.type,
): HeaderMap {
  return sum === undefined ? {} : {
    [checksumHeader(sum.algorithm)]: sum.value,
    "x-amz-checksum-type": type ?? sum.type,
  };
}

/** A checksum as members of an output. */
export function checksumMembers(
  sum: StoredChecksum | undefined,
): Record<never, never> {
  return sum === undefined
    ? {}
    : { [`Checksum${sum.algorithm}`]: sum.value, ChecksumType: sum.type };
}

/** The algorithm of a name in a request. */
export function algorithmOf(
  name: string | undefined,
  header: string,
): ChecksumAlgorithm | undefined {
  if (name === undefined) return undefined;
  const algorithm = name.toUpperCase();
  if (isChecksumAlgorithm(algorithm)) return algorithm;
  throw invalidRequest(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256] (${header})`,
  );
}

/** Tags as `x-amz-tagging` has them: like a query. */
function readTagString(value: string): Tags {
  return checkedTags(
    parseQuery(value).map(([Key, Value]) => ({ Key, Value })),
    MAX_OBJECT_TAGS,
  );
}

/**
 * Tags of a request.
 *
 * @throws {S3Error} InvalidTag, if they are too many, too long, or not unique.
 */
export function checkedTags(
  list: readonly { readonly Key?: string; readonly Value?: string }[],
  most: number,
): Tags {
  const tags = new Map(
    list.map(({ Key = "", Value = "" }) => [Key, Value] as const),
  );
  if (list.length > most) {
    throw new S3Error(
      "InvalidTag",
      {},
      `Object tags cannot be greater than ${most}`,
    );
  }
  if (tags.size < list.length) {
    throw new S3Error(
      "InvalidTag",
      {},
      "Cannot provide multiple Tags with the same key",
    );
  }
  for (const [key, value] of tags) {
    if (key === "" || key.length > 128) {
      throw new S3Error(
        "InvalidTag",
        { TagKey: key },
        "The TagKey you have provided is invalid",
      );
    }
    if (value.length > 256) {
      throw new S3Error(
        "InvalidTag",
        { TagKey: key, TagValue: value },
        "The TagValue you have provided is invalid",
      );
    }
  }
  return tags;
}

/** The first and the last byte. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position of the last byte. */
  readonly end: number;
}

/**
 * Reads the header field `range` (RFC 9110, section 14).
 *
 * @returns The range, or `undefined` where all bytes are meant: without the
 * field, and with one that is not understood, several ranges included.
 * @throws {S3Error} InvalidRange, if no byte lies in it.
 */
export function readRange(
  value: string | undefined,
  size: number,
): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(value ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") {
    return undefined;
  }
  if (first !== "" && last !== "" && Number(last) < Number(first)) {
    return undefined;
  }
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === ""
    ? size - 1
    : Math.min(Number(last), size - 1);
  if (start >= size || end < start) {
    throw new S3Error("InvalidRange", {
      RangeRequested: value ?? "",
      ActualObjectSize: size,
    });
  }
  return { start, end };
}

/** What a condition looks at. */
type Validators = Pick<Version, "etag" | "modified">;

/**
 * Weighs the conditions of a read (RFC 9110, section 13).
 *
 * @param prefix What stands before the names, as in `x-amz-copy-source-if-match`.
 * @throws {S3Error} PreconditionFailed, if the object is not the one asked for.
 */
export function readVerdict(
  headers: HeaderMap,
  { etag, modified }: Validators,
  prefix = "",
): "go" | "not-modified" {
  const field = (name: string): string | undefined => headers[prefix + name];
  const match = field("if-match");
  const noneMatch = field("if-none-match");
  const since = timeOf(field("if-modified-since"));
  const unmodifiedSince = timeOf(field("if-unmodified-since"));
  if (match !== undefined) {
    if (!includes(match, etag)) throw failed("If-Match");
  } else if (unmodifiedSince && modified > unmodifiedSince) {
    throw failed("If-Unmodified-Since");
  }
  if (noneMatch !== undefined) {
    return includes(noneMatch, etag) ? "not-modified" : "go";
  }
  return since && modified <= since ? "not-modified" : "go";
}

/**
 * Weighs the conditions of a write ("Conditional requests", Amazon S3 User
 * Guide).
 *
 * @param present What the key holds now, if anything.
 * @throws {S3Error} If the key does not hold what the request wants.
 */
export function checkWrite(
  headers: HeaderMap,
  present: Validators | undefined,
): void {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined && noneMatch !== "*") {
    throw notImplemented({ Header: "If-None-Match" });
  }
  if (noneMatch === "*" && present !== undefined) throw failed("If-None-Match");
  const match = headers["if-match"];
  if (match === undefined) return;
  if (present === undefined) throw new S3Error("NoSuchKey");
  if (!includes(match, present.etag)) throw failed("If-Match");
}

/** The error of a condition that does not hold. */
export function failed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { Condition: condition });
}

/** Whether a list of ETags, with or without quotes, names one. */
function includes(list: string, etag: string): boolean {
  return list.split(",").map((item) => item.trim())
    .some((item) => item === "*" || unquoted(item) === unquoted(etag));
}

/** An ETag without its quotes. */
export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, "$1");
}

function timeOf(value: string | undefined): Date | undefined {
  return value === undefined ? undefined : parseTimestamp(value);
}
