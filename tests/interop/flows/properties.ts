/**
 * What objects and buckets have beside their content.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { downloadBytes } from "../../../src/transfer/mod.ts";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** What objects and buckets have beside their content. */
export const PROPERTIES: readonly Flow[] = [
  s3Flow("object_tagging", "PutObjectTagging", ["moto"], async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "tagged" };
    await s3.putObject({ ...at, Body: "x" });

    const TagSet = [{ Key: "team", Value: "video @ sound" }];
    await s3.putObjectTagging({ ...at, Tagging: { TagSet } });

    assertEquals((await s3.getObjectTagging(at)).TagSet, TagSet);
  }),
  s3Flow("bucket_policy", "PutBucketPolicy", ["moto"], async (clients) => {
    const { s3, bucket } = clients;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{
        Effect: "Allow",
        Principal: "*",
        Action: "s3:ListBucket",
        Resource: `arn:aws:s3:::${bucket}`,
      }],
    });

    await s3.putBucketPolicy({ Bucket: bucket, Policy });

    const got = await s3.getBucketPolicy({ Bucket: bucket });
    assertEquals(JSON.parse(got.Policy ?? ""), JSON.parse(Policy));
  }),
  s3Flow("bucket_location", "GetBucketLocation", BOTH, async (clients) => {
    const { s3, bucket } = clients;

    const { LocationConstraint } = await s3.getBucketLocation({
      Bucket: bucket,
    });

    assert([undefined, "us-east-1"].includes(LocationConstraint));
  }),
  s3Flow("object_headers", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "page" };
    const headers = {
      ContentType: "text/html",
      ContentDisposition: 'attachment; filename="a b.html"',
      ContentEncoding: "identity",
      Metadata: { app: "transcoder", "with-dash": "two  words" },
    };

    await s3.putObject({ ...at, Body: "<p>", ...headers });

    const { ContentType, ContentDisposition, ContentEncoding, Metadata } =
      await s3.headObject(at);
    assertEquals(
      { ContentType, ContentDisposition, ContentEncoding, Metadata },
      headers,
    );
  }),
  s3Flow("object_storage_class", "PutObject", ["moto"], async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "cold" };

    await s3.putObject({ ...at, Body: "x", StorageClass: "STANDARD_IA" });

    const { StorageClass } = await s3.headObject(at);
    assertEquals(StorageClass, "STANDARD_IA");
  }),
  s3Flow("object_checksums", "PutObject", ["moto"], async (clients) => {
    const { s3, bucket } = clients;
    for (const ChecksumAlgorithm of ["CRC32", "SHA256"] as const) {
      const at = { Bucket: bucket, Key: ChecksumAlgorithm };
      await s3.putObject({ ...at, Body: "checked", ChecksumAlgorithm });

      const { Body, verifiedBy } = await downloadBytes(s3, at);

      assertEquals(new TextDecoder().decode(Body), "checked");
      assertEquals(verifiedBy, ChecksumAlgorithm);
    }
  }),
  s3Flow("select_object_content", "SelectObjectContent", ["moto"], async (
    { s3, bucket },
  ) => {
    const at = { Bucket: bucket, Key: "people.json" };
    await s3.putObject({ ...at, Body: '{"name":"Ann"}\n{"name":"Bob"}\n' });

    const { Payload } = await s3.selectObjectContent({
      ...at,
      Expression: "SELECT * FROM s3object s WHERE s.name = 'Ann'",
      ExpressionType: "SQL",
      InputSerialization: { JSON: { Type: "LINES" } },
      OutputSerialization: { JSON: {} },
    });
    let rows = "";
    for await (const { Records } of Payload) {
      rows += new TextDecoder().decode(Records?.Payload);
    }

    assertEquals(JSON.parse(rows), { name: "Ann" });
  }),
];
