import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../../src/foundation/errors.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import {
  bucketExists,
  objectExists,
  requireBucket,
  statBucket,
  statObject,
} from "../../../src/services/s3/stat.ts";
import { coreWith, refusal } from "./answering_core.ts";

const OBJECT = { Bucket: "photos", Key: "cat.txt" };
const BUCKET = { Bucket: "photos" };

Deno.test("statObject tells what an object is like", async () => {
  const { core, calls } = coreWith({ ContentLength: 5 });

  const facts = await statObject(new S3(core), OBJECT, { readTimeoutMs: 9 });

  assertEquals(facts?.ContentLength, 5);
  assertEquals(calls, [{
    operation: "HeadObject",
    input: OBJECT,
    options: { readTimeoutMs: 9 },
  }]);
});

Deno.test("statObject takes 404 for nothing", async () => {
  const { core } = coreWith(refusal(404));

  assertEquals(await statObject(new S3(core), OBJECT), null);
});

Deno.test("statObject explains 403 by the permissions", async () => {
  const refused = refusal(403);
  refused.ResponseMetadata = {
    HTTPStatusCode: 403,
    HTTPHeaders: {},
    RetryAttempts: 0,
    Attempts: [{ attempt: 1, delayMs: 0, durationMs: 1 }],
  };
  const { core } = coreWith(refused);

  const error = await assertRejects(
    () => statObject(new S3(core), OBJECT),
    ServiceError,
    '403 (Operation, 403, request A1): Cannot look at "cat.txt" in bucket "photos": the caller may not know; it needs s3:GetObject for the object, and s3:ListBucket for the bucket',
  );

  assertEquals(error.detail, refused.detail);
  assertEquals(error.ResponseMetadata, refused.ResponseMetadata);
});

Deno.test("statObject names the usual reasons for 400", async () => {
  const { core } = coreWith(refusal(400));

  await assertRejects(
    () => statObject(new S3(core), OBJECT),
    ServiceError,
    "expired credentials",
  );
});

Deno.test("statObject passes on what it has no words for", async () => {
  const refused = refusal(503, "SlowDown");
  const { core } = coreWith(refused, new RangeError("other"));
  const client = new S3(core);

  assertEquals(
    await assertRejects(() => statObject(client, OBJECT), ServiceError),
    refused,
  );
  await assertRejects(() => statObject(client, OBJECT), RangeError, "other");
});

Deno.test("objectExists tells what is there from what is not", async () => {
  const { core } = coreWith({}, refusal(404), refusal(403));
  const client = new S3(core);

  assertEquals(await objectExists(client, OBJECT), true);
  assertEquals(await objectExists(client, OBJECT), false);
  await assertRejects(() => objectExists(client, OBJECT), ServiceError);
});

Deno.test("bucketExists tells what is there from what is not", async () => {
  const { core } = coreWith({}, refusal(404), refusal(403));
  const client = new S3(core);

  assertEquals(await bucketExists(client, BUCKET), true);
  assertEquals(await bucketExists(client, BUCKET), false);
  await assertRejects(
    () => bucketExists(client, BUCKET),
    ServiceError,
    'Cannot look at bucket "photos": the caller may not know; it needs s3:ListBucket',
  );
});

Deno.test("statBucket tells what a bucket is like", async () => {
  const { core } = coreWith({ BucketRegion: "eu-west-1" });

  const facts = await statBucket(new S3(core), BUCKET);

  assertEquals(facts?.BucketRegion, "eu-west-1");
});

Deno.test("requireBucket tells a missing bucket in words", async () => {
  const { core } = coreWith(refusal(404));

  const error = await assertRejects(
    () => requireBucket(new S3(core), BUCKET),
    ServiceError,
    'Cannot look at bucket "photos": there is no such bucket',
  );

  assertEquals(error.status, 404);
});
