/**
 * Deletes of many objects.
 *
 * @module
 */
import { ServiceError, ValidationError } from "../foundation/errors.ts";
import { checkOptions, type OptionKinds } from "../foundation/options.ts";
import type {
  DeletedObject,
  DeleteFailure,
  DeleteObjectsInput,
  ObjectIdentifier,
  S3,
} from "../services/s3/mod.ts";
import { factsOf } from "../services/s3/stores.ts";
import { eachAtMost } from "./at_most.ts";
import { callOptions } from "./options.ts";

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

const OPTIONS: OptionKinds<DeleteManyOptions> = {
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
  checkOptions("call deleteMany", options, OPTIONS);
  // The letters of a key would be the keys.
  if (typeof keys === "string") {
    throw new ValidationError("deleteMany", [{
      path: "keys",
      problem: "must be a list of keys, as in [key]: it is one text",
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
