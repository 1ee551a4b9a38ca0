/**
 * Listings, page after page.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** Listings, page after page. */
export const LISTINGS: readonly Flow[] = [
  s3Flow("list_objects_pages", "ListObjectsV2", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["a/1", "a/2", "b c+d/3", "e&<f>"]) {
      await s3.putObject({ Bucket: bucket, Key, Body: Key });
    }

    const keys = [];
    const list = s3.listObjectsV2Items({ Bucket: bucket, MaxKeys: 3 });
    for await (const item of list) keys.push("Key" in item ? item.Key : "");
    const folders = await s3.listObjectsV2({ Bucket: bucket, Delimiter: "/" });

    assertEquals(keys, ["a/1", "a/2", "b c+d/3", "e&<f>"]);
    assertEquals(folders.CommonPrefixes, [
      { Prefix: "a/" },
      { Prefix: "b c+d/" },
    ]);
    assertEquals(folders.Contents?.map(({ Key }) => Key), ["e&<f>"]);
  }),
  s3Flow("list_buckets", "ListBuckets", BOTH, async ({ s3, bucket }) => {
    const { Buckets = [] } = await s3.listBuckets();

    assert(Buckets.some(({ Name }) => Name === bucket));
  }),
  s3Flow("list_objects_resumed", "ListObjectsV2", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["a", "b+ %", "c"]) {
      await s3.putObject({ Bucket: bucket, Key });
    }
    const input = { Bucket: bucket, MaxKeys: 2 };

    const pages = s3.listObjectsV2Pages(input);
    const keys = [];
    for await (const { Contents = [] } of pages) {
      keys.push(...Contents.map(({ Key }) => Key));
      break;
    }
    const rest = s3.listObjectsV2Pages({ ...input, ...pages.resume });
    for await (const { Contents = [] } of rest) {
      keys.push(...Contents.map(({ Key }) => Key));
    }

    assertEquals(keys, ["a", "b+ %", "c"]);
    assertEquals(rest.resume, undefined);
  }),
  s3Flow("list_objects_limit", "ListObjectsV2", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["a", "b", "c"]) {
      await s3.putObject({ Bucket: bucket, Key });
    }
    const input = { Bucket: bucket, MaxKeys: 1 };

    // A third page would be a request that is not in the recording.
    const items = await Array.fromAsync(
      s3.listObjectsV2Items(input, { limit: 2 }),
    );

    assertEquals(items.map((item) => "Key" in item && item.Key), ["a", "b"]);
  }),
  s3Flow("list_objects_first_version", "ListObjects", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["x/1 +", "x/2", "y"]) {
      await s3.putObject({ Bucket: bucket, Key });
    }

    const items = await Array.fromAsync(
      s3.listObjectsItems({ Bucket: bucket, Prefix: "x/", MaxKeys: 1 }),
    );

    assertEquals(items.map((item) => "Key" in item && item.Key), [
      "x/1 +",
      "x/2",
    ]);
  }),
  s3Flow("list_object_versions", "ListObjectVersions", ["moto"], async (
    { s3, bucket },
  ) => {
    const at = { Bucket: bucket, Key: "a b+" };
    await s3.putBucketVersioning({
      Bucket: bucket,
      VersioningConfiguration: { Status: "Enabled" },
    });
    const { VersionId } = await s3.putObject({ ...at, Body: "old" });
    await s3.putObject({ ...at, Body: "new" });

    const versions = await s3.listObjectVersions({ Bucket: bucket });

    assertEquals(
      versions.Versions?.map(({ Key, IsLatest }) => [Key, IsLatest]),
      [["a b+", true], ["a b+", false]],
    );
    const old = await s3.getObject({ ...at, ...VersionId && { VersionId } });
    assertEquals(await old.Body.text(), "old");
  }),
];
