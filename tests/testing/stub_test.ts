import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ServiceError, ValidationError } from "../../src/foundation/errors.ts";
import { ANY, ReplayError, stub } from "../../src/testing/mod.ts";
import { localS3 } from "../local_s3.ts";

Deno.test("a stub answers in order, and ends well once all was asked", async () => {
  using stubbed = stub(localS3().s3);
  stubbed.getObject({ Bucket: "photos", Key: "cat" }, { Body: "miaow" })
    .putObject({ Bucket: "photos", Key: "cat", Body: ANY }, { ETag: '"1"' })
    .headBucket(undefined, { error: { code: "404", status: 404 } });
  const s3 = stubbed.client;

  const { Body, ResponseMetadata } = await s3.getObject({
    Bucket: "photos",
    Key: "cat",
  });
  const { ETag } = await s3.putObject({
    Bucket: "photos",
    Key: "cat",
    Body: "hiss",
  });
  const error = await assertRejects(
    () => s3.headBucket({ Bucket: "photos" }),
    ServiceError,
  );

  assertEquals(await Body.text(), "miaow");
  assertEquals(ResponseMetadata.HTTPStatusCode, 200);
  assertEquals([ETag, error.code, error.status], ['"1"', "404", 404]);
});

Deno.test("a stub refuses other calls, and says so again at the end", async () => {
  const stubbed = stub(localS3().s3);
  stubbed.getObject({ Bucket: "photos", Key: "cat" }, { Body: "miaow" });
  const s3 = stubbed.client;

  const other = await assertRejects(
    () => s3.getObject({ Bucket: "photos", Key: "dog" }),
    ReplayError,
  );
  await assertRejects(() => s3.listBuckets(), ReplayError, "GetObject was");
  const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat" });
  await assertRejects(() => s3.listBuckets(), ReplayError, "no further call");

  assertEquals(await Body.text(), "miaow");
  assertEquals(
    other.message,
    'Cannot answer GetObject: expected { Bucket: "photos", Key: "cat" }, got { Bucket: "photos", Key: "dog" }',
  );
  assertThrows(() => stubbed.done(), ReplayError, "dog");
});

Deno.test("a stub names the calls that have not come", () => {
  const stubbed = stub(localS3().s3);
  stubbed.listBuckets(undefined, { Buckets: [] });

  assertThrows(() => stubbed.done(), ReplayError, "ListBuckets");
});

Deno.test("a stub checks inputs against the operation's shape", async () => {
  const stubbed = stub(localS3().s3);
  stubbed.getObject(undefined, { Body: "miaow" });
  const wrong = { Bucket: "photos", Key: "cat", Kye: "cat" };

  await assertRejects(() => stubbed.client.getObject(wrong), ValidationError);
});

Deno.test("a stub answers pages", async () => {
  const stubbed = stub(localS3().s3);
  stubbed.listObjectsV2({ Bucket: "photos" }, {
    Contents: [{ Key: "a" }],
    IsTruncated: true,
    NextContinuationToken: "t",
  }).listObjectsV2({ Bucket: "photos", ContinuationToken: "t" }, {
    Contents: [{ Key: "b" }],
  });

  const first = await stubbed.client.listObjectsV2({ Bucket: "photos" });
  const second = await stubbed.client.listObjectsV2({
    Bucket: "photos",
    ContinuationToken: first.NextContinuationToken ?? "",
  });

  assertEquals([first, second].map(({ Contents }) => Contents?.[0]?.Key), [
    "a",
    "b",
  ]);
  stubbed.done();
});

// boto3's Stubber refuses the same, when the answer is added.
Deno.test("a stub checks answers against the operation's shape", async () => {
  const misspelt: object = { Contnets: [] };
  const wrongType: object = { Contents: [{ Key: 1 }], KeyCount: "1" };
  const bodied: object = { Body: "miaow" };
  const told: string[] = [];
  for (const answer of [misspelt, wrongType, bodied]) {
    const stubbed = stub(localS3().s3);
    stubbed.listObjectsV2(undefined, answer);
    const error = await assertRejects(
      () => stubbed.client.listObjectsV2({ Bucket: "photos" }),
      ReplayError,
    );
    assertThrows(() => stubbed.done(), ReplayError, error.message);
    told.push(error.message.replace(/^.*output: /, ""));
  }

  assertEquals(told, [
    'Contnets is unknown: the nearest known name is "Contents"',
    "Contents[0].Key must be a string: it is a number; KeyCount must be a whole number: it is a string",
    "Body is unknown",
  ]);
});

Deno.test("a stub takes answers that say only what matters", async () => {
  using stubbed = stub(localS3().s3);
  stubbed.getObject(undefined, { Body: "miaow", Metadata: { mood: "calm" } })
    .headObject(undefined, { ContentLength: 5, LastModified: new Date(0) })
    .getBucketPolicy(undefined, { Policy: "{}" })
    .listObjectsV2(undefined, {});
  const input = { Bucket: "photos", Key: "cat" };
  const s3 = stubbed.client;

  assertEquals((await s3.getObject(input)).Metadata, { mood: "calm" });
  assertEquals((await s3.headObject(input)).ContentLength, 5);
  assertEquals((await s3.getBucketPolicy({ Bucket: "photos" })).Policy, "{}");
  await s3.listObjectsV2({ Bucket: "photos" });
});
