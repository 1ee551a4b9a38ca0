import { assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../../mod.ts";
import { ConfigError } from "../../../src/foundation/errors.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";

const Bucket = "photos";

function clientOf(local: LocalAws): S3 {
  return new Session({ ...local.clientConfig, transport: local.transport() })
    .client(S3);
}

Deno.test("LocalAws keeps its data in a folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    let versionId: string | undefined;
    {
      await using local = await LocalAws.start({ folder });
      const s3 = clientOf(local);
      await s3.createBucket({ Bucket });
      await s3.putBucketTagging({
        Bucket,
        Tagging: { TagSet: [{ Key: "a", Value: "1" }] },
      });
      await s3.putObject({ Bucket, Key: "é/ü", Body: "old" });
      await s3.putObject({ Bucket, Key: "gone", Body: "x" });
      await s3.deleteObject({ Bucket, Key: "gone" });
      await s3.putBucketVersioning({
        Bucket,
        VersioningConfiguration: { Status: "Enabled" },
      });
      const put = await s3.putObject({
        Bucket,
        Key: "é/ü",
        Body: "new",
        Metadata: { a: "b" },
      });
      versionId = put.VersionId;
      const { UploadId = "" } = await s3.createMultipartUpload({
        Bucket,
        Key: "big",
      });
      await s3.uploadPart({
        Bucket,
        Key: "big",
        UploadId,
        PartNumber: 1,
        Body: "part",
      });
    }

    await using local = await LocalAws.start({ folder });
    const s3 = clientOf(local);
    const { Body, Metadata, VersionId } = await s3.getObject({
      Bucket,
      Key: "é/ü",
      Range: "bytes=1-",
    });
    const old = await s3.getObject({ Bucket, Key: "é/ü", VersionId: "null" });
    const { Contents } = await s3.listObjectsV2({ Bucket });
    const { TagSet } = await s3.getBucketTagging({ Bucket });
    const [upload] = (await s3.listMultipartUploads({ Bucket })).Uploads ?? [];
    const { Parts } = await s3.listParts({
      Bucket,
      Key: "big",
      UploadId: upload?.UploadId ?? "",
    });

    assertEquals(await Body.text(), "ew");
    assertEquals(await old.Body.text(), "old");
    assertEquals([Metadata, VersionId], [{ a: "b" }, versionId]);
    assertEquals(Contents?.map(({ Key }) => Key), ["é/ü"]);
    assertEquals(TagSet, [{ Key: "a", Value: "1" }]);
    assertEquals(Parts?.map(({ Size }) => Size), [4]);
    assertEquals(await pieces(folder), 3);

    await local.reset();
    assertEquals((await s3.listBuckets()).Buckets, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("LocalAws says which folder it cannot use", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(
      () => LocalAws.start({ folder: file }),
      ConfigError,
      file,
    );
  } finally {
    await Deno.remove(file);
  }
});

async function pieces(folder: string): Promise<number> {
  let count = 0;
  for await (const { isFile } of Deno.readDir(`${folder}/pieces`)) {
    if (isFile) count++;
  }
  return count;
}

Deno.test("LocalAws keeps a bucket apart that is named as the folder of its bytes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const other = { Bucket: "pieces", Key: "k" };
    {
      await using local = await LocalAws.start({ folder });
      const s3 = clientOf(local);
      for (const object of [{ Bucket, Key: "k" }, other]) {
        await s3.createBucket({ Bucket: object.Bucket });
        await s3.putObject({ ...object, Body: object.Bucket });
      }
    }

    await using local = await LocalAws.start({ folder });
    const s3 = clientOf(local);
    const kept = await s3.getObject(other);
    assertEquals(await kept.Body.text(), "pieces");
    await s3.deleteObject(other);
    await s3.deleteBucket({ Bucket: "pieces" });
    const { Body } = await s3.getObject({ Bucket, Key: "k" });
    assertEquals(await Body.text(), "photos");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
