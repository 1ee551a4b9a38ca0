import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConfigError,
  ObjectChangedError,
  PreconditionError,
  ServiceError,
  TransportError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import { objectExists } from "../../src/services/s3/mod.ts";
import { move } from "../../src/transfer/mod.ts";
import { type Answer, fakeS3, localS3, refusal } from "./stubs.ts";

const Bucket = "photos";
const SOURCE = { Bucket, Key: "a" };
const TARGET = { Bucket, Key: "b", CopySource: SOURCE };

/** Answers of a store in which every object is the same. */
const STORE: Readonly<Record<string, Answer>> = {
  HeadObject: () => ({ ContentLength: 5, ETag: '"1"' }),
  CopyObject: () => ({ CopyObjectResult: { ETag: '"1"' } }),
  DeleteObject: () => ({}),
};

Deno.test("move copies an object and deletes the source", async () => {
  await using local = await localS3();
  const { s3, requests } = local;
  await s3.putObject({
    ...SOURCE,
    Body: "miaow",
    ContentType: "text/cat",
    Metadata: { mood: "fine" },
  });
  requests.length = 0;

  const { copied } = await move(s3, "s3://photos/a", "s3://photos/b");

  assertEquals(copied.kind, "single");
  assertEquals(await objectExists(s3, SOURCE), false);
  const { Body, ContentType, Metadata } = await s3.getObject({
    Bucket,
    Key: "b",
  });
  assertEquals([await Body.text(), ContentType], ["miaow", "text/cat"]);
  assertEquals(Metadata, { mood: "fine" });
});

Deno.test("move of a versioned object leaves a delete marker, or deletes the version", async () => {
  await using local = await localS3();
  const { s3 } = local;
  await s3.putBucketVersioning({
    Bucket,
    VersioningConfiguration: { Status: "Enabled" },
  });
  const { VersionId = "" } = await s3.putObject({ ...SOURCE, Body: "old" });
  await s3.putObject({ ...SOURCE, Body: "new" });

  const first = await move(s3, {
    ...TARGET,
    CopySource: { ...SOURCE, VersionId },
  });
  const second = await move(s3, TARGET);

  assertEquals(first.deleted.VersionId, VersionId);
  assertEquals(second.deleted.DeleteMarker, true);
  const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({
    Bucket,
    Prefix: "a",
  });
  assertEquals([Versions.length, DeleteMarkers.length], [1, 1]);
  const { Body } = await s3.getObject({ Bucket, Key: "b" });
  assertEquals(await Body.text(), "new");
});

Deno.test("move binds the delete to what was copied", async () => {
  const { s3, calls } = fakeS3(STORE, {
    settings: () => Promise.resolve({}),
  });

  await move(s3, {
    ...TARGET,
    ExpectedBucketOwner: "2",
    ExpectedSourceBucketOwner: "1",
    RequestPayer: "requester",
  });

  assertEquals(calls.map(({ name }) => name), [
    "HeadObject",
    "CopyObject",
    "DeleteObject",
  ]);
  assertEquals(calls.at(-1)?.input, {
    ...SOURCE,
    IfMatch: '"1"',
    ExpectedBucketOwner: "1",
    RequestPayer: "requester",
  });
});

Deno.test("move deletes by the client of the source", async () => {
  const { s3, calls } = fakeS3(STORE);
  const source = fakeS3(STORE);

  await move(s3, TARGET, { source: source.s3 });

  assertEquals(calls.map(({ name }) => name), ["CopyObject"]);
  assertEquals(source.calls.map(({ name }) => name), [
    "HeadObject",
    // Nobody knows whether this store keeps the condition.
    "HeadObject",
    "DeleteObject",
  ]);
});

for (const keepsConditions of [true, false]) {
  Deno.test(`move keeps a source that is replaced after it was copied (conditions ${keepsConditions ? "kept" : "ignored"})`, async () => {
    await using local = await localS3({
      around: async (request, send, options) => {
        const { "if-match": _match, ...rest } = request.headers;
        const isDelete = request.method === "DELETE";
        const headers = keepsConditions || !isDelete ? request.headers : rest;
        const answer = await send({ ...request, headers }, options);
        if ("x-amz-copy-source" in request.headers) {
          await local.s3.putObject({ ...SOURCE, Body: "another one" });
        }
        return answer;
      },
      ...keepsConditions && { config: { store: "aws" } },
    });
    const { s3 } = local;
    await s3.putObject({ ...SOURCE, Body: "miaow" });

    const error = await assertRejects(
      () => move(s3, TARGET),
      PreconditionError,
      'Cannot delete "a" of bucket "photos": it was replaced or removed after it was copied to "b" of bucket "photos", and what is there now is kept',
    );

    assertEquals(error.kind, "changed");
    const { Body } = await s3.getObject(SOURCE);
    assertEquals(await Body.text(), "another one");
    assertEquals(await objectExists(s3, "s3://photos/b"), true);
  });
}

Deno.test("move deletes although a store cannot match the ETag that it gives", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    DeleteObject: ({ IfMatch }) => {
      if (IfMatch !== undefined) throw refusal("PreconditionFailed", 412);
      return {};
    },
  });

  await move(s3, TARGET);

  assertEquals(
    calls.slice(-3).map(({ name, input }) => [name, input.IfMatch]),
    [
      ["DeleteObject", '"1"'],
      ["HeadObject", undefined],
      ["DeleteObject", undefined],
    ],
  );
});

Deno.test("move does not ask for a delete under a weak ETag", async () => {
  const HeadObject: Answer = () => ({ ContentLength: 5, ETag: 'W/"1"' });
  const { s3, calls } = fakeS3({ ...STORE, HeadObject }, {
    settings: () => Promise.resolve({}),
  });

  await move(s3, TARGET);

  assertEquals(
    calls.slice(-2).map(({ name, input }) => [name, input.IfMatch]),
    [
      ["HeadObject", undefined],
      ["DeleteObject", undefined],
    ],
  );
});

Deno.test("move to itself is refused before anything is sent", async () => {
  const { s3, calls } = fakeS3(STORE);
  const message =
    "Cannot call move: CopySource is the target itself, which would be deleted: give another bucket or key";
  for (
    const call of [
      () => move(s3, "s3://photos/a", "s3://photos/a"),
      () => move(s3, { ...SOURCE, CopySource: SOURCE }),
      () => move(s3, { ...SOURCE, CopySource: "/photos/a" }),
      () => move(s3, { ...SOURCE, CopySource: { ...SOURCE, VersionId: "1" } }),
    ]
  ) await assertRejects(call, ValidationError, message);
  assertEquals(calls, []);
});

const POINT = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine";

Deno.test("move sees the same object under another name of its bucket", async () => {
  const LastModified = new Date(0);
  const HeadObject: Answer = () => ({
    ContentLength: 5,
    ETag: '"1"',
    LastModified,
  });
  const { s3, calls } = fakeS3({ ...STORE, HeadObject });
  for (const other of [POINT, "mine-abcdef0123-s3alias", "tenant:photos"]) {
    for (
      const call of [
        () => move(s3, `s3://${other}/a`, "s3://photos/a"),
        () => move(s3, { Bucket: other, Key: "a", CopySource: SOURCE }),
      ]
    ) await assertRejects(call, ValidationError, "is the target itself");
  }
  assert(calls.every(({ name }) => name === "HeadObject"));
});

Deno.test("move goes to another object under the name of an access point", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    HeadObject: ({ Bucket }) => {
      if (Bucket === POINT) throw refusal("404", 404);
      return { ContentLength: 5, ETag: '"1"' };
    },
  });
  await move(s3, "s3://photos/a", `s3://${POINT}/a`);
  assertEquals(calls.at(-1)?.name, "DeleteObject");
});

Deno.test("move deletes nothing where the copy failed", async () => {
  for (
    const [code, status, kind] of [
      ["AccessDenied", 403, ServiceError],
      ["PreconditionFailed", 412, ObjectChangedError],
    ] as const
  ) {
    const { s3, calls } = fakeS3({
      ...STORE,
      HeadObject: () => ({
        ContentLength: 5,
        ETag: calls.length < 2 ? '"1"' : '"2"',
      }),
      CopyObject: () => {
        throw refusal(code, status);
      },
    });
    assert(await assertRejects(() => move(s3, TARGET)) instanceof kind);
    assert(!calls.some(({ name }) => name === "DeleteObject"));
  }
});

Deno.test("move deletes nothing where the copy lacks tags", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    GetObjectTagging: () => {
      throw refusal("AccessDenied", 403);
    },
    CreateMultipartUpload: () => ({ UploadId: "u1" }),
    UploadPartCopy: () => ({ CopyPartResult: { ETag: '"1"' } }),
    CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  });
  const error = await assertRejects(
    () => move(s3, TARGET, { threshold: 1 }),
    ConfigError,
    'Cannot move "a" of bucket "photos": its tags may not be read, so that "b" of bucket "photos" lacks them and the source is kept. Allow s3:GetObjectTagging, or give Tagging',
  );
  assertEquals(error.code, "IncompleteCopy");
  assertEquals(calls.at(-1)?.name, "CompleteMultipartUpload");
});

Deno.test("move says that the copy is there where the delete failed", async () => {
  const failures = [
    refusal("AccessDenied", 403),
    new TransportError("reset", "It broke", { maybeSent: true }),
  ];
  for (const failure of failures) {
    const { s3 } = fakeS3({
      ...STORE,
      DeleteObject: () => {
        throw failure;
      },
    });
    await assertRejects(
      () => move(s3, TARGET),
      Error,
      '; the copy of "a" of bucket "photos" is there as "b" of bucket "photos", and the source is not known to be deleted',
    );
  }
});

Deno.test("move that is aborted after the copy keeps the source", async () => {
  const ends = new AbortController();
  const { s3, calls } = fakeS3({
    ...STORE,
    CopyObject: () => {
      ends.abort(new Error("enough"));
      return { CopyObjectResult: { ETag: '"1"' } };
    },
  });
  await assertRejects(
    () => move(s3, TARGET, { signal: ends.signal }),
    Error,
    "enough",
  );
  assertEquals(calls.at(-1)?.name, "CopyObject");
});
