/**
 * Writes whose answer was lost: whether they were carried out is found by a look
 * at the object, never by a guess.
 *
 * @module
 */
import { streamOf } from "../../foundation/body_content.ts";
import { base64, hex } from "../../foundation/bytes.ts";
import {
  type ChecksumAlgorithm,
  checksumToVerify,
  compositeChecksum,
  md5,
  startChecksum,
} from "../../foundation/checksums.ts";
import {
  AwsError,
  ProtocolError,
  ServiceError,
  TransportError,
  withMessage,
} from "../../foundation/errors.ts";
import type { AttemptRecord } from "../../foundation/metadata.ts";
import type { CallOptions } from "../../ports/caller.ts";
import type { S3 } from "./generated/client.ts";
import type {
  HeadObjectInput,
  HeadObjectOutput,
  PutObjectInput,
  PutObjectOutput,
} from "./generated/types.ts";

import { refuseIgnored } from "./stores.ts";

/** What an object is like if the write was carried out. */
export interface ExpectedObject {
  /** Its length, in bytes. Absent: it is not known. */
  readonly length?: number | undefined;
  /** Its ETag, where it can be told. */
  etag(): Promise<string | undefined>;
  /** Its checksum, where it can be told. */
  checksum(algorithm: ChecksumAlgorithm): Promise<string | undefined>;
  /** The checksum of the checksums of its parts, where it has such and it can be told. */
  composite?(algorithm: ChecksumAlgorithm): Promise<string | undefined>;
}

/** Failures of attempts whose request cannot have been carried out. */
const UNSENT: ReadonlySet<string> = new Set([
  "denied",
  "dns",
  "refused",
  "timeout: connect",
  "timeout: queue",
]);

/** Refusals that look like failures of the server. */
const REFUSALS: ReadonlySet<string> = new Set([
  "NotImplemented",
  "ServiceUnavailable",
  "SlowDown",
]);

/**
 * Whether the failure of a write leaves open if it was carried out: the answer
 * to one of its attempts was lost, was that of a server that failed, or is not
 * one of S3.
 *
 * @param error What the write failed with.
 */
export function maybeWritten(error: unknown): error is AwsError {
  if (!(error instanceof AwsError)) return false;
  const attempts = error.ResponseMetadata?.Attempts ?? [];
  if (attempts.slice(0, -1).some(isLost)) return true;
  if (error instanceof TransportError) return error.maybeSent;
  if (error instanceof ProtocolError) return true;
  return error instanceof ServiceError && isFailure(error.status, error.code);
}

function isLost({ status, failure, recovery }: AttemptRecord): boolean {
  if (failure === undefined || recovery !== undefined) return false;
  if (status === undefined) return !UNSENT.has(failure);
  return status < 300 || isFailure(status, failure);
}

function isFailure(status: number, code: string): boolean {
  return status >= 500 && !REFUSALS.has(code);
}

/**
 * Looks whether an object is the one that was to be written. The checksum that
 * the service has of the whole decides, else the ETag; the length alone never.
 *
 * @param s3 The client.
 * @param input The object as it was to be written.
 * @param expected What it is like then.
 * @param options The options of the write.
 * @returns What the service tells of the object; `undefined` where it cannot be
 * told, or is another one.
 */
export async function findWritten(
  s3: S3,
  input: HeadObjectInput,
  expected: ExpectedObject,
  options?: CallOptions,
): Promise<HeadObjectOutput | undefined> {
  try {
    const head = await s3.headObject(
      { ...lookOf(input), ChecksumMode: "ENABLED" },
      options,
    );
    return await isExpected(head, expected) ? head : undefined;
  } catch (error) {
    options?.signal?.throwIfAborted();
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

async function isExpected(
  head: HeadObjectOutput,
  expected: ExpectedObject,
): Promise<boolean> {
  const { length } = expected;
  if (length !== undefined && head.ContentLength !== length) return false;
  const stored = checksumToVerify(head.ResponseMetadata.HTTPHeaders);
  if (stored !== undefined) {
    const value = await expected.checksum(stored.algorithm);
    if (value !== undefined) return value === stored.value;
  }
  const ofParts = compositeChecksum(head.ResponseMetadata.HTTPHeaders);
  if (ofParts !== undefined) {
    const value = await expected.composite?.(ofParts.algorithm);
    if (value !== undefined) return value === ofParts.value;
  }
  return head.ETag !== undefined && bareTag(head.ETag) !== "" &&
    bareTag(head.ETag) === await expected.etag();
}

/** An ETag without its quotes. */
export function bareTag(etag: string): string {
  return etag.replaceAll('"', "").toLowerCase();
}

/** What says which object is meant, and under which key it is encrypted. */
function lookOf(input: HeadObjectInput): HeadObjectInput {
  const {
    Bucket,
    Key,
    ExpectedBucketOwner,
    RequestPayer,
    SSECustomerAlgorithm,
    SSECustomerKey,
    SSECustomerKeyMD5,
  } = input;
  return {
    Bucket,
    Key,
    ...ExpectedBucketOwner !== undefined && { ExpectedBucketOwner },
    ...RequestPayer !== undefined && { RequestPayer },
    ...SSECustomerAlgorithm !== undefined && { SSECustomerAlgorithm },
    ...SSECustomerKey !== undefined && { SSECustomerKey },
    ...SSECustomerKeyMD5 !== undefined && { SSECustomerKeyMD5 },
  };
}

/** What a look tells of an object and its write would have told, too. */
const WRITTEN = [
  "BucketKeyEnabled",
  "ChecksumCRC32",
  "ChecksumCRC32C",
  "ChecksumCRC64NVME",
  "ChecksumMD5",
  "ChecksumSHA1",
  "ChecksumSHA256",
  "ChecksumSHA512",
  "ChecksumType",
  "ChecksumXXHASH128",
  "ChecksumXXHASH3",
  "ChecksumXXHASH64",
  "ETag",
  "Expiration",
  "RequestCharged",
  "ResponseMetadata",
  "SSECustomerAlgorithm",
  "SSECustomerKeyMD5",
  "SSEKMSKeyId",
  "ServerSideEncryption",
  "VersionId",
] as const satisfies readonly (
  & keyof HeadObjectOutput
  & keyof PutObjectOutput
)[];

/** The members of a look that the answer to the write would have had. */
export type WrittenObject = Pick<HeadObjectOutput, typeof WRITTEN[number]>;

/**
 * The answer to a write, as far as a look tells it.
 *
 * @param head What the look told.
 */
export function writtenOf(head: HeadObjectOutput): WrittenObject {
  const members = WRITTEN.flatMap((name) =>
    head[name] === undefined ? [] : [[name, head[name]]]
  );
  // The names are those of the type.
  return Object.fromEntries(members) as WrittenObject;
}

/**
 * Tells that it is not known whether a write was carried out.
 *
 * @param failure What it failed with; its message tells that from then on.
 * @param object The object.
 */
export function cannotTell(
  failure: AwsError,
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): AwsError {
  withMessage(
    failure,
    `${failure.message}; cannot tell whether "${Key}" of bucket "${Bucket}" was written: an answer was lost, and the object there is not known to be the one that was sent. Look at it before you write again`,
  );
  return failure;
}

/**
 * Puts an object. If that is bound to a condition and an answer is lost, a look
 * at the object tells whether it was put.
 *
 * @param s3 The client.
 * @param input The object.
 * @param options What differs for this call.
 * @throws {ConfigError} If the store is known to ignore the condition.
 */
export async function putAndLook(
  s3: S3,
  input: PutObjectInput,
  options?: CallOptions,
): Promise<PutObjectOutput> {
  await refuseIgnored(s3.core, "put", input);
  try {
    return await s3.putObject(input, options);
  } catch (error) {
    const conditional = input.IfMatch ?? input.IfNoneMatch;
    if (conditional === undefined || !maybeWritten(error)) throw error;
    const head = await findWritten(s3, input, expectedBody(s3, input), options);
    if (head === undefined) throw cannotTell(error, input);
    return writtenOf(head);
  }
}

/** What an object is like that has this body. A used-up stream tells nothing. */
function expectedBody(s3: S3, { Body }: PutObjectInput): ExpectedObject {
  const open = (): Promise<ReadableStream<Uint8Array> | undefined> =>
    openAgain(s3, Body);
  return {
    etag: async () => {
      const stream = await open();
      return stream && hex(await md5(await new Response(stream).bytes()));
    },
    checksum: async (algorithm) => {
      const stream = await open();
      if (stream === undefined) return undefined;
      const checksum = await startChecksum(algorithm);
      for await (const piece of stream) checksum.update(piece);
      return base64(checksum.digest());
    },
  };
}

/** Whether a body can be read once more. */
export function canOpenAgain(body: PutObjectInput["Body"]): boolean {
  if (body instanceof ReadableStream) return false;
  return typeof body !== "object" || !("replayable" in body) || body.replayable;
}

async function openAgain(
  { core }: S3,
  body: PutObjectInput["Body"],
): Promise<ReadableStream<Uint8Array> | undefined> {
  if (body === undefined) return new Blob().stream();
  if (body instanceof ReadableStream) return undefined;
  if (body instanceof URL) {
    const found = await core.files?.open(body);
    return found?.kind === "found" ? found.value.stream : undefined;
  }
  if (typeof body === "string" || body instanceof Blob) {
    return new Blob([body]).stream();
  }
  if (body instanceof Uint8Array) return streamOf([body]);
  return "open" in body && body.replayable ? body.open() : undefined;
}
