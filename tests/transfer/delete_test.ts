import { ServiceError } from "../../src/foundation/errors.ts";
import type { ObjectIdentifier } from "../../src/services/s3/mod.ts";
import {
  deleteBucketWithObjects,
  deleteMany,
  emptyBucket,
} from "../../src/transfer/delete.ts";
import {
  abortUnfinishedUploads,
  listUnfinishedUploads,
} from "../../src/transfer/multipart.ts";
import { type Answer, fakeS3, localS3, refusal } from "./stubs.ts";
import { assertEquals, assertRejects } from "@std/assert";

/** Deletes all but what is locked; backwards, as any order is right. */
const store: Answer = (input) => {
  const { Objects } = input["Delete"] as { Objects: ObjectIdentifier[] };
  const isLocked = ({ Key }: ObjectIdentifier) => Key.startsWith("locked");
  return {
    Deleted: Objects.filter((object) => !isLocked(object)).reverse(),
    Errors: Objects.filter(isLocked).map(({ Key }) => ({
      Key,
      Code: "AccessDenied",
      Message: "No",
    })),
  };
};

Deno.test("deleteMany deletes 1 000 per request", async () => {
  const { s3, calls } = fakeS3({ DeleteObjects: store });
  const keys = Array.from({ length: 2_001 }, (_, i) => `k${i}`);

  const results = await deleteMany(s3, "photos", keys, { MFA: "m" });

  assertEquals(results.map(({ Key }) => Key), keys);
  assertEquals(results.every(({ kind }) => kind === "deleted"), true);
  assertEquals(
    calls.map(({ input }) => [
      input["Bucket"],
      input["MFA"],
      (input["Delete"] as { Objects: unknown[] }).Objects.length,
    ]),
    [["photos", "m", 1_000], ["photos", "m", 1_000], ["photos", "m", 1]],
  );
});

Deno.test("deleteMany sends nothing for nothing", async () => {
  const { s3, calls } = fakeS3({});

  assertEquals(await deleteMany(s3, "photos", []), []);
  assertEquals(calls, []);
});

Deno.test("deleteMany tells what became of each object, in order", async () => {
  const { s3 } = fakeS3({ DeleteObjects: store });
  async function* keys(): AsyncGenerator<ObjectIdentifier | string> {
    yield { Key: "a", VersionId: "2" };
    yield await Promise.resolve("locked");
    yield { Key: "a", VersionId: "1" };
  }

  const results = await deleteMany(s3, "photos", keys());

  assertEquals(results, [
    { kind: "deleted", Key: "a", VersionId: "2" },
    { kind: "failed", Key: "locked", Code: "AccessDenied", Message: "No" },
    { kind: "deleted", Key: "a", VersionId: "1" },
  ]);
});

Deno.test("deleteMany does not take silence for success", async () => {
  const { s3 } = fakeS3({ DeleteObjects: () => ({}) });

  const results = await deleteMany(s3, "photos", ["a"]);

  assertEquals(results.map(({ kind }) => kind), ["failed"]);
});

Deno.test("deleteMany understands a store that does not repeat the version", async () => {
  const { s3 } = fakeS3({ DeleteObjects: () => ({ Deleted: [{ Key: "a" }] }) });

  const results = await deleteMany(s3, "photos", [
    { Key: "a", VersionId: "null" },
    { Key: "b", VersionId: "null" },
  ]);

  assertEquals(results.map(({ kind }) => kind), ["deleted", "failed"]);
});

Deno.test("deleteMany ends with the signal", async () => {
  const { s3, calls } = fakeS3({ DeleteObjects: store });
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(
    () => deleteMany(s3, "photos", ["a"], { signal }),
    Error,
    "enough",
  );
  assertEquals(calls, []);
});

Deno.test("deleteMany deletes objects, awkward keys among them", async () => {
  await using local = await localS3();
  const keys = ["/a//b", "a b+%", "ü&<\r\n>", "\u{1f600}"];
  for (const Key of [...keys, "stays"]) {
    await local.s3.putObject({ Bucket: "photos", Key, Body: "x" });
  }

  const results = await deleteMany(local.s3, "photos", [...keys, "none"]);

  assertEquals(results.map(({ kind, Key }) => [kind, Key]), [
    ...keys.map((key) => ["deleted", key]),
    ["deleted", "none"],
  ]);
  const { Contents = [] } = await local.s3.listObjectsV2({ Bucket: "photos" });
  assertEquals(Contents.map(({ Key }) => Key), ["stays"]);
});

/** A bucket with versions on two pages, and an unfinished upload. */
const VERSIONED: Readonly<Record<string, Answer>> = {
  ListObjectVersions: ({ KeyMarker }) =>
    KeyMarker === undefined
      ? {
        IsTruncated: true,
        NextKeyMarker: "a",
        NextVersionIdMarker: "1",
        Versions: [{ Key: "a", VersionId: "2" }, { Key: "a", VersionId: "1" }],
      }
      : { DeleteMarkers: [{ Key: "b", VersionId: "1" }] },
  ListMultipartUploads: () => ({
    Uploads: [{ Key: "c", UploadId: "u1", Initiated: new Date(0) }],
  }),
  DeleteObjects: (input) => ({
    Deleted: (input["Delete"] as { Objects: ObjectIdentifier[] }).Objects,
  }),
  AbortMultipartUpload: () => ({}),
  DeleteBucket: () => ({}),
};

Deno.test("emptyBucket deletes versions and delete markers and aborts uploads", async () => {
  const { s3, calls } = fakeS3(VERSIONED);

  const emptied = await emptyBucket(s3, "photos", {
    prefix: "p",
    expectedBucketOwner: "123456789012",
  });

  assertEquals(emptied, { objects: 3, uploads: 1, failures: [] });
  const deleted = calls.filter(({ name }) => name === "DeleteObjects")
    .map(({ input }) => input["Delete"]);
  assertEquals(deleted, [
    { Objects: [{ Key: "a", VersionId: "2" }, { Key: "a", VersionId: "1" }] },
    { Objects: [{ Key: "b", VersionId: "1" }] },
  ]);
  for (const { name, input } of calls) {
    assertEquals(input["ExpectedBucketOwner"], "123456789012");
    if (name.startsWith("List")) assertEquals(input["Prefix"], "p");
  }
});

Deno.test("emptyBucket and deleteBucketWithObjects change nothing in a dry run", async () => {
  const { s3, calls } = fakeS3(VERSIONED);

  const emptied = await emptyBucket(s3, "photos", { dryRun: true });
  const deleted = await deleteBucketWithObjects(s3, "photos", { dryRun: true });

  assertEquals(emptied, { objects: 3, uploads: 1, failures: [] });
  assertEquals(deleted, { ...emptied, deleted: false });
  assertEquals(calls.every(({ name }) => name.startsWith("List")), true);
});

Deno.test("deleteBucketWithObjects leaves a bucket of which an object remains", async () => {
  const failure = { Key: "b", VersionId: "1", Code: "AccessDenied" };
  const { s3, calls } = fakeS3({
    ...VERSIONED,
    DeleteObjects: (input) => {
      const { Objects } = input["Delete"] as { Objects: ObjectIdentifier[] };
      return {
        Deleted: Objects.filter(({ Key }) => Key !== "b"),
        Errors: Objects.filter(({ Key }) => Key === "b").map(() => failure),
      };
    },
  });

  const { deleted, objects, failures } = await deleteBucketWithObjects(
    s3,
    "photos",
  );

  assertEquals([deleted, objects], [false, 2]);
  assertEquals<readonly object[]>(failures, [failure]);
  assertEquals(calls.some(({ name }) => name === "DeleteBucket"), false);
});

Deno.test("deleteBucketWithObjects gets along with a store without versions", async () => {
  await using local = await localS3();
  for (const Key of ["a", "b"]) {
    await local.s3.putObject({ Bucket: "photos", Key, Body: "x" });
  }
  await local.s3.createMultipartUpload({ Bucket: "photos", Key: "c" });

  const result = await deleteBucketWithObjects(local.s3, "photos");

  assertEquals(result, { objects: 2, uploads: 1, failures: [], deleted: true });
  const { Buckets = [] } = await local.s3.listBuckets();
  assertEquals(Buckets, []);
});

Deno.test("emptyBucket passes on that a bucket may not be listed", async () => {
  const { s3 } = fakeS3({
    ListObjectVersions: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  await assertRejects(() => emptyBucket(s3, "photos"), ServiceError);
});

/** A bucket with uploads of three ages. */
const UPLOADS: Readonly<Record<string, Answer>> = {
  ListMultipartUploads: () => ({
    Uploads: [
      { Key: "old", UploadId: "u1", Initiated: new Date(1_000) },
      { Key: "new", UploadId: "u2", Initiated: new Date(3_000) },
      { Key: "ageless", UploadId: "u3" },
    ],
  }),
  AbortMultipartUpload: () => ({}),
};

Deno.test("listUnfinishedUploads lists those that were begun before", async () => {
  const { s3 } = fakeS3(UPLOADS);
  const olderThan = new Date(2_000);

  const some = await Array.fromAsync(
    listUnfinishedUploads(s3, "photos", { olderThan }),
  );
  const all = await Array.fromAsync(listUnfinishedUploads(s3, "photos"));

  assertEquals(some.map(({ Key }) => Key), ["old"]);
  assertEquals(all.map(({ Key }) => Key), ["old", "new", "ageless"]);
});

Deno.test("abortUnfinishedUploads aborts them, unless in a dry run", async () => {
  const { s3, calls } = fakeS3({
    ...UPLOADS,
    AbortMultipartUpload: ({ UploadId }) => {
      if (UploadId === "u1") throw refusal("NoSuchUpload", 404);
      return {};
    },
  });

  const dry = await abortUnfinishedUploads(s3, "photos", { dryRun: true });
  const before = calls.length;
  const aborted = await abortUnfinishedUploads(s3, "photos");

  assertEquals(before, 1);
  assertEquals(aborted, dry);
  assertEquals(
    calls.slice(2).map(({ input }) => input),
    aborted.map(({ Key, UploadId }) => ({ Bucket: "photos", Key, UploadId })),
  );
});

Deno.test("abortUnfinishedUploads passes on that it may not", async () => {
  const { s3 } = fakeS3({
    ...UPLOADS,
    AbortMultipartUpload: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  await assertRejects(() => abortUnfinishedUploads(s3, "photos"), ServiceError);
});
