/**
 * Moves of objects: a copy, and a delete of what was copied.
 *
 * @module
 */
import {
  AwsError,
  ConfigError,
  PreconditionError,
  ServiceError,
  ValidationError,
  withMessage,
} from "../foundation/errors.ts";
import type {
  CopySourceObject,
  DeleteObjectInput,
  DeleteObjectOutput,
  S3,
} from "../services/s3/mod.ts";
import { factsOf } from "../services/s3/stores.ts";
import {
  copyArguments,
  type CopyInput,
  type CopyOptions,
  type CopyResult,
  copySeen,
  type CopySource,
  inspectSource,
  sourceObject,
} from "./copy.ts";
import { isStillSame, mayBeAnnotated, nameOf } from "./remote_object.ts";
import { callOptions } from "./options.ts";

/** The result of a move. */
export interface MoveResult {
  /** The answer to the copy. */
  readonly copied: CopyResult;
  /** The answer to the delete of the source. */
  readonly deleted: DeleteObjectOutput;
}

/**
 * Moves an object: copies it as `copy` does, and deletes the source once the copy
 * is there. S3 has no other way.
 *
 * Only what was copied is deleted: under its ETag, or its version where
 * `CopySource` names one. A source that is replaced meanwhile stays. Of a bucket
 * with versions the old ones stay, too, behind a delete marker. A move to itself
 * is refused. With a failure of the copy the source is untouched.
 *
 * @example Usage
 * ```ts ignore
 * import { move } from "@inia/aws/transfer";
 *
 * await move(s3, "s3://photos/cat.jpg", "s3://archive/2026/cat.jpg");
 * ```
 *
 * @param s3 The client.
 * @param input The source and the target, as for `copy`.
 * @param options What differs from the defaults. `source`, the client of another
 * account, also deletes.
 * @throws {ValidationError} If source and target are the same object.
 * @throws {ObjectChangedError} If the source was replaced or removed before it
 * was copied.
 * @throws {PreconditionError} `"changed"`, if that happened after it.
 * @throws {ConfigError} `"IncompleteCopy"`, if tags or annotations of the source
 * may not be read.
 */
export function move(
  s3: S3,
  input: CopyInput,
  options?: CopyOptions,
): Promise<MoveResult>;
/**
 * Moves an object from an address to another.
 *
 * @param s3 The client.
 * @param from The address of the source, `s3://bucket/key`.
 * @param to The address of the target.
 * @param options What differs from the defaults.
 * @throws {ValidationError} If an address is none of an object, or both are the
 * same.
 */
export function move(
  s3: S3,
  from: string,
  to: string,
  options?: CopyOptions,
): Promise<MoveResult>;
export async function move(
  s3: S3,
  first: CopyInput | string,
  ...rest: readonly unknown[]
): Promise<MoveResult> {
  const [input, options] = copyArguments("move", first, rest);
  const reader = options.source ?? s3;
  const from = sourceObject(input.CopySource);
  await refuseSame(s3, reader, from, input, options);
  const { result, source } = await copySeen("move", s3, input, options);
  if (result.kind === "multipart" && result.lost) {
    throw incomplete(from, input, result.lost);
  }
  const deleted = await deleteCopied({ reader, source, from, input, options });
  return { copied: result, deleted };
}

/** Names of other forms, which may stand for a bucket of another name. */
const ALIAS = /^arn:|-s3alias$|--ol-s3$|:/;

/** A copy onto itself would be the source, and then be deleted. */
async function refuseSame(
  s3: S3,
  reader: S3,
  from: CopySourceObject,
  input: CopyInput,
  { signal }: CopyOptions,
): Promise<void> {
  const { Bucket, Key } = input;
  if (from.Key !== Key) return;
  if (from.Bucket !== Bucket) {
    if (!ALIAS.test(from.Bucket) && !ALIAS.test(Bucket)) return;
    // The same object shows itself as the same under both names.
    const source = await inspectSource(reader, input, signal);
    const target = await found(
      inspectSource(s3, { ...input, CopySource: { Bucket, Key } }, signal),
    );
    if (target === undefined || !isOne(source, target)) return;
  }
  throw new ValidationError("move", [{
    path: "CopySource",
    problem:
      "is the target itself, which would be deleted: give another bucket or key",
  }]);
}

async function found(
  look: Promise<CopySource>,
): Promise<CopySource | undefined> {
  try {
    return await look;
  } catch (error) {
    const isOther = error instanceof ServiceError &&
      [404, 412].includes(error.status);
    if (isOther) return undefined;
    throw error;
  }
}

function isOne(one: CopySource, other: CopySource): boolean {
  return one.size === other.size && one.head.ETag === other.head.ETag &&
    one.head.VersionId === other.head.VersionId &&
    one.head.LastModified?.getTime() === other.head.LastModified?.getTime();
}

/** A source that was copied. */
interface CopiedSource {
  readonly reader: S3;
  readonly source: CopySource;
  readonly from: CopySourceObject;
  readonly input: CopyInput;
  readonly options: CopyOptions;
}

async function deleteCopied(copied: CopiedSource): Promise<DeleteObjectOutput> {
  const { from, input, options: { signal } } = copied;
  try {
    return await deleteBound(copied, {
      ...from,
      ...input.ExpectedSourceBucketOwner &&
        { ExpectedBucketOwner: input.ExpectedSourceBucketOwner },
      ...input.RequestPayer && { RequestPayer: input.RequestPayer },
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof AwsError)) throw error;
    if (error instanceof PreconditionError) throw changed(from, input, error);
    withMessage(
      error,
      `${error.message}; the copy of ${nameOf(from)} is there as ${
        nameOf(input)
      }, and the source is not known to be deleted`,
    );
    throw error;
  }
}

/**
 * Deletes the object, unless another one is there by now. A version never
 * changes; all else is bound to the ETag, and looked at before where the store is
 * not known to keep that condition.
 *
 * @throws {PreconditionError} If another one is there, or none.
 */
async function deleteBound(
  { reader, source, from, input, options: { signal } }: CopiedSource,
  object: DeleteObjectInput,
): Promise<DeleteObjectOutput> {
  const options = callOptions({ signal });
  if (object.VersionId !== undefined) {
    return await reader.deleteObject(object, options);
  }
  const { ETag } = source.head;
  const condition = ETag && !ETag.startsWith("W/") ? { IfMatch: ETag } : {};
  const isBound = "IfMatch" in condition && await keepsCondition(reader);
  if (!isBound && !await isStillSame(reader, source, signal)) {
    throw changed(from, input);
  }
  try {
    return await reader.deleteObject({ ...object, ...condition }, options);
  } catch (error) {
    const isRefused = error instanceof ServiceError &&
      (error.status === 412 || error.code === "NoSuchKey");
    if (!isRefused) throw error;
    // Some stores cannot match the ETag that they give.
    if (await isStillSame(reader, source, signal)) {
      return await reader.deleteObject(object, options);
    }
    throw changed(from, input, error);
  }
}

async function keepsCondition(s3: S3): Promise<boolean> {
  const facts = await factsOf(s3.core);
  return facts === undefined
    ? await mayBeAnnotated(s3)
    : facts.delete?.ifMatch === "kept";
}

function changed(
  from: CopySourceObject,
  target: CopyInput,
  cause?: AwsError,
): PreconditionError {
  return new PreconditionError(
    "changed",
    `Cannot delete ${
      nameOf(from)
    }: it was replaced or removed after it was copied to ${
      nameOf(target)
    }, and what is there now is kept`,
    { cause },
  );
}

function incomplete(
  from: CopySourceObject,
  target: CopyInput,
  lost: readonly string[],
): ConfigError {
  const remedy = lost.includes("tags")
    ? "Allow s3:GetObjectTagging, or give Tagging"
    : "Allow to read them";
  return new ConfigError(
    "IncompleteCopy",
    `Cannot move ${nameOf(from)}: its ${
      lost.join(" and ")
    } may not be read, so that ${
      nameOf(target)
    } lacks them and the source is kept. ${remedy}`,
  );
}
