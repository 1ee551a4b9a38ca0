import { assertEquals, assertThrows } from "@std/assert";
import { ValidationError } from "../../src/foundation/errors.ts";
import { inspectSource, sourceObject } from "../../src/transfer/copy_source.ts";
import { fakeS3 } from "./stubs.ts";

const AP = "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap";

Deno.test("sourceObject takes a source apart as it is sent", () => {
  const table: readonly [string, ReturnType<typeof sourceObject>][] = [
    ["photos/cat.txt", { Bucket: "photos", Key: "cat.txt" }],
    ["/photos/a/b c%20", { Bucket: "photos", Key: "a/b c%20" }],
    ["photos//a\nb", { Bucket: "photos", Key: "/a\nb" }],
    ["photos/a?b", { Bucket: "photos", Key: "a?b" }],
    ["photos/a?versionId=", { Bucket: "photos", Key: "a?versionId=" }],
    ["photos/a?versionId=7", { Bucket: "photos", Key: "a", VersionId: "7" }],
    [`${AP}/object/a/object/b`, { Bucket: AP, Key: "a/object/b" }],
  ];

  for (const [text, object] of table) {
    assertEquals(sourceObject(text), object);
  }
});

Deno.test("sourceObject leaves an object as it is", () => {
  const object = { Bucket: "photos", Key: "a", VersionId: "1" };

  assertEquals(sourceObject(object), object);
});

Deno.test("sourceObject refuses a source without a key", () => {
  for (const text of ["", "photos", "photos/", "/photos"]) {
    assertThrows(
      () => sourceObject(text),
      ValidationError,
      "CopySource must be a bucket and a key",
    );
  }
});

Deno.test("inspectSource asks for the source under its own names", async () => {
  const since = new Date(0);
  const { s3, calls } = fakeS3({
    HeadObject: () => ({ ContentLength: 1, ETag: '"1"' }),
  });

  const source = await inspectSource(s3, {
    Bucket: "archive",
    Key: "b",
    CopySource: "photos/a",
    CopySourceIfMatch: '"1"',
    CopySourceIfModifiedSince: since,
    CopySourceSSECustomerAlgorithm: "AES256",
    CopySourceSSECustomerKey: "k",
    SSECustomerKey: "of the target",
    ExpectedSourceBucketOwner: "123456789012",
    ExpectedBucketOwner: "999999999999",
    RequestPayer: "requester",
  }, undefined);

  assertEquals(calls.map(({ input }) => input), [{
    Bucket: "photos",
    Key: "a",
    IfMatch: '"1"',
    IfModifiedSince: since,
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: "k",
    ExpectedBucketOwner: "123456789012",
    RequestPayer: "requester",
    ChecksumMode: "ENABLED",
  }]);
  const bound = await source.bond.bind((conditions) =>
    Promise.resolve(conditions)
  );
  assertEquals(bound, { CopySourceIfMatch: '"1"' });
  assertEquals(source.members, {
    CopySource: "photos/a",
    CopySourceSSECustomerAlgorithm: "AES256",
    CopySourceSSECustomerKey: "k",
    ExpectedSourceBucketOwner: "123456789012",
  });
});
