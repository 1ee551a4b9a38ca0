import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../../src/foundation/errors.ts";
import type { S3 } from "../../../src/services/s3/mod.ts";
import { Session } from "../../../mod.ts";
import { S3 as S3Client } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";

const Bucket = "photos";
const Key = "k";

async function withBucket(): Promise<S3> {
  const local = new LocalAws({ minPartSize: 1 });
  const s3 = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  }).client(S3Client);
  await s3.createBucket({ Bucket });
  return s3;
}

async function upload(
  s3: S3,
  type: "COMPOSITE" | "FULL_OBJECT",
): Promise<void> {
  const { UploadId = "" } = await s3.createMultipartUpload({
    Bucket,
    Key,
    ChecksumAlgorithm: "CRC32",
    ChecksumType: type,
  });
  const parts = [];
  for (const [index, Body] of ["hello ", "world"].entries()) {
    const part = await s3.uploadPart({
      Bucket,
      Key,
      UploadId,
      PartNumber: index + 1,
      Body,
      ChecksumAlgorithm: "CRC32",
    });
    parts.push({
      PartNumber: index + 1,
      ETag: part.ETag ?? "",
      ChecksumCRC32: part.ChecksumCRC32 ?? "",
    });
  }
  await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: parts },
  });
}

Deno.test("LocalAws keeps the checksum of an object in parts, of its bytes or of its parts", async () => {
  const s3 = await withBucket();

  await upload(s3, "FULL_OBJECT");
  const full = await s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  await upload(s3, "COMPOSITE");
  const composite = await s3.headObject({
    Bucket,
    Key,
    ChecksumMode: "ENABLED",
  });

  assertEquals([full.ChecksumCRC32, full.ChecksumType], [
    "DUoRhQ==",
    "FULL_OBJECT",
  ]);
  assertEquals(composite.ChecksumType, "COMPOSITE");
  assertEquals(composite.ChecksumCRC32?.endsWith("-2"), true);
});

Deno.test("LocalAws hands out one part, and the attributes of all", async () => {
  const s3 = await withBucket();
  await upload(s3, "COMPOSITE");

  const second = await s3.getObject({ Bucket, Key, PartNumber: 2 });
  const attributes = await s3.getObjectAttributes({
    Bucket,
    Key,
    ObjectAttributes: ["ETag", "ObjectParts", "ObjectSize", "Checksum"],
  });

  assertEquals(await second.Body.text(), "world");
  assertEquals([second.PartsCount, second.ContentRange], [2, "bytes 6-10/11"]);
  assertEquals(attributes.ObjectSize, 11);
  assertEquals(attributes.ObjectParts?.Parts?.map(({ Size }) => Size), [6, 5]);
  assertEquals(attributes.Checksum?.ChecksumType, "COMPOSITE");
});

Deno.test("LocalAws copies with the checksum that is asked for", async () => {
  const s3 = await withBucket();
  await s3.putObject({ Bucket, Key, Body: "hello world" });

  const { CopyObjectResult } = await s3.copyObject({
    Bucket,
    Key: "copy",
    CopySource: "photos/k",
    ChecksumAlgorithm: "SHA1",
  });

  assertEquals(CopyObjectResult.ChecksumSHA1, "Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
});

Deno.test("LocalAws copies no part from beyond the end", async () => {
  const s3 = await withBucket();
  await s3.putObject({ Bucket, Key, Body: "hello world" });
  const { UploadId = "" } = await s3.createMultipartUpload({ Bucket, Key });

  const error = await assertRejects(
    () =>
      s3.uploadPartCopy({
        Bucket,
        Key,
        UploadId,
        PartNumber: 1,
        CopySource: "photos/k",
        CopySourceRange: "bytes=5-11",
      }),
    ServiceError,
  );

  assertEquals(error.code, "InvalidRange");
});

Deno.test("LocalAws keeps metadata with an empty value", async () => {
  const s3 = await withBucket();
  await s3.putObject({ Bucket, Key, Body: "x", Metadata: { empty: "" } });

  const { Metadata } = await s3.headObject({ Bucket, Key });

  assertEquals(Metadata, { empty: "" });
});

Deno.test("LocalAws wants the customer's key that an object was stored with", async () => {
  const s3 = await withBucket();
  const key = (fill: number) => ({
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: new Uint8Array(32).fill(fill),
  });
  const put = await s3.putObject({ Bucket, Key, Body: "secret", ...key(1) });

  const { Body } = await s3.getObject({ Bucket, Key, ...key(1) });
  const without = await assertRejects(
    () => s3.getObject({ Bucket, Key }),
    ServiceError,
  );
  const wrong = await assertRejects(
    () => s3.getObject({ Bucket, Key, ...key(2) }),
    ServiceError,
  );

  assertEquals(put.SSECustomerAlgorithm, "AES256");
  assertEquals(await Body.text(), "secret");
  assertEquals([without.status, without.code], [400, "InvalidRequest"]);
  assertEquals([wrong.status, wrong.code], [400, "InvalidRequest"]);
});

Deno.test("LocalAws echoes encryption, also that of the bucket", async () => {
  const s3 = await withBucket();
  await s3.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: {
      Rules: [{
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: "aws:kms",
          KMSMasterKeyID: "key",
        },
      }],
    },
  });
  await s3.putObject({ Bucket, Key, Body: "x" });
  await s3.putObject({
    Bucket,
    Key: "own",
    Body: "x",
    ServerSideEncryption: "AES256",
  });

  const byBucket = await s3.headObject({ Bucket, Key });
  const own = await s3.headObject({ Bucket, Key: "own" });

  assertEquals([byBucket.ServerSideEncryption, byBucket.SSEKMSKeyId], [
    "aws:kms",
    "key",
  ]);
  assertEquals(own.ServerSideEncryption, "AES256");
});
