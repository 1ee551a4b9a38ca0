/**
 * What servers refuse, and how.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { S3 } from "../../../src/services/s3/mod.ts";
import { BOTH, type Flow, refusal, s3Flow } from "../story.ts";

/** What servers refuse, and how. */
export const REFUSALS: readonly Flow[] = [
  s3Flow("no_such_key", "GetObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "missing" };

    const error = await refusal(s3.getObject(at));
    const head = await refusal(s3.headObject(at));

    assertEquals([error.code, error.status], ["NoSuchKey", 404]);
    assertEquals([head.code, head.status], ["404", 404]);
  }),
  s3Flow("no_such_bucket", "ListObjectsV2", BOTH, async ({ s3 }) => {
    const error = await refusal(
      s3.listObjectsV2({ Bucket: "no-such-bucket-here" }),
    );

    assertEquals([error.code, error.status], ["NoSuchBucket", 404]);
  }),
  s3Flow("signature_does_not_match", "ListBuckets", ["swift"], async (
    { session },
  ) => {
    const { accessKeyId } = await session.credentials();
    const stranger = session.client(S3, {
      credentials: { accessKeyId, secretAccessKey: "not-the-secret" },
    });

    const error = await refusal(stranger.listBuckets());

    assertEquals([error.code, error.status], ["SignatureDoesNotMatch", 403]);
  }),
  s3Flow("access_denied", "ListObjectsV2", ["swift"], async (
    { session, bucket },
  ) => {
    const stranger = session.client(S3, {
      credentials: {
        accessKeyId: "test:guest",
        secretAccessKey: "visiting",
      },
    });

    const error = await refusal(stranger.listObjectsV2({ Bucket: bucket }));

    assertEquals([error.code, error.status], ["AccessDenied", 403]);
  }),
];
