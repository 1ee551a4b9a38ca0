/**
 * Reads and writes under a condition, with the outcome as a typed error, and
 * changing an object that others may change, too.
 *
 * Source: "Add preconditions to S3 operations with conditional requests",
 * Amazon S3 User Guide.
 *
 * @module
 */
import { text } from "../../foundation/bytes.ts";
import {
  isConflict,
  maybeWritten,
  PreconditionError,
  type PreconditionKind,
  ProtocolError,
  ServiceError,
} from "../../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
} from "../../foundation/options.ts";
import type { CallOptions } from "../../ports/caller.ts";
import type { S3 } from "./generated/client.ts";
import type {
  GetObjectInput,
  GetObjectOutput,
  PutObjectInput,
  PutObjectOutput,
} from "./generated/types.ts";
import { objectAt } from "./s3_uri.ts";
import { refuseIgnored } from "./stores.ts";

/** What you may say about a write under a condition. */
export interface WriteOptions extends CallOptions {
  /**
   * Whether the object's metadata gets a token of the write (`inia-write`), by
   * which a lost answer is settled, whatever the content is and who else writes.
   * Default: `false`: the content is compared.
   */
  readonly writeToken?: boolean;
}

/** The options of a write under a condition. */
const WRITE_OPTIONS: OptionKinds<WriteOptions> = {
  ...CALL_OPTION_KINDS,
  writeToken: "boolean",
};

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
 * object tells whether it was written: the same content counts as that, so let
 * the content of a lock name its owner. With `writeToken: true` only the token
 * of this write counts.
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
  options?: WriteOptions,
): Promise<PutObjectOutput> {
  checkOptions("call createObject", options, WRITE_OPTIONS);
  return await createBy(putRepeated, s3, input, options);
}

/** Puts an object. */
type Put = (
  s3: S3,
  input: PutObjectInput,
  options?: WriteOptions,
) => Promise<PutObjectOutput>;

/**
 * Writes an object, unless there is one.
 *
 * @param put Puts it.
 * @param s3 The client.
 * @param input The object.
 * @param options What differs for this call.
 */
async function createBy(
  put: Put,
  s3: S3,
  input: CreateObjectInput,
  options?: WriteOptions,
): Promise<PutObjectOutput> {
  try {
    return await put(s3, { ...input, IfNoneMatch: "*" }, options);
  } catch (error) {
    if (isConflict(error) && !maybeWritten(error)) {
      throw refused("exists", error, `Cannot create ${nameOf(input)}: ${BUSY}`);
    }
    if (!isStatus(error, 412) || maybeWritten(error)) throw error;
    throw refused("exists", error, `Cannot create ${nameOf(input)}: it exists`);
  }
}

/**
 * Writes an object in place of one that is still as the caller knows it. If an
 * answer is lost, a look at the object tells whether it was written: the same
 * content counts as that, with `writeToken: true` only the token of this write.
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
  options?: WriteOptions,
): Promise<PutObjectOutput> {
  checkOptions("call replaceObject", options, WRITE_OPTIONS);
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
async function replaceBy(
  put: Put,
  s3: S3,
  input: ReplaceObjectInput,
  options?: WriteOptions,
): Promise<PutObjectOutput> {
  try {
    return await put(s3, input, options);
  } catch (error) {
    if (isConflict(error) && !maybeWritten(error)) {
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

/**
 * Repeats a write that another one at the same moment has stopped. One with a
 * token does that by itself.
 */
async function putRepeated(
  s3: S3,
  input: PutObjectInput,
  options?: WriteOptions,
): Promise<PutObjectOutput> {
  await refuseIgnored(s3.core, "put", input);
  const { canOpenAgain, putAndLook } = await import("./lost_answer.ts");
  if (options?.writeToken) return await putAndLook(s3, input, options);
  for (let attempt = 1; true; attempt++) {
    try {
      return await putAndLook(s3, input, options);
    } catch (error) {
      const hopeless = attempt >= ATTEMPTS || !canOpenAgain(input.Body) ||
        maybeWritten(error);
      if (!isConflict(error) || hopeless) throw error;
    }
    await s3.core.clock.sleep(
      FIRST_WAIT_MS * 2 ** (attempt - 1),
      options?.signal,
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

/** An object as an edit finds it. */
export interface FoundObject
  extends Omit<GetObjectOutput, "Body" | typeof Symbol.asyncDispose> {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its bytes, read as UTF-8. */
  readonly text: string;
}

/**
 * Makes the new content of an object.
 *
 * @param old The object as it is; `null` where there is none.
 * @returns The new content, or `undefined` to leave everything as it is. May be
 * asked again, where someone else was faster.
 */
export type ObjectEdit = (
  old: FoundObject | null,
) => EditedContent | Promise<EditedContent>;

/** What an {@linkcode ObjectEdit} may return. */
export type EditedContent = Blob | string | Uint8Array | undefined;

/** Options of an edit. */
export interface EditOptions extends WriteOptions {
  /** How often to begin anew at most, at least 1. Default: 10. */
  readonly maxAttempts?: number;
  /** What the new object gets beside the content, for example `ContentType`. */
  readonly put?: Omit<
    PutObjectInput,
    "Body" | "Bucket" | "IfMatch" | "IfNoneMatch" | "Key"
  >;
}

const OPTIONS: OptionKinds<EditOptions> = {
  ...WRITE_OPTIONS,
  maxAttempts: "number",
  put: "object",
};

/** What a write keeps of the object before it. */
const KEPT = [
  "BucketKeyEnabled",
  "CacheControl",
  "ContentDisposition",
  "ContentEncoding",
  "ContentLanguage",
  "ContentType",
  "Expires",
  "Metadata",
  "SSEKMSKeyId",
  "ServerSideEncryption",
  "StorageClass",
  "WebsiteRedirectLocation",
] as const satisfies readonly (keyof GetObjectOutput & keyof PutObjectInput)[];

/** Members that say how to read, and also how to write. */
const SHARED = [
  "ExpectedBucketOwner",
  "RequestPayer",
  "SSECustomerAlgorithm",
  "SSECustomerKey",
  "SSECustomerKeyMD5",
] as const satisfies readonly (keyof GetObjectInput & keyof PutObjectInput)[];

/**
 * Reads an object, makes the new one of it, and writes that only if the object
 * is still the one that was read; else begins anew. An edit this way loses
 * nobody's change, in stores with conditional writes.
 *
 * Headers, metadata, tags, storage class and encryption are kept unless
 * `options.put` says otherwise; ACLs and object locks are not.
 *
 * With `writeToken: true`, an edit whose answer was lost is found in what was
 * written since, so that none is applied twice where all edit this way.
 *
 * @param s3 The client.
 * @param input The object, or its address, `s3://bucket/key`.
 * @param edit Makes the new content.
 * @param options What differs from the defaults.
 * @returns The answer to the write; `undefined` where nothing was written.
 * @throws {ValidationError} If an address is none of an object.
 * @throws {PreconditionError} If someone else was faster, every time.
 * @throws {AwsError} If an answer was lost and a look at the object cannot tell
 * whether it was written.
 *
 * @example A counter
 * ```ts ignore
 * await editObject(
 *   s3,
 *   { Bucket: "photos", Key: "visits.txt" },
 *   (old) => String(Number(old?.text ?? 0) + 1),
 * );
 * ```
 */
export async function editObject(
  s3: S3,
  input: GetObjectInput | string,
  edit: ObjectEdit,
  options: EditOptions = {},
): Promise<PutObjectOutput | undefined> {
  checkOptions("call editObject", options, OPTIONS);
  const object: GetObjectInput = objectAt("editObject", input);
  const { maxAttempts = 10, put, writeToken, ...callOptions } = options;
  for (let attempt = 1; true; attempt++) {
    const old = await find(s3, object, callOptions);
    const content = await edit(old);
    if (content === undefined) return undefined;
    try {
      const next = {
        ...membersOf(object, SHARED),
        ...old && await keptOf(s3, object, old, callOptions),
        ...put,
        Bucket: object.Bucket,
        Key: object.Key,
        Body: content,
      };
      return await write(s3, next, old, {
        ...callOptions,
        ...writeToken && { writeToken },
      });
    } catch (error) {
      // No wait: whenever one editor begins anew, another one has got through.
      const lostRace = error instanceof PreconditionError;
      if (!lostRace || attempt >= maxAttempts) throw error;
    }
  }
}

async function find(
  s3: S3,
  input: GetObjectInput,
  options: CallOptions,
): Promise<FoundObject | null> {
  try {
    const { Body, ...rest } = await s3.getObject(input, options);
    const bytes = await Body.bytes();
    return { ...rest, bytes, text: text(bytes) };
  } catch (error) {
    if (error instanceof ServiceError && error.code === "NoSuchKey") {
      return null;
    }
    throw error;
  }
}

async function keptOf(
  s3: S3,
  { Bucket, Key }: GetObjectInput,
  old: FoundObject,
  options: CallOptions,
): Promise<Partial<PutObjectInput>> {
  const kept = membersOf(old, KEPT);
  if (!old.TagCount) return kept;
  const { TagSet } = await s3.getObjectTagging({ Bucket, Key }, options);
  const tags = new URLSearchParams(
    TagSet.map((tag): [string, string] => [tag.Key, tag.Value]),
  );
  return { ...kept, Tagging: tags.toString() };
}

async function write(
  s3: S3,
  input: PutObjectInput,
  old: FoundObject | null,
  options: WriteOptions,
): Promise<PutObjectOutput> {
  const { putAndLook, withTokensOf } = await import("./lost_answer.ts");
  const put: Put = async (s3, input, options) => {
    await refuseIgnored(s3.core, "put", input);
    return await putAndLook(s3, input, options);
  };
  if (old === null) return await createBy(put, s3, input, options);
  if (!old.ETag) {
    throw new ProtocolError(
      `Cannot edit "${input.Key}" in bucket "${input.Bucket}": the store gives it no ETag, so it cannot tell whether it changes`,
    );
  }
  const next = {
    ...input,
    IfMatch: old.ETag,
    // Who wrote the object before can still tell that from this one.
    ...options.writeToken &&
      { Metadata: withTokensOf(input.Metadata, old.Metadata) },
  };
  return await replaceBy(put, s3, next, options);
}

function membersOf<T extends object, Name extends keyof T>(
  value: T,
  names: readonly Name[],
): Partial<Pick<T, Name>> {
  const members: Partial<Pick<T, Name>> = {};
  for (const name of names) {
    if (value[name] !== undefined) members[name] = value[name];
  }
  return members;
}
