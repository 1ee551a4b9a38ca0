/**
 * Buckets, made empty and deleted.
 *
 * @module
 */
import { ServiceError } from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  refuseUndefined,
} from "../foundation/options.ts";
import type {
  DeleteFailure,
  ObjectIdentifier,
  S3,
} from "../services/s3/mod.ts";
import { deleteMany } from "./delete_many.ts";
import { callOptions } from "./options.ts";
import { abortUnfinishedUploads } from "./unfinished_uploads.ts";

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

const OPTIONS: OptionKinds<EmptyBucketOptions> = {
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
  checkOptions("call emptyBucket", options, OPTIONS);
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
  const { prefix: _whole, ...kinds } = OPTIONS;
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
