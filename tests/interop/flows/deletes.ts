/**
 * Deletes of many objects, and of whole buckets.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { bucketExists } from "../../../src/services/s3/mod.ts";
import {
  deleteBucketWithObjects,
  deleteMany,
  emptyBucket,
} from "../../../src/transfer/mod.ts";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** Deletes of many objects, and of whole buckets. */
export const DELETES: readonly Flow[] = [
  s3Flow("delete_many", "DeleteObjects", BOTH, async ({ s3, bucket }) => {
    const keys = ["/a//b", "ü&<>", "😀"];
    for (const Key of keys) await s3.putObject({ Bucket: bucket, Key });

    const results = await deleteMany(s3, bucket, [...keys, "never was"]);

    assertEquals(
      results.map(({ kind, Key }) => [kind, Key]),
      [...keys, "never was"].map((Key) => ["deleted", Key]),
    );
    const { KeyCount } = await s3.listObjectsV2({ Bucket: bucket });
    assertEquals(KeyCount, 0);
  }),
  s3Flow("empty_bucket", "DeleteObjects", BOTH, async ({ s3, bucket }) => {
    await s3.putObject({ Bucket: bucket, Key: "a b+%" });
    await s3.createMultipartUpload({ Bucket: bucket, Key: "unfinished" });

    const dry = await emptyBucket(s3, bucket, { dryRun: true });
    const wet = await emptyBucket(s3, bucket);
    const again = await emptyBucket(s3, bucket);

    assertEquals(dry, { objects: 1, uploads: 1, failures: [] });
    assertEquals(wet, dry);
    assertEquals(again, { objects: 0, uploads: 0, failures: [] });
  }),
  s3Flow("delete_bucket_with_versions", "DeleteBucket", ["moto"], async (
    { s3, bucket },
  ) => {
    const own = { Bucket: `${bucket}-own` };
    const at = { ...own, Key: "twice" };
    await s3.createBucket(own);
    await s3.putBucketVersioning({
      ...own,
      VersioningConfiguration: { Status: "Enabled" },
    });
    await s3.putObject({ ...at, Body: "1" });
    await s3.putObject({ ...at, Body: "2" });
    const { DeleteMarker } = await s3.deleteObject(at);

    const { objects, deleted } = await deleteBucketWithObjects(s3, own.Bucket);

    assertEquals(DeleteMarker, true);
    assertEquals(objects, 3);
    assert(deleted);
    assertEquals(await bucketExists(s3, own), false);
  }),
];
