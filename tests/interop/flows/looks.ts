/**
 * Looks at what is there, and waits for it.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { TimeoutError } from "../../../mod.ts";
import {
  bucketExists,
  objectExists,
  S3,
  statBucket,
  statObject,
} from "../../../src/services/s3/mod.ts";
import { BOTH, type Flow, refusal, s3Flow } from "../story.ts";

/** Looks at what is there, and waits for it. */
export const LOOKS: readonly Flow[] = [
  s3Flow("exists", "HeadObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "there" };
    await s3.putObject({ ...at, Body: "x" });

    assertEquals(await objectExists(s3, at), true);
    assertEquals(await objectExists(s3, { ...at, Key: "none" }), false);
    assertEquals(await bucketExists(s3, { Bucket: bucket }), true);
    assertEquals(await bucketExists(s3, { Bucket: `${bucket}-none` }), false);
  }),
  s3Flow("stat", "HeadObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "there" };
    await s3.putObject({ ...at, Body: "12345" });

    assertEquals((await statObject(s3, at))?.ContentLength, 5);
    assertEquals(await statObject(s3, { ...at, Key: "none" }), null);
    assertEquals(await statBucket(s3, { Bucket: `${bucket}-none` }), null);
  }),
  s3Flow("exists_denied", "HeadObject", ["swift"], async (clients) => {
    const { session, bucket: Bucket } = clients;
    const guest = session.client(S3, {
      credentials: { accessKeyId: "test:guest", secretAccessKey: "visiting" },
    });

    const ofObject = await refusal(
      objectExists(guest, { Bucket, Key: "none" }),
    );
    const ofBucket = await refusal(bucketExists(guest, { Bucket }));

    assertEquals([ofObject.status, ofBucket.status], [403, 403]);
    assertStringIncludes(ofObject.message, "s3:ListBucket");
    assertStringIncludes(ofBucket.message, "s3:ListBucket");
  }),
  s3Flow("wait_until_bucket_exists", "HeadBucket", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const Bucket = `${bucket}-late`;
    const often = { delayMs: 1, maxAttempts: 2 };

    const error = await assertRejects(
      () => s3.waitUntilBucketExists({ Bucket }, often),
      TimeoutError,
    );
    await s3.createBucket({ Bucket });
    await s3.waitUntilBucketExists({ Bucket }, often);
    await s3.deleteBucket({ Bucket });
    await s3.waitUntilBucketNotExists({ Bucket }, often);

    assert(error.cause instanceof Error);
  }),
  s3Flow("wait_until_object_not_exists", "HeadObject", BOTH, async (
    { s3, bucket },
  ) => {
    const at = { Bucket: bucket, Key: "soon gone" };
    const often = { delayMs: 1, maxAttempts: 2 };
    await s3.putObject({ ...at, Body: "x" });

    await s3.waitUntilObjectExists(at, often);
    await assertRejects(
      () => s3.waitUntilObjectNotExists(at, often),
      TimeoutError,
    );
    await s3.deleteObject(at);
    await s3.waitUntilObjectNotExists(at, often);
  }),
];
