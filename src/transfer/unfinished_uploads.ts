/**
 * Uploads in parts that were begun and never ended. Their parts cost money and
 * show in no listing of objects.
 *
 * @module
 */
import { ServiceError } from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  refuseUndefined,
} from "../foundation/options.ts";
import type { MultipartUpload, S3 } from "../services/s3/mod.ts";
import { callOptions } from "./options.ts";

/** Which unfinished uploads are meant. */
export interface UnfinishedUploadsOptions {
  /** Only uploads of keys that begin with it. Default: all. */
  readonly prefix?: string;
  /** Only uploads that were begun before. Default: all. */
  readonly olderThan?: Date;
  /** Account that the bucket must belong to, 12 digits. Default: any. */
  readonly expectedBucketOwner?: string;
  /** Ends the walk early. */
  readonly signal?: AbortSignal;
}

/** What may be said about aborting unfinished uploads. */
export interface AbortUploadsOptions extends UnfinishedUploadsOptions {
  /** Whether to tell only, and to change nothing. Default: `false`. */
  readonly dryRun?: boolean;
}

const LIST_OPTIONS: OptionKinds<UnfinishedUploadsOptions> = {
  prefix: "text",
  olderThan: "date",
  expectedBucketOwner: "text",
  signal: "signal",
};

const ABORT_OPTIONS: OptionKinds<AbortUploadsOptions> = {
  ...LIST_OPTIONS,
  dryRun: "boolean",
};

/**
 * Lists the unfinished uploads of a bucket.
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options Which ones.
 */
export async function* listUnfinishedUploads(
  s3: S3,
  bucket: string,
  options: UnfinishedUploadsOptions = {},
): AsyncGenerator<MultipartUpload, void, void> {
  checkOptions("call listUnfinishedUploads", options, LIST_OPTIONS);
  const { prefix, olderThan, expectedBucketOwner } = options;
  const uploads = s3.listMultipartUploadsItems({
    Bucket: bucket,
    ...prefix === undefined ? {} : { Prefix: prefix },
    ...expectedBucketOwner === undefined
      ? {}
      : { ExpectedBucketOwner: expectedBucketOwner },
  }, callOptions(options));
  for await (const upload of uploads) {
    if (olderThan === undefined || isOlder(upload, olderThan)) yield upload;
  }
}

/**
 * Aborts unfinished uploads and so discards their parts. Uploads that are still
 * going on are among them, unless `olderThan` spares them: they fail.
 *
 * @example Usage
 * ```ts ignore
 * import { abortUnfinishedUploads } from "@inia/aws/transfer";
 *
 * const olderThan = new Date(Date.now() - 7 * 24 * 60 * 60 * 1_000);
 * await abortUnfinishedUploads(s3, "photos", { olderThan });
 * ```
 *
 * @param s3 The client.
 * @param bucket The bucket.
 * @param options Which ones.
 * @returns The uploads that were aborted; in a dry run, that would be.
 */
export async function abortUnfinishedUploads(
  s3: S3,
  bucket: string,
  options: AbortUploadsOptions = {},
): Promise<MultipartUpload[]> {
  const act = "call abortUnfinishedUploads";
  checkOptions(act, options, ABORT_OPTIONS);
  refuseUndefined(act, options, ["prefix", "olderThan"]);
  const { dryRun = false, ...which } = options;
  const { expectedBucketOwner } = which;
  const uploads = await Array.fromAsync(
    listUnfinishedUploads(s3, bucket, which),
  );
  if (dryRun) return uploads;
  for (const { Key, UploadId } of uploads) {
    try {
      await s3.abortMultipartUpload({
        Bucket: bucket,
        Key,
        UploadId,
        ...expectedBucketOwner === undefined
          ? {}
          : { ExpectedBucketOwner: expectedBucketOwner },
      }, callOptions(options));
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof ServiceError)) throw error;
      if (error.code !== "NoSuchUpload") throw error;
    }
  }
  return uploads;
}

/** One whose age the store does not tell counts as young. */
function isOlder({ Initiated }: MultipartUpload, than: Date): boolean {
  return Initiated !== undefined && Initiated < than;
}
