import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../src/foundation/errors.ts";
import { BucketResource } from "../../src/resource/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { localS3 } from "../local_s3.ts";
import { coreWith, refusal } from "../services/s3/answering_core.ts";

Deno.test("BucketResource lists its objects with what the listing says", async () => {
  const { core, calls } = coreWith({
    IsTruncated: true,
    NextContinuationToken: "next",
    Contents: [
      { Key: "a", Size: 1, ETag: '"a"', LastModified: new Date(0) },
      { Key: "b", Size: 2, StorageClass: "GLACIER" },
    ],
  }, { Contents: [{ Key: "c", Size: 3 }] });
  const photos = new BucketResource(new S3(core), "photos");

  const objects = await photos.objects.filter({ Prefix: "p/" }).pageSize(2)
    .toArray();

  assertEquals(objects.map(({ key }) => key), ["a", "b", "c"]);
  assertEquals(await objects[0]?.lastModified(), new Date(0));
  assertEquals(await objects[1]?.storageClass(), "GLACIER");
  assertEquals(calls.map(({ input }) => input), [
    { Bucket: "photos", Prefix: "p/", MaxKeys: 2 },
    { Bucket: "photos", Prefix: "p/", MaxKeys: 2, ContinuationToken: "next" },
  ]);
});

Deno.test("BucketResource lists versions and delete markers", async () => {
  const { core, calls } = coreWith({
    Versions: [{ Key: "a", VersionId: "2" }, { Key: "b" }],
    DeleteMarkers: [{ Key: "a", VersionId: "3" }],
  }, { Deleted: [{ Key: "b" }] });
  const photos = new BucketResource(new S3(core), "photos");

  const results = await photos.objectVersions.pageSize(9).delete();

  assertEquals(results.map(({ kind }) => kind), [
    "failed",
    "deleted",
    "failed",
  ]);
  assertEquals(calls.map(({ input }) => input), [
    { Bucket: "photos", MaxKeys: 9 },
    {
      Bucket: "photos",
      Delete: {
        Objects: [
          { Key: "a", VersionId: "2" },
          { Key: "b" },
          { Key: "a", VersionId: "3" },
        ],
      },
    },
  ]);
});

Deno.test("BucketResource lists unfinished uploads", async () => {
  const upload = { Key: "a", UploadId: "u" };
  const { core, calls } = coreWith({ Uploads: [upload] });
  const photos = new BucketResource(new S3(core), "photos");

  const uploads = await photos.multipartUploads.pageSize(3).toArray();

  assertEquals(uploads, [upload]);
  assertEquals(calls[0]?.input, { Bucket: "photos", MaxUploads: 3 });
});

Deno.test("BucketResource tells its region, and a missing bucket in words", async () => {
  const { core } = coreWith({ BucketRegion: "eu-west-1" }, refusal(404));
  const photos = new BucketResource(new S3(core), "photos");

  assertEquals(await photos.region(), "eu-west-1");
  await assertRejects(
    () => photos.region(),
    ServiceError,
    'Cannot look at bucket "photos": there is no such bucket',
  );
});

Deno.test("BucketResource waits until it exists, and until it does not", async () => {
  const ok = { ResponseMetadata: { HTTPStatusCode: 200 } };
  const { core, calls } = coreWith(refusal(404), ok, refusal(404));
  const photos = new BucketResource(new S3(core), "photos");

  await photos.waitUntilExists({ delayMs: 1 });
  await photos.waitUntilNotExists();

  assertEquals(calls.length, 3);
});

Deno.test("BucketResource deletes what its objects are narrowed to", async () => {
  const photos = new BucketResource(localS3().s3, "photos");
  await photos.create();
  for (const Key of ["tmp/a", "tmp/b", "keep"]) {
    await photos.putObject({ Key, Body: "x" });
  }

  const results = await photos.objects.filter({ Prefix: "tmp/" }).delete();

  assertEquals(results.map(({ Key }) => Key), ["tmp/a", "tmp/b"]);
  assertEquals((await photos.objects.toArray()).map(({ key }) => key), [
    "keep",
  ]);
});

Deno.test("BucketResource is made, emptied and deleted", async () => {
  const photos = new BucketResource(localS3().s3, "photos");

  assertEquals(await photos.exists(), false);
  await photos.create();
  assertEquals(await photos.exists(), true);
  const cat = await photos.putObject({ Key: "cat.txt", Body: "miaow" });
  assertEquals(await cat.size(), 5);
  await assertRejects(() => photos.delete(), ServiceError, "BucketNotEmpty");
  await photos.deleteObjects(["cat.txt", "dog.txt"]);
  await photos.delete();
  assertEquals(await photos.exists(), false);
});

Deno.test("BucketResource takes a file and gives a file", async () => {
  const { s3, system } = localS3({ "/in.txt": "miaow" });
  const photos = new BucketResource(s3, "photos");
  await photos.create();

  const cat = await photos.uploadFile("/in.txt", "cat.txt");
  await photos.downloadFile("cat.txt", "/out.txt");

  assertEquals(cat.place, { Bucket: "photos", Key: "cat.txt" });
  assertEquals(system.files["/out.txt"], "miaow");
});
