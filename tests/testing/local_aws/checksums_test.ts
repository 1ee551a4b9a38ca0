import { assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../../mod.ts";
import { ServiceError } from "../../../src/foundation/errors.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { LocalClient } from "./local_client.ts";

const Bucket = "photos";
const Key = "k";

/** Of "hello", as aws-crt and the Catalogue of parametrised CRCs have it. */
const HELLO = "M3eFcAZSQlc=";
/** Of "123456789". */
const DIGITS = "rosUhgp5mIg=";

/** A client that states no checksums unless it is told to. */
async function withBucket(): Promise<S3> {
  const local = new LocalAws({ minPartSize: 1 });
  const session = new Session({
    ...local.clientConfig,
    transport: local.transport(),
  });
  const s3 = session.client(S3, { requestChecksum: "when_required" });
  await s3.createBucket({ Bucket });
  return s3;
}

Deno.test("LocalAws computes CRC64NVME of what comes without a checksum", async () => {
  const s3 = await withBucket();

  const put = await s3.putObject({ Bucket, Key, Body: "hello" });
  const silent = await s3.headObject({ Bucket, Key });
  const head = await s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  const { Checksum } = await s3.getObjectAttributes({
    Bucket,
    Key,
    ObjectAttributes: ["Checksum"],
  });
  const { Contents = [] } = await s3.listObjectsV2({ Bucket });
  const { CopyObjectResult } = await s3.copyObject({
    Bucket,
    Key: "copy",
    CopySource: `${Bucket}/${Key}`,
  });

  for (const found of [put, head, Checksum, CopyObjectResult]) {
    assertEquals(
      [found?.ChecksumCRC64NVME, found?.ChecksumType],
      [HELLO, "FULL_OBJECT"],
    );
  }
  assertEquals(silent.ChecksumCRC64NVME, undefined);
  assertEquals(Contents[0]?.ChecksumAlgorithm, ["CRC64NVME"]);
});

Deno.test("LocalAws computes CRC64NVME of an upload that was begun without a checksum", async () => {
  const s3 = await withBucket();
  const { UploadId = "", ...begun } = await s3.createMultipartUpload({
    Bucket,
    Key,
  });
  const parts = await uploadParts(s3, UploadId, ["1234", "56789"]);

  const listed = await s3.listParts({ Bucket, Key, UploadId });
  const done = await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: parts },
  });
  const head = await s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  const { ObjectParts } = await s3.getObjectAttributes({
    Bucket,
    Key,
    ObjectAttributes: ["ObjectParts"],
  });

  assertEquals([done.ChecksumCRC64NVME, done.ChecksumType], [
    DIGITS,
    "FULL_OBJECT",
  ]);
  assertEquals(head.ChecksumCRC64NVME, DIGITS);
  // Nobody has asked for an algorithm: it is told with the parts only.
  assertEquals(
    [begun.ChecksumAlgorithm, listed.ChecksumAlgorithm, listed.ChecksumType],
    [undefined, undefined, undefined],
  );
  assertEquals(
    listed.Parts?.map(({ ChecksumCRC64NVME }) => ChecksumCRC64NVME),
    ObjectParts?.Parts?.map(({ ChecksumCRC64NVME }) => ChecksumCRC64NVME),
  );
  assertEquals(listed.Parts?.[0]?.ChecksumCRC64NVME?.length, 12);
});

for (const type of ["COMPOSITE", "FULL_OBJECT"] as const) {
  Deno.test(`LocalAws tells the checksum of parts and its kind wherever S3 does, ${type}`, async () => {
    const s3 = await withBucket();
    const { UploadId = "", ...begun } = await s3.createMultipartUpload({
      Bucket,
      Key,
      ChecksumAlgorithm: "CRC32",
      ChecksumType: type,
    });
    const parts = await uploadParts(s3, UploadId, ["hello ", "world"], "CRC32");

    const listed = await s3.listParts({ Bucket, Key, UploadId });
    const { Uploads } = await s3.listMultipartUploads({ Bucket });
    const done = await s3.completeMultipartUpload({
      Bucket,
      Key,
      UploadId,
      ChecksumType: type,
      MultipartUpload: { Parts: parts },
    });
    // A client whose answer was lost asks again.
    const again = await s3.completeMultipartUpload({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: parts },
    });
    const head = await s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });

    assertEquals(
      [begun, listed, Uploads?.[0], done, again, head].map((found) =>
        found?.ChecksumType
      ),
      Array(6).fill(type),
    );
    assertEquals(
      listed.Parts?.map(({ ChecksumCRC32 }) => ChecksumCRC32),
      parts.map(({ ChecksumCRC32 }) => ChecksumCRC32),
    );
    assertEquals(done.ChecksumCRC32, head.ChecksumCRC32);
    assertEquals(done.ChecksumCRC32, again.ChecksumCRC32);
    // zlib.crc32(b"hello world"); and of the two values' eight bytes.
    assertEquals(
      done.ChecksumCRC32,
      type === "FULL_OBJECT" ? "DUoRhQ==" : "1Fu2mQ==-2",
    );
  });
}

Deno.test("LocalAws gives range and checksum of the same part, whatever its number was", async () => {
  const s3 = await withBucket();
  const { UploadId = "" } = await s3.createMultipartUpload({ Bucket, Key });
  const parts = await uploadParts(s3, UploadId, ["hello", "123456789"], "", 3);
  await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts: parts },
  });

  const found = [];
  for (const PartNumber of [1, 2]) {
    const input = { Bucket, Key, PartNumber, ChecksumMode: "ENABLED" } as const;
    const { Body, ContentRange, ChecksumCRC64NVME } = await s3.getObject(input);
    const head = await s3.headObject(input);
    assertEquals(
      [head.ContentRange, head.ChecksumCRC64NVME],
      [ContentRange, ChecksumCRC64NVME],
    );
    found.push([await Body.text(), ContentRange, ChecksumCRC64NVME]);
  }

  assertEquals(found, [
    ["hello", "bytes 0-4/14", HELLO],
    ["123456789", "bytes 5-13/14", DIGITS],
  ]);
});

Deno.test("LocalAws refuses what does not fit the checksum of an upload", async () => {
  const s3 = await withBucket();
  const { UploadId = "" } = await s3.createMultipartUpload({
    Bucket,
    Key,
    ChecksumAlgorithm: "CRC32",
  });
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: "x" };
  const other = await refusal(
    s3.uploadPart({ ...part, ChecksumAlgorithm: "SHA1" }),
  );
  const none = await refusal(s3.uploadPart(part));
  const parts = await uploadParts(s3, UploadId, ["a", "b", "c"], "CRC32");
  const finish = (input: object) =>
    refusal(
      s3.completeMultipartUpload({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: parts },
        ...input,
      }),
    );
  const bare = await finish({
    MultipartUpload: {
      Parts: parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })),
    },
  });
  const gap = await finish({
    MultipartUpload: { Parts: [parts[0], parts[2]] },
  });
  const type = await finish({ ChecksumType: "FULL_OBJECT" });

  assertEquals(
    [other, none, bare, type],
    [
      "InvalidRequest: Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: sha1",
      "InvalidRequest: Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null",
      "InvalidRequest: The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.",
      "InvalidRequest: The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.",
    ],
  );
  assertEquals(gap.split(":")[0], "InvalidPartOrder");
});

Deno.test("LocalAws copies parts into an upload with a customer's key", async () => {
  const s3 = await withBucket();
  const key = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: new Uint8Array(32).fill(7),
  };
  await s3.putObject({ Bucket, Key: "source", Body: "hello world" });
  const { UploadId = "" } = await s3.createMultipartUpload({
    Bucket,
    Key,
    ...key,
  });
  const part = {
    Bucket,
    Key,
    UploadId,
    PartNumber: 1,
    CopySource: `${Bucket}/source`,
    CopySourceRange: "bytes=6-10",
  };

  const without = await refusal(s3.uploadPartCopy(part));
  const copied = await s3.uploadPartCopy({ ...part, ...key });
  const { ResponseMetadata } = await s3.completeMultipartUpload({
    Bucket,
    Key,
    UploadId,
    ...key,
    MultipartUpload: {
      Parts: [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag ?? "" }],
    },
  });
  const { Body } = await s3.getObject({ Bucket, Key, ...key });

  assertEquals(without.split(":")[0], "InvalidRequest");
  assertEquals(copied.SSECustomerAlgorithm, "AES256");
  assertEquals(
    ResponseMetadata.HTTPHeaders[
      "x-amz-server-side-encryption-customer-algorithm"
    ],
    "AES256",
  );
  assertEquals(await Body.text(), "world");
});

// Codes and texts as S3 answers, by the issues of versitygw that compare with it.
Deno.test("LocalAws refuses checksums that are none, as S3 words it", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const put = async (headers: Readonly<Record<string, string>>) => {
    const { text, code } = await client.send("PUT", "/photos/k", {
      headers,
      body: "hello",
    });
    return `${code}: ${/<Message>(.*?)</.exec(text)?.[1]}`;
  };

  assertEquals(
    await put({ "x-amz-checksum-crc32": "bad" }),
    "InvalidRequest: Value for x-amz-checksum-crc32 header is invalid.",
  );
  assertEquals(
    await put({
      "x-amz-checksum-crc32": "NhCmhg==",
      "x-amz-checksum-crc32c": "mnG7TA==",
    }),
    "InvalidRequest: Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
  );
  assertEquals(
    await put({
      "x-amz-sdk-checksum-algorithm": "CRC32",
      "x-amz-checksum-crc32c": "mnG7TA==",
    }),
    "InvalidRequest: Value for x-amz-sdk-checksum-algorithm header is invalid.",
  );
  assertEquals(
    await put({ "x-amz-sdk-checksum-algorithm": "CRC32" }),
    "InvalidRequest: x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
  );
});

interface UploadedPart {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumCRC32?: string;
}

async function uploadParts(
  s3: S3,
  UploadId: string,
  bodies: readonly string[],
  algorithm: "" | "CRC32" = "",
  step = 1,
): Promise<UploadedPart[]> {
  const parts: UploadedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = 1 + index * step;
    const { ETag = "", ChecksumCRC32 } = await s3.uploadPart({
      Bucket,
      Key,
      UploadId,
      PartNumber,
      Body,
      ...algorithm === "" ? {} : { ChecksumAlgorithm: algorithm },
    });
    parts.push({
      PartNumber,
      ETag,
      ...ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 },
    });
  }
  return parts;
}

async function refusal(call: Promise<unknown>): Promise<string> {
  const { code, reason } = await assertRejects(() => call, ServiceError);
  return `${code}: ${reason}`;
}
