/**
 * Deletes of many objects, and of all that a bucket holds.
 *
 * @module
 */
import {
  PreconditionError,
  ServiceError,
  ValidationError,
} from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  refuseUndefined,
} from "../foundation/options.ts";
import type {
  DeletedObject,
  DeleteFailure,
  DeleteObjectsInput,
  ObjectIdentifier,
  S3,
} from "../services/s3/mod.ts";
import { factsOf } from "../services/s3/stores.ts";
import { callOptions, eachAtMost } from "./options.ts";
import { abortUnfinishedUploads } from "./multipart.ts";

/** What may be said about a delete of many objects. */
export interface DeleteManyOptions
  extends Omit<DeleteObjectsInput, "Bucket" | "Delete"> {
  /** Ends the deletes early; those that were asked for by then are done. */
  readonly signal?: AbortSignal;
  /**
   * Whether many objects go in one request, by DeleteObjects; else each in one of
   * its own, ten at a time. Default: `true`; `false` where the client says that
   * its store has no DeleteObjects.
   */
  readonly bulkDelete?: boolean;
}

const DELETE_OPTIONS: OptionKinds<DeleteManyOptions> = {
  MFA: "text",
  RequestPayer: "text",
  BypassGovernanceRetention: "boolean",
  ExpectedBucketOwner: "text",
  ChecksumAlgorithm: "text",
  signal: "signal",
  bulkDelete: "boolean",
};

/** What became of one object. */
export type DeleteResult =
  | (DeletedObject & { readonly kind: "deleted"; readonly Key: string })
  | (DeleteFailure & { readonly kind: "failed"; readonly Key: string });

/** Objects of one request: API reference of DeleteObjects. */
const BATCH = 1_000;

/** Deletes of single objects that are on their way at once. */
const CONCURRENCY = 10;

/**
 * Deletes objects, 1 000 per request. One that is not there counts as deleted.
 * Keys that a document of XML cannot hold are deleted one by one.
 *
 * @example Usage
 * ```ts ignore
 * import { deleteMany } from "@inia/aws/transfer";
 *
 * const results = await deleteMany(s3, "photos", ["cat.txt", "dog.txt"]);
 * const failed = results.filter(({ kind }) => kind === "failed");
 * ```
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param keys The objects: keys, or objects that also name a version.
 * @param options What each request says beside them.
 * @returns What became of each, in the order given. A failure of one object is
 * no error of the whole.
 */
export async function deleteMany(
  s3: S3,
  bucket: string,
  keys:
    | AsyncIterable<ObjectIdentifier | string>
    | Iterable<ObjectIdentifier | string>,
  options: DeleteManyOptions = {},
): Promise<DeleteResult[]> {
  checkOptions("call deleteMany", options, DELETE_OPTIONS);
  // The letters of a key would be the keys.
  if (typeof keys === "string") {
    throw new ValidationError("deleteMany", [{
      path: "keys",
      problem: "must be a list of keys, as in [key]: it is one text",
    }]);
  }
  if (
    !(Symbol.iterator in Object(keys) || Symbol.asyncIterator in Object(keys))
  ) {
    throw new ValidationError("deleteMany", [{
      path: "keys",
      problem: `must be a list of keys, as in [key]: it is ${
        keys === undefined ? "missing" : `a value of type ${typeof keys}`
      }`,
    }]);
  }
  const { bulkDelete, ...request } = options;
  const inBulk = bulkDelete ??
    (await factsOf(s3.core))?.deleteObjects !== "none";
  const results: DeleteResult[] = [];
  let batch: ObjectIdentifier[] = [];
  const flush = async (): Promise<void> => {
    results.push(...await deleteBatch(s3, bucket, batch, request, inBulk));
    batch = [];
  };
  for await (const key of keys) {
    options.signal?.throwIfAborted();
    batch.push(typeof key === "string" ? { Key: key } : key);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return results;
}

/** What each request says. */
type DeleteRequest = Omit<DeleteManyOptions, "bulkDelete">;

/** Deletes the objects of one batch, in bulk as far as that goes. */
async function deleteBatch(
  s3: S3,
  bucket: string,
  objects: readonly ObjectIdentifier[],
  request: DeleteRequest,
  inBulk: boolean,
): Promise<DeleteResult[]> {
  const isSingle = ({ Key }: ObjectIdentifier): boolean =>
    !inBulk || !fitsXml(Key);
  const results = new Map<ObjectIdentifier, DeleteResult>();
  const together = objects.filter((object) => !isSingle(object));
  if (together.length > 0) {
    const deleted = await deleteTogether(s3, bucket, together, request);
    together.forEach((object, index) => {
      results.set(object, deleted[index] ?? unknown(object));
    });
  }
  await eachAtMost<ObjectIdentifier>(
    () => objects.filter(isSingle),
    async (object, signal) => {
      const single = { ...request, signal };
      results.set(object, await deleteOne(s3, bucket, object, single));
    },
    { concurrency: CONCURRENCY, signal: request.signal },
  );
  return objects.map((object) => results.get(object) ?? unknown(object));
}

/**
 * Whether the document of DeleteObjects can hold a key: XML 1.0 has no control
 * characters but tab and line ends, which some stores lose, and leaves out two
 * more code points.
 */
function fitsXml(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit < 0x20 || unit >= 0xFFFE) return false;
  }
  return true;
}

/** Deletes one object; what S3 refuses of it is no error of the whole. */
async function deleteOne(
  s3: S3,
  bucket: string,
  { Key, VersionId, ETag, LastModifiedTime, Size }: ObjectIdentifier,
  { signal, ChecksumAlgorithm: _none, ...members }: DeleteRequest,
): Promise<DeleteResult> {
  const named = { Key, ...VersionId === undefined ? {} : { VersionId } };
  try {
    const { DeleteMarker, VersionId: version } = await s3.deleteObject({
      ...members,
      ...named,
      Bucket: bucket,
      ...ETag !== undefined && { IfMatch: ETag },
      ...LastModifiedTime !== undefined &&
        { IfMatchLastModifiedTime: LastModifiedTime },
      ...Size !== undefined && { IfMatchSize: Size },
    }, callOptions({ signal }));
    return {
      kind: "deleted",
      ...named,
      ...DeleteMarker === undefined ? {} : { DeleteMarker },
      ...DeleteMarker && version ? { DeleteMarkerVersionId: version } : {},
    };
  } catch (error) {
    if (error instanceof PreconditionError) {
      const { message: Message } = error;
      return { kind: "failed", ...named, Code: "PreconditionFailed", Message };
    }
    if (!(error instanceof ServiceError) || error.code === "NoSuchBucket") {
      throw error;
    }
    if (error.code === "NoSuchKey") return { kind: "deleted", ...named };
    return {
      kind: "failed",
      ...named,
      Code: error.code,
      Message: error.reason,
    };
  }
}

async function deleteTogether(
  s3: S3,
  bucket: string,
  objects: readonly ObjectIdentifier[],
  { signal, ...members }: DeleteRequest,
): Promise<DeleteResult[]> {
  const { Deleted = [], Errors = [] } = await s3.deleteObjects({
    ...members,
    Bucket: bucket,
    Delete: { Objects: objects },
  }, callOptions({ signal }));
  const results = new Map<string, DeleteResult>();
  for (const deleted of Deleted) {
    const { Key = "" } = deleted;
    results.set(nameOf(deleted), { kind: "deleted", ...deleted, Key });
  }
  for (const failure of Errors) {
    const { Key = "" } = failure;
    results.set(nameOf(failure), { kind: "failed", ...failure, Key });
  }
  return objects.map((object) =>
    results.get(nameOf(object)) ??
      // Some stores do not repeat the version.
      results.get(nameOf({ Key: object.Key })) ??
      unknown(object)
  );
}

function nameOf(
  { Key, VersionId }: { readonly Key?: string; readonly VersionId?: string },
): string {
  return JSON.stringify([Key, VersionId]);
}

/** An object that the answer is silent about; some stores leave them out. */
function unknown({ Key, VersionId }: ObjectIdentifier): DeleteResult {
  return {
    kind: "failed",
    Key,
    ...VersionId === undefined ? {} : { VersionId },
    Code: "NoResult",
    Message: "The service does not say what became of it",
  };
}

/** What may be said about making a bucket empty. */
export interface EmptyBucketOptions {
  /** Only objects whose keys begin with it. Default: all. */
  readonly prefix?: string;
  /** Whether to count only, and to change nothing. Default: `false`. */
  readonly dryRun?: boolean;
  /** Account that the bucket must belong to, 12 digits. Default: any. */
  readonly expectedBucketOwner?: string;
  /**
   * Whether many objects go in one request, by DeleteObjects; else each in one of
   * its own. Default: as of `deleteMany`.
   */
  readonly bulkDelete?: boolean;
  /** Ends it early. What is deleted by then stays deleted. */
  readonly signal?: AbortSignal;
}

const EMPTY_OPTIONS: OptionKinds<EmptyBucketOptions> = {
  prefix: "text",
  dryRun: "boolean",
  expectedBucketOwner: "text",
  signal: "signal",
  bulkDelete: "boolean",
};

/** What making a bucket empty came to; in a dry run, what it would come to. */
export interface EmptiedBucket {
  /** Objects that were deleted: versions and delete markers count each. */
  readonly objects: number;
  /** Unfinished uploads that were aborted. */
  readonly uploads: number;
  /** Objects that cannot be deleted, and why. */
  readonly failures: readonly DeleteFailure[];
}

/** What deleting a bucket with all its objects came to. */
export interface DeletedBucket extends EmptiedBucket {
  /** Whether the bucket is gone: not in a dry run, nor where an object remains. */
  readonly deleted: boolean;
}

/**
 * Deletes all objects of a bucket, with all their versions, and aborts its
 * unfinished uploads. There is no way back.
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options What differs from the defaults.
 */
export async function emptyBucket(
  s3: S3,
  bucket: string,
  options: EmptyBucketOptions = {},
): Promise<EmptiedBucket> {
  checkOptions("call emptyBucket", options, EMPTY_OPTIONS);
  refuseUndefined("call emptyBucket", options, ["prefix"]);
  const { dryRun = false, signal, prefix, expectedBucketOwner, bulkDelete } =
    options;
  const owner = expectedBucketOwner === undefined
    ? {}
    : { ExpectedBucketOwner: expectedBucketOwner };
  const where = {
    Bucket: bucket,
    ...owner,
    ...prefix === undefined ? {} : { Prefix: prefix },
  };
  let objects = 0;
  const failures: DeleteFailure[] = [];
  for await (const page of pagesOf(s3, where, signal)) {
    if (dryRun) {
      objects += page.length;
      continue;
    }
    const results = await deleteMany(s3, bucket, page, {
      ...owner,
      ...signal && { signal },
      ...bulkDelete === undefined ? {} : { bulkDelete },
    });
    const failed = results.filter((result) => result.kind === "failed");
    objects += results.length - failed.length;
    failures.push(...failed.map(({ kind: _kind, ...failure }) => failure));
  }
  const uploads = await abortUnfinishedUploads(s3, bucket, {
    dryRun,
    ...signal && { signal },
    ...prefix === undefined ? {} : { prefix },
    ...expectedBucketOwner === undefined ? {} : { expectedBucketOwner },
  });
  return { objects, uploads: uploads.length, failures };
}

/**
 * Deletes a bucket with all that is in it. There is no way back.
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options What differs from the defaults.
 * @returns What was deleted. The bucket itself only where no object remains.
 */
export async function deleteBucketWithObjects(
  s3: S3,
  bucket: string,
  options: Omit<EmptyBucketOptions, "prefix"> = {},
): Promise<DeletedBucket> {
  const { prefix: _whole, ...kinds } = EMPTY_OPTIONS;
  checkOptions("call deleteBucketWithObjects", options, kinds, {
    others: new Map(Object.entries({
      prefix: "a bucket is deleted whole; emptyBucket takes a prefix",
    })),
  });
  const { dryRun, signal, expectedBucketOwner } = options;
  const emptied = await emptyBucket(s3, bucket, options);
  if (dryRun || emptied.failures.length > 0) {
    return { ...emptied, deleted: false };
  }
  await s3.deleteBucket({
    Bucket: bucket,
    ...expectedBucketOwner === undefined
      ? {}
      : { ExpectedBucketOwner: expectedBucketOwner },
  }, callOptions({ signal }));
  return { ...emptied, deleted: true };
}

/** What a listing is asked for. */
interface Where {
  readonly Bucket: string;
  readonly Prefix?: string;
  readonly ExpectedBucketOwner?: string;
}

/** All versions and delete markers; the objects, of a store without versions. */
async function* pagesOf(
  s3: S3,
  where: Where,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ObjectIdentifier[], void, void> {
  const options = callOptions({ signal });
  try {
    for await (const page of s3.listObjectVersionsPages(where, options)) {
      const { Versions = [], DeleteMarkers = [] } = page;
      yield [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({
        Key,
        ...VersionId === undefined ? {} : { VersionId },
      }));
    }
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status !== 501) throw error;
    for await (const page of s3.listObjectsV2Pages(where, options)) {
      yield (page.Contents ?? []).map(({ Key }) => ({ Key }));
    }
  }
}
