/**
 * Changing an object that others may change, too.
 *
 * @module
 */
import { text } from "../../foundation/bytes.ts";
import {
  PreconditionError,
  ProtocolError,
  ServiceError,
} from "../../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
} from "../../foundation/options.ts";
import type { CallOptions } from "../../ports/caller.ts";
import { createBy, replaceBy } from "./conditional.ts";
import { putAndLook } from "./lost_answer.ts";
import type { S3 } from "./generated/client.ts";
import type {
  GetObjectInput,
  GetObjectOutput,
  PutObjectInput,
  PutObjectOutput,
} from "./generated/types.ts";

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

/** What may be said about an edit. */
export interface EditOptions extends CallOptions {
  /** How often to begin anew at most, at least 1. Default: 10. */
  readonly maxAttempts?: number;
  /** What the new object gets beside the content, for example `ContentType`. */
  readonly put?: Omit<
    PutObjectInput,
    "Body" | "Bucket" | "IfMatch" | "IfNoneMatch" | "Key"
  >;
}

const OPTIONS: OptionKinds<EditOptions> = {
  ...CALL_OPTION_KINDS,
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
 * is still the one that was read; else begins anew. Whoever edits this way loses
 * nobody's change, in stores with conditional writes.
 *
 * Headers, metadata, tags, storage class and encryption are kept unless
 * `options.put` says otherwise; ACLs and object locks are not.
 *
 * @param s3 The client.
 * @param input The object.
 * @param edit Makes the new content.
 * @param options What differs from the defaults.
 * @returns The answer to the write; `undefined` where nothing was written.
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
  input: GetObjectInput,
  edit: ObjectEdit,
  options: EditOptions = {},
): Promise<PutObjectOutput | undefined> {
  checkOptions("call editObject", options, OPTIONS);
  const { maxAttempts = 10, put, ...callOptions } = options;
  for (let attempt = 1; true; attempt++) {
    const old = await find(s3, input, callOptions);
    const content = await edit(old);
    if (content === undefined) return undefined;
    try {
      const next = {
        ...membersOf(input, SHARED),
        ...old && await keptOf(s3, input, old, callOptions),
        ...put,
        Bucket: input.Bucket,
        Key: input.Key,
        Body: content,
      };
      return await write(s3, next, old, callOptions);
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
  options: CallOptions,
): Promise<PutObjectOutput> {
  if (old === null) return await createBy(putAndLook, s3, input, options);
  if (old.ETag === undefined) {
    throw new ProtocolError(
      `Cannot edit "${input.Key}" in bucket "${input.Bucket}": the store gives it no ETag, so it cannot tell whether it changes`,
    );
  }
  const next = { ...input, IfMatch: old.ETag };
  return await replaceBy(putAndLook, s3, next, options);
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
