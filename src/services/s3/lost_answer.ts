/**
 * Writes, and deletes under a condition, whose answer was lost: whether they were
 * carried out is found by a look at the object, never by a guess.
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
  isConflict,
  maybeWritten,
  PreconditionError,
  ServiceError,
  withMessage,
} from "../../foundation/errors.ts";
import type { Caller, CallOptions, ClientCore } from "../../ports/caller.ts";
import type { WriteOptions } from "./conditional.ts";
import type { S3 } from "./generated/client.ts";
import { DeleteObject, HeadObject } from "./generated/operations.ts";
import type {
  DeleteObjectInput,
  DeleteObjectOutput,
  HeadObjectInput,
  HeadObjectOutput,
  PutObjectInput,
  PutObjectOutput,
} from "./generated/types.ts";

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
  return !!head.ETag && bareTag(head.ETag) !== "" &&
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
    VersionId,
    ExpectedBucketOwner,
    RequestPayer,
    SSECustomerAlgorithm,
    SSECustomerKey,
    SSECustomerKeyMD5,
  } = input;
  return {
    Bucket,
    Key,
    ...VersionId !== undefined && { VersionId },
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
 * Puts an object. If that is bound to a condition, or has a token, and an answer
 * is lost, a look at the object tells whether it was put.
 *
 * @param s3 The client.
 * @param input The object, under no condition that the store is known to ignore.
 * @param given What differs for this call.
 */
export async function putAndLook(
  s3: S3,
  input: PutObjectInput,
  given?: WriteOptions,
): Promise<PutObjectOutput> {
  const { writeToken = false, ...rest } = given ?? {};
  const options = given && rest;
  if (writeToken) {
    const token = new WriteToken(s3.core, input.Metadata);
    const object = { ...input, Metadata: token.metadata };
    return await writeWithToken(s3, { object, token, options }, {
      send: () => s3.putObject(object, options),
      read: writtenOf,
      repeatable: canOpenAgain(input.Body),
    });
  }
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

/** Name of the entry of metadata that holds the tokens, the newest first. */
const ENTRY = "inia-write";

/** Tokens that are kept, so that what is edited tells of the edits before. */
const KEPT_TOKENS = 8;

/**
 * Where the token of a write stands in an object; `"unknown"` where so many
 * writes came after it that it may have fallen off.
 */
type TokenAge = "absent" | "newest" | "older" | "unknown";

/** The token of one write, in the metadata of what it writes. */
export class WriteToken {
  /** The metadata, the token in it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #token: string;
  readonly #before: readonly string[];

  /**
   * Makes a token that no other write has.
   *
   * @param core What the client is built on.
   * @param metadata The metadata of the object; tokens in it are those of the
   * writes that led to this one.
   */
  constructor(
    { uuid = () => crypto.randomUUID() }: ClientCore,
    metadata: PutObjectInput["Metadata"] = {},
  ) {
    this.#token = uuid().replaceAll("-", "");
    this.#before = tokensOf(metadata).slice(0, KEPT_TOKENS - 1);
    const others = Object.entries(metadata)
      .filter(([name]) => name.toLowerCase() !== ENTRY);
    this.metadata = {
      ...Object.fromEntries(others),
      [ENTRY]: [this.#token, ...this.#before].join(" "),
    };
  }

  /**
   * Tells whether an object has it.
   *
   * @param metadata The metadata of the object.
   */
  ageIn(metadata: HeadObjectOutput["Metadata"] = {}): TokenAge {
    const found = tokensOf(metadata);
    if (found[0] === this.#token) return "newest";
    if (found.includes(this.#token)) return "older";
    return found.length < KEPT_TOKENS ||
        found.some((token) => this.#before.includes(token))
      ? "absent"
      : "unknown";
  }
}

/**
 * The tokens in the metadata of an object.
 *
 * @param metadata The metadata.
 */
function tokensOf(metadata: Readonly<Record<string, string>>): string[] {
  const entry = Object.entries(metadata)
    .find(([name]) => name.toLowerCase() === ENTRY);
  return entry?.[1].split(" ").filter((token) => token !== "") ?? [];
}

/**
 * Metadata that goes on with the tokens of the object that it replaces.
 *
 * @param metadata The new metadata.
 * @param old That of the object.
 */
export function withTokensOf(
  metadata: PutObjectInput["Metadata"],
  old: HeadObjectOutput["Metadata"] = {},
): Readonly<Record<string, string>> {
  const tokens = tokensOf(old);
  return {
    ...metadata,
    ...tokens.length > 0 && { [ENTRY]: tokens.join(" ") },
  };
}

/** Times that a write with a token is tried. */
const ATTEMPTS = 5;

/** Wait before the first repetition, in milliseconds; it doubles each time. */
const FIRST_WAIT_MS = 50;

/** What is written with a token. */
interface TokenWrite {
  /** The object, its conditions among the members. */
  readonly object:
    & HeadObjectInput
    & Pick<PutObjectInput, "IfMatch" | "IfNoneMatch">;
  /** The token of the write. */
  readonly token: WriteToken;
  /** The options of its calls. */
  readonly options: CallOptions | undefined;
}

/** How something is written. */
interface TokenWriter<Output> {
  /** Writes. */
  send(): Promise<Output>;
  /** The answer to the write, as far as a look tells it. */
  read(head: WrittenObject): Output;
  /** Whether {@linkcode send} can be called again. */
  readonly repeatable: boolean;
}

/**
 * Writes, and after a lost answer looks for the token: where it is, that was
 * done; where the object is as it was before, it is written again, which its
 * condition makes safe.
 *
 * @param s3 The client.
 * @param write What is written.
 * @param writer How.
 * @throws {PreconditionError} If an answer was lost and someone else's object is
 * there.
 * @throws {AwsError} What the write failed with; "cannot tell" where an answer
 * was lost and the look shows neither.
 */
export async function writeWithToken<Output>(
  s3: S3,
  { object, token, options }: TokenWrite,
  { send, read, repeatable }: TokenWriter<Output>,
): Promise<Output> {
  let lost: AwsError | undefined;
  for (let attempt = 1; true; attempt++) {
    try {
      return await send();
    } catch (error) {
      const open = maybeWritten(error);
      if (open) lost ??= error;
      else if (lost === undefined && !isConflict(error)) throw error;
      if (lost !== undefined) {
        const written = await findToken(s3, { object, token, options }, lost);
        if (written !== undefined) return read(written);
      }
      const hopeless = attempt >= ATTEMPTS || !repeatable ||
        !open && !isConflict(error);
      if (hopeless) throw lost === undefined ? error : untouched(lost, object);
    }
    await s3.core.clock.sleep(
      FIRST_WAIT_MS * 2 ** (attempt - 1),
      options?.signal,
    );
  }
}

/**
 * Looks for the token of a write.
 *
 * @param s3 The client.
 * @param write The write.
 * @param lost What it failed with when its answer was lost.
 * @returns What was written; `undefined` where the object is as it was before.
 */
async function findToken(
  s3: S3,
  { object, token, options }: TokenWrite,
  lost: AwsError,
): Promise<WrittenObject | undefined> {
  const { IfMatch, IfNoneMatch } = object;
  let head: HeadObjectOutput;
  try {
    head = await s3.headObject(
      { ...lookOf(object), ChecksumMode: "ENABLED" },
      options,
    );
  } catch (error) {
    options?.signal?.throwIfAborted();
    if (!(error instanceof AwsError)) throw error;
    if (!isMissing(error)) throw cannotTell(lost, object);
    if (IfMatch === undefined) return undefined;
    throw notOwn(lost, object);
  }
  const age = token.ageIn(head.Metadata);
  if (age === "newest") return writtenOf(head);
  // All else that is told of the object, its tag too, is of a later write.
  if (age === "older") {
    return { ETag: "", ResponseMetadata: head.ResponseMetadata };
  }
  if (IfMatch !== undefined && isTag(head.ETag, IfMatch)) return undefined;
  const conditional = (IfMatch ?? IfNoneMatch) !== undefined;
  throw age === "absent" && conditional
    ? notOwn(lost, object)
    : cannotTell(lost, object);
}

function isMissing(error: AwsError): error is ServiceError {
  return error instanceof ServiceError && error.status === 404;
}

function isTag(etag: string | undefined, wanted: string): boolean {
  return etag !== undefined && bareTag(etag) !== "" &&
    bareTag(etag) === bareTag(wanted);
}

function notOwn(
  cause: AwsError,
  { Bucket, Key, IfMatch }: TokenWrite["object"],
): PreconditionError {
  return new PreconditionError(
    IfMatch === undefined ? "exists" : "changed",
    `Cannot write "${Key}" in bucket "${Bucket}": ${
      IfMatch === undefined ? "it exists" : `its ETag is not ${IfMatch} now`
    }. An answer was lost, and the object there does not have the token of this write`,
    { cause },
  );
}

function untouched(
  failure: AwsError,
  { Bucket, Key }: TokenWrite["object"],
): AwsError {
  withMessage(
    failure,
    `${failure.message}; a look at "${Key}" of bucket "${Bucket}" found it as it was before, so it is safe to write again`,
  );
  return failure;
}

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

/** Whether an object meets the conditions. `"*"` does not tell one from another. */
function isSame(
  { ETag, ContentLength, LastModified }: HeadObjectOutput,
  { IfMatch, IfMatchLastModifiedTime, IfMatchSize }: DeleteObjectInput,
): boolean | undefined {
  if (IfMatch === "*") return undefined;
  const sameTag = IfMatch === undefined ||
    (ETag !== undefined && bareTag(ETag) === bareTag(IfMatch));
  return sameTag &&
    (IfMatchSize === undefined || ContentLength === IfMatchSize) &&
    (IfMatchLastModifiedTime === undefined ||
      secondOf(LastModified) === secondOf(IfMatchLastModifiedTime));
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
