/**
 * Deletes of many objects.
 *
 * @module
 */
import type {
  DeletedObject,
  DeleteFailure,
  DeleteObjectsInput,
  ObjectIdentifier,
  S3,
} from "../services/s3/mod.ts";
import { callOptions } from "./options.ts";

/** What may be said about a delete of many objects. */
export interface DeleteManyOptions
  extends Omit<DeleteObjectsInput, "Bucket" | "Delete"> {
  /** Ends the deletes early; those that were asked for by then are done. */
  readonly signal?: AbortSignal;
}

/** What became of one object. */
export type DeleteResult =
  | (DeletedObject & { readonly kind: "deleted"; readonly Key: string })
  | (DeleteFailure & { readonly kind: "failed"; readonly Key: string });

/** Objects of one request: API reference of DeleteObjects. */
const BATCH = 1_000;

/**
 * Deletes objects, 1 000 per request. One that is not there counts as deleted.
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
  const results: DeleteResult[] = [];
  let batch: ObjectIdentifier[] = [];
  const flush = async (): Promise<void> => {
    results.push(...await deleteBatch(s3, bucket, batch, options));
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

async function deleteBatch(
  s3: S3,
  bucket: string,
  objects: readonly ObjectIdentifier[],
  { signal, ...members }: DeleteManyOptions,
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
