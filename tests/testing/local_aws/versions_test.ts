import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ServiceError } from "../../../src/foundation/errors.ts";
import type { S3 } from "../../../src/services/s3/mod.ts";
import { localS3 } from "../../local_s3.ts";
import { LocalClient } from "./local_client.ts";

const Bucket = "photos";

Deno.test("LocalAws keeps the versions of a key, and takes them one by one", async () => {
  const s3 = await versioned();
  const first = await s3.putObject({ Bucket, Key: "k", Body: "1" });
  const second = await s3.putObject({ Bucket, Key: "k", Body: "22" });

  const marker = await s3.deleteObject({ Bucket, Key: "k" });
  const old = await s3.getObject({
    Bucket,
    Key: "k",
    VersionId: first.VersionId ?? "",
  });

  assertEquals(await old.Body.text(), "1");
  assertEquals(old.VersionId, first.VersionId);
  assertEquals(marker.DeleteMarker, true);
  assertEquals(await statusOf(s3.getObject({ Bucket, Key: "k" })), 404);
  assertEquals(
    await statusOf(
      s3.getObject({ Bucket, Key: "k", VersionId: marker.VersionId ?? "" }),
    ),
    405,
  );
  assertEquals(
    await statusOf(s3.getObject({ Bucket, Key: "k", VersionId: "none" })),
    404,
  );
  await s3.deleteObject({
    Bucket,
    Key: "k",
    VersionId: marker.VersionId ?? "",
  });
  const again = await s3.getObject({ Bucket, Key: "k" });
  assertEquals(await again.Body.text(), "22");
  await s3.deleteObject({
    Bucket,
    Key: "k",
    VersionId: second.VersionId ?? "",
  });
  const last = await s3.getObject({ Bucket, Key: "k" });
  assertEquals(await last.Body.text(), "1");
});

Deno.test("LocalAws lists versions and delete markers in one order, in pages of any size", async () => {
  const s3 = await versioned();
  for (const Key of ["a", "a", "b/1", "b/2", "c"]) {
    await s3.putObject({ Bucket, Key, Body: Key });
  }
  await s3.deleteObject({ Bucket, Key: "a" });

  for (const MaxKeys of [1, 2, 1_000]) {
    const seen: string[] = [];
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      const page = await s3.listObjectVersions({
        Bucket,
        MaxKeys,
        ...KeyMarker === undefined ? {} : { KeyMarker },
        ...VersionIdMarker === undefined ? {} : { VersionIdMarker },
      });
      for (const { Key, IsLatest } of page.DeleteMarkers ?? []) {
        seen.push(`${Key} marker ${IsLatest}`);
      }
      for (const { Key, IsLatest } of page.Versions ?? []) {
        seen.push(`${Key} ${IsLatest}`);
      }
      ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } =
        page);
    } while (KeyMarker !== undefined);
    assertEquals(seen, [
      "a marker true",
      "a false",
      "a false",
      "b/1 true",
      "b/2 true",
      "c true",
    ], String(MaxKeys));
  }
  const folders = await s3.listObjectVersions({ Bucket, Delimiter: "/" });
  assertEquals(folders.CommonPrefixes, [{ Prefix: "b/" }]);
});

Deno.test("LocalAws writes versions and markers between each other", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  await client.send("PUT", "/photos", {
    query: [["versioning"]],
    body:
      "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  });
  for (const key of ["a", "b"]) await client.send("PUT", `/photos/${key}`);
  await client.send("DELETE", "/photos/a");

  const { text } = await client.send("GET", "/photos", {
    query: [["versions"]],
  });

  const entries = [...text.matchAll(/<(Version|DeleteMarker)>.*?<Key>(.)</g)]
    .map(([, name, key]) => `${name} ${key}`);
  assertEquals(entries, ["DeleteMarker a", "Version a", "Version b"]);
});

Deno.test("LocalAws gives the id null while versions are suspended", async () => {
  const s3 = await versioned();
  const kept = await s3.putObject({ Bucket, Key: "k", Body: "kept" });
  await s3.putBucketVersioning({
    Bucket,
    VersioningConfiguration: { Status: "Suspended" },
  });

  await s3.putObject({ Bucket, Key: "k", Body: "1" });
  await s3.putObject({ Bucket, Key: "k", Body: "2" });
  const marker = await s3.deleteObject({ Bucket, Key: "k" });

  const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({
    Bucket,
  });
  assertEquals(marker.VersionId, "null");
  assertEquals(Versions.map(({ VersionId }) => VersionId), [kept.VersionId]);
  assertEquals(DeleteMarkers.map(({ VersionId }) => VersionId), ["null"]);
});

Deno.test("LocalAws deletes the version that DeleteObjects names, and no other", async () => {
  const s3 = await versioned();
  const first = await s3.putObject({ Bucket, Key: "k", Body: "1" });
  await s3.putObject({ Bucket, Key: "k", Body: "2" });
  await s3.putObject({ Bucket, Key: "other", Body: "3" });

  const { Deleted, Errors } = await s3.deleteObjects({
    Bucket,
    Delete: {
      Objects: [
        { Key: "k", VersionId: first.VersionId ?? "" },
        { Key: "other", ETag: '"wrong"' },
      ],
    },
  });

  assertEquals(Deleted?.map(({ Key }) => Key), ["k"]);
  assertEquals(Errors?.map(({ Key, Code }) => [Key, Code]), [
    ["other", "PreconditionFailed"],
  ]);
  const { Body } = await s3.getObject({ Bucket, Key: "k" });
  assertEquals(await Body.text(), "2");
});

Deno.test("LocalAws copies a version", async () => {
  const s3 = await versioned();
  const first = await s3.putObject({ Bucket, Key: "k", Body: "1" });
  await s3.putObject({ Bucket, Key: "k", Body: "2" });

  const copy = await s3.copyObject({
    Bucket,
    Key: "copy",
    CopySource: `photos/k?versionId=${first.VersionId}`,
  });

  const { Body } = await s3.getObject({ Bucket, Key: "copy" });
  assertEquals(await Body.text(), "1");
  assertEquals(copy.CopySourceVersionId, first.VersionId);
});

Deno.test("LocalAws never knew versions in a bucket that never had them", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  const put = await s3.putObject({ Bucket, Key: "k", Body: "1" });

  const { Versions } = await s3.listObjectVersions({ Bucket });
  const status = await s3.getBucketVersioning({ Bucket });

  assertEquals(put.VersionId, undefined);
  assertEquals(Versions?.map(({ VersionId }) => VersionId), ["null"]);
  assertEquals(status.Status, undefined);
  const error = await assertRejects(
    () => s3.putBucketVersioning({ Bucket, VersioningConfiguration: {} }),
    ServiceError,
  );
  assertStringIncludes(
    error.message,
    "IllegalVersioningConfigurationException",
  );
});

async function versioned(): Promise<S3> {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putBucketVersioning({
    Bucket,
    VersioningConfiguration: { Status: "Enabled" },
  });
  return s3;
}

async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  const error = await assertRejects(() => call, ServiceError);
  return error.status;
}
