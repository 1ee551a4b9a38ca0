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
