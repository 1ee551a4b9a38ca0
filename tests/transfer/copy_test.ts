import {
  ObjectChangedError,
  ServiceError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import { copy, inspectSource, sourceObject } from "../../src/transfer/copy.ts";
import { assertSameBytes } from "../same_bytes.ts";
import { type Answer, fakeS3, localS3, noise, refusal } from "./stubs.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

const MIB = 1_024 * 1_024;
const SOURCE = { Bucket: "photos", Key: "cat.txt" };
const TARGET = { Bucket: "photos", Key: "copy.txt", CopySource: SOURCE };

/** Options with which the object below is copied in one request, or in parts. */
const WAYS = [
  { kind: "single" as const, options: {} },
  {
    kind: "multipart" as const,
    options: { threshold: 5 * MIB, partSize: 5 * MIB },
  },
];

const DESCRIBED = {
  CacheControl: "no-store",
  ContentType: "text/plain",
  Metadata: { mood: "fine", tone: "low" },
};

for (const { kind, options } of WAYS) {
  Deno.test(`copy (${kind}) takes over bytes, headers, metadata and tags`, async () => {
    await using local = await localS3();
    const content = noise(12 * MIB);
    const Tagging = "a=1&b=x%20y";
    await local.s3.putObject({
      ...SOURCE,
      ...DESCRIBED,
      Tagging,
      Body: content,
    });

    const result = await copy(local.s3, TARGET, options);

    assertEquals(result.kind, kind);
    assertEquals(result.parts, kind === "single" ? 1 : 3);
    const { Body, ...head } = await local.s3.getObject({
      Bucket: "photos",
      Key: "copy.txt",
    });
    assertSameBytes(await Body.bytes(), content);
    const { CacheControl, ContentType, Metadata } = head;
    assertEquals({ CacheControl, ContentType, Metadata }, DESCRIBED);
    const { TagSet } = await local.s3.getObjectTagging({
      Bucket: "photos",
      Key: "copy.txt",
    });
    assertEquals(TagSet, [{ Key: "a", Value: "1" }, {
      Key: "b",
      Value: "x y",
    }]);
  });

  Deno.test(`copy (${kind}) puts what is given in the place of the source's`, async () => {
    await using local = await localS3();
    await local.s3.putObject({
      ...SOURCE,
      ...DESCRIBED,
      Tagging: "a=1",
      Body: noise(6 * MIB),
    });

    await copy(local.s3, {
      ...TARGET,
      ContentType: "text/html",
      Tagging: "c=3",
    }, options);
    await copy(local.s3, {
      ...TARGET,
      Key: "bare.txt",
      Metadata: {},
      Tagging: "",
    }, options);

    const [one, bare] = await Promise.all(["copy.txt", "bare.txt"].map(
      async (Key) => {
        const object = { Bucket: "photos", Key };
        const { CacheControl, ContentType, Metadata = {} } = await local.s3
          .headObject(object);
        const { TagSet } = await local.s3.getObjectTagging(object);
        return { CacheControl, ContentType, Metadata, TagSet };
      },
    ));
    assertEquals(one, {
      ...DESCRIBED,
      ContentType: "text/html",
      TagSet: [{ Key: "c", Value: "3" }],
    });
    assertEquals(bare, { ...DESCRIBED, Metadata: {}, TagSet: [] });
  });
}

/** Answers of a store with a source of 12 MiB. */
const STORE: Readonly<Record<string, Answer>> = {
  HeadObject: () => ({ ContentLength: 12 * MIB, ETag: '"1"' }),
  GetObjectTagging: () => ({ TagSet: [] }),
  CopyObject: () => ({ CopyObjectResult: { ETag: '"1"' } }),
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  UploadPartCopy: ({ PartNumber }) => ({
    CopyPartResult: { ETag: `"${PartNumber}"`, ChecksumCRC32: "AAAAAA==" },
  }),
  CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  AbortMultipartUpload: () => ({}),
};

Deno.test("copy in parts asks for ranges of the same object and tells progress", async () => {
  const { s3, calls } = fakeS3(STORE);
  const told: number[] = [];

  await copy(s3, { ...TARGET, IfNoneMatch: "*" }, {
    threshold: MIB,
    partSize: 5 * MIB,
    concurrency: 1,
    onProgress: ({ bytes }) => told.push(bytes / MIB),
  });

  const parts = calls.filter(({ name }) => name === "UploadPartCopy");
  assertEquals(
    parts.map(({ input }) => input),
    [
      [1, "bytes=0-5242879"],
      [2, "bytes=5242880-10485759"],
      [3, "bytes=10485760-12582911"],
    ].map(([PartNumber, CopySourceRange]) => ({
      ...TARGET,
      CopySourceIfMatch: '"1"',
      CopySourceRange,
      PartNumber,
      UploadId: "u1",
    })),
  );
  assertEquals(told, [5, 10, 12]);
  const last = calls.at(-1);
  assertEquals(last?.name, "CompleteMultipartUpload");
  assertEquals(last?.input["IfNoneMatch"], "*");
});

Deno.test("copy gets along with a store that has no tags", async () => {
  const { s3 } = fakeS3({
    ...STORE,
    GetObjectTagging: () => {
      throw refusal("NotImplemented", 501);
    },
  });

  const { parts } = await copy(s3, TARGET, { threshold: MIB });

  assertEquals(parts, 1);
});

Deno.test("copy goes on without tags that it may not read, and says so", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    GetObjectTagging: () => {
      throw refusal("AccessDenied", 403);
    },
  });

  const without = await copy(s3, TARGET, { threshold: MIB });
  const given = await copy(s3, { ...TARGET, Tagging: "" }, { threshold: MIB });

  assertEquals(without.kind === "multipart" && without.lost, ["tags"]);
  assertEquals("lost" in given, false);
  assertEquals(
    calls.filter(({ name }) => name === "CreateMultipartUpload")
      .map(({ input }) => "Tagging" in input),
    [false, true],
  );
});

Deno.test("copy discards its parts when the source changes", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    UploadPartCopy: () => {
      throw refusal("PreconditionFailed", 412);
    },
  });

  await assertRejects(
    () => copy(s3, TARGET, { threshold: MIB }),
    ObjectChangedError,
    'Cannot read "cat.txt" of bucket "photos" to its end: it was replaced',
  );
  assertEquals(calls.at(-1)?.name, "AbortMultipartUpload");
});

Deno.test("copy tells a source that changed from a target that is there", async () => {
  const failing = fakeS3({
    ...STORE,
    CopyObject: () => {
      throw refusal("PreconditionFailed", 412);
    },
  });

  await assertRejects(() => copy(failing.s3, TARGET), ObjectChangedError);
  await assertRejects(
    () => copy(failing.s3, { ...TARGET, IfNoneMatch: "*" }),
    ServiceError,
  );
});

Deno.test("copy looks at the source with a client of its own", async () => {
  const { s3, calls } = fakeS3(STORE);
  const source = fakeS3(STORE);

  await copy(s3, TARGET, { source: source.s3 });

  assertEquals(source.calls.map(({ name }) => name), ["HeadObject"]);
  assertEquals(calls.map(({ name }) => name), ["CopyObject"]);
});

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
