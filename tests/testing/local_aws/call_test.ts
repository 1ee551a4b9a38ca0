import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Session } from "../../../mod.ts";
import { base64 } from "../../../src/foundation/bytes.ts";
import { ServiceError } from "../../../src/foundation/errors.ts";
import type { Operation } from "../../../src/ports/schema.ts";
import * as tables from "../../../src/services/s3/generated/operations.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { bucketHandlers } from "../../../src/testing/local_aws/buckets.ts";
import { listingHandlers } from "../../../src/testing/local_aws/listing.ts";
import { multipartHandlers } from "../../../src/testing/local_aws/multipart.ts";
import { objectHandlers } from "../../../src/testing/local_aws/objects.ts";
import {
  REFUSED_HEADERS,
  REFUSED_MEMBERS,
} from "../../../src/testing/local_aws/call.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { localS3 } from "../../local_s3.ts";
import { LocalClient } from "./local_client.ts";

/** Members of inputs that are done, by what does them. */
const DONE: Readonly<Record<string, string>> = {
  "the request itself": "Body Bucket ContentLength Key UploadId VersionId",
  "what is kept with an object":
    "CacheControl ContentDisposition ContentEncoding ContentLanguage ContentType Expires Metadata StorageClass Tagging WebsiteRedirectLocation",
  "encryption":
    "BucketKeyEnabled SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5 SSEKMSEncryptionContext SSEKMSKeyId ServerSideEncryption",
  "access":
    "ACL AccessControlPolicy ExpectedBucketOwner GrantFullControl GrantRead GrantReadACP GrantWrite GrantWriteACP ObjectOwnership RequestPayer",
  "conditions":
    "CopySourceIfMatch CopySourceIfModifiedSince CopySourceIfNoneMatch CopySourceIfUnmodifiedSince IfMatch IfModifiedSince IfNoneMatch IfUnmodifiedSince",
  "copies":
    "CopySource CopySourceRange CopySourceSSECustomerAlgorithm CopySourceSSECustomerKey CopySourceSSECustomerKeyMD5 ExpectedSourceBucketOwner MetadataDirective TaggingDirective",
  "checksums":
    "ChecksumAlgorithm ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumMD5 ChecksumMode ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumType ChecksumXXHASH128 ChecksumXXHASH3 ChecksumXXHASH64 ContentMD5",
  "parts and ranges":
    "MpuObjectSize MultipartUpload PartNumber PartNumberMarker Range",
  "overrides":
    "ResponseCacheControl ResponseContentDisposition ResponseContentEncoding ResponseContentLanguage ResponseContentType ResponseExpires",
  "listings":
    "BucketRegion ContinuationToken Delimiter EncodingType FetchOwner KeyMarker Marker MaxBuckets MaxKeys MaxParts MaxUploads ObjectAttributes Prefix StartAfter UploadIdMarker VersionIdMarker",
  "documents that are stored and returned":
    "AccelerateConfiguration AnalyticsConfiguration BucketLoggingStatus CORSConfiguration Id IntelligentTieringConfiguration InventoryConfiguration MetricsConfiguration NotificationConfiguration OwnershipControls Policy PublicAccessBlockConfiguration ReplicationConfiguration RequestPaymentConfiguration ServerSideEncryptionConfiguration VersioningConfiguration WebsiteConfiguration",
  "other documents": "CreateBucketConfiguration Delete",
};

/** Members that have nothing to do here, and would not on Amazon's side either. */
const NOTHING_TO_DO: Readonly<Record<string, string>> = {
  BypassGovernanceRetention: "nothing is retained",
  ConfirmRemoveSelfBucketAccess: "the owner can always remove a policy",
  OptionalObjectAttributes: "nothing is being restored; its value is checked",
  SkipDestinationValidation: "no destination is validated",
};

const HANDLERS = {
  ...bucketHandlers,
  ...listingHandlers,
  ...multipartHandlers,
  ...objectHandlers,
};

// Proves L: an option that a later version of the tables brings fails here
// until it is done, refused, or known to have nothing to do.
Deno.test("LocalAws does, refuses or has nothing to do for every option of its operations", () => {
  const known = new Set([
    ...Object.values(DONE).flatMap((names) => names.split(" ")),
    ...Object.keys(NOTHING_TO_DO),
  ]);
  const found = new Set<string>();
  const unknown: string[] = [];
  for (const [name, table] of Object.entries(tables)) {
    if (!Object.hasOwn(HANDLERS, name)) continue;
    const operation: Operation<never, unknown> = table;
    for (const [key, member] of Object.entries(operation.input().members)) {
      found.add(key);
      const wire = (member.name ?? key).toLowerCase();
      if (member.at === "header" && Object.hasOwn(REFUSED_HEADERS, wire)) {
        continue;
      }
      if (!known.has(key)) unknown.push(`${name}.${key}`);
    }
  }

  assertEquals(unknown, []);
  assertEquals([...known].filter((name) => !found.has(name)), []);
});

Deno.test("LocalAws refuses by name the header fields that it does not do", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");

  for (const [header, silent] of Object.entries(REFUSED_HEADERS)) {
    const refused = await client.send("PUT", "/photos/k", {
      headers: { [header]: "1" },
    });
    assertEquals([refused.status, refused.code], [501, "NotImplemented"]);
    assertStringIncludes(refused.text, header);
    if (silent === undefined) continue;
    const { status } = await client.send("PUT", "/photos/k", {
      headers: { [header]: silent },
    });
    assertEquals(status, 200, header);
  }
});

Deno.test("LocalAws refuses by name the elements that it does not do", async () => {
  const documents: Readonly<Record<string, readonly [string, string]>> = {
    Bucket: ["/other", "<Bucket><Type>Directory</Type></Bucket>"],
    Location: ["/other", "<Location><Name>usw2-az1</Name></Location>"],
    LastModifiedTime: [
      "",
      "<LastModifiedTime>Sun, 22 Nov 2026 10:00:00 GMT</LastModifiedTime>",
    ],
    Size: ["", "<Size>1</Size>"],
  };
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const names = Object.values(REFUSED_MEMBERS).flat()
    .map((path) => path.split(".").at(-1) ?? "");
  assertEquals(names.toSorted(), Object.keys(documents).toSorted());

  for (const [name, [path, element]] of Object.entries(documents)) {
    const body = path === ""
      ? `<Delete><Object><Key>k</Key>${element}</Object></Delete>`
      : `<CreateBucketConfiguration>${element}</CreateBucketConfiguration>`;
    const refused = path === ""
      ? await client.send("POST", "/photos", {
        query: [["delete"]],
        headers: { "content-md5": await md5(body) },
        body,
      })
      : await client.send("PUT", path, { body });
    assertEquals([refused.status, refused.code], [501, "NotImplemented"], name);
    assertStringIncludes(refused.text, name);
  }
});

const Bucket = "photos";

const USERS = [
  { accessKeyId: "AKIAONE", secretAccessKey: "one", account: "111111111111" },
  { accessKeyId: "AKIATWO", secretAccessKey: "two", account: "222222222222" },
];

Deno.test("LocalAws lets other accounts into a bucket that they have to pay for, if they agree", async () => {
  const local = new LocalAws({ credentials: USERS });
  const [owner, other] = USERS.map((credentials) =>
    new Session({
      ...local.clientConfig,
      credentials,
      transport: local.transport(),
    }).client(S3)
  );
  if (owner === undefined || other === undefined) throw new RangeError();
  const input = { Bucket, Key: "k" };
  await owner.createBucket({ Bucket });
  await owner.putObject({ ...input, Body: "miaow", ACL: "public-read" });
  await owner.putBucketRequestPayment({
    Bucket,
    RequestPaymentConfiguration: { Payer: "Requester" },
  });

  const refused = await codeOf(other.getObject(input));
  const { RequestCharged } = await other.getObject({
    ...input,
    RequestPayer: "requester",
  });
  const own = await owner.headObject(input);

  assertEquals(refused, "AccessDenied");
  assertEquals([RequestCharged, own.RequestCharged], ["requester", undefined]);
});

Deno.test("LocalAws compares the owner that is expected of the source of a copy", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putObject({ Bucket, Key: "k", Body: "x" });
  const copy = { Bucket, Key: "copy", CopySource: "photos/k" };

  const refused = await codeOf(
    s3.copyObject({ ...copy, ExpectedSourceBucketOwner: "222222222222" }),
  );
  await s3.copyObject({ ...copy, ExpectedSourceBucketOwner: "123456789012" });

  assertEquals(refused, "AccessDenied");
});

Deno.test("LocalAws hands out no object of an archive, and copies none", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putObject({ Bucket, Key: "k", Body: "x", StorageClass: "GLACIER" });

  const head = await s3.headObject({ Bucket, Key: "k" });
  const got = await codeOf(s3.getObject({ Bucket, Key: "k" }));
  const copied = await codeOf(
    s3.copyObject({ Bucket, Key: "copy", CopySource: "photos/k" }),
  );
  const other = await codeOf(
    s3.putObject({ Bucket, Key: "k", Body: "x", StorageClass: "OUTPOSTS" }),
  );

  assertEquals(head.StorageClass, "GLACIER");
  assertEquals(
    [got, copied, other],
    ["InvalidObjectState", "ObjectNotInActiveTierError", "InvalidStorageClass"],
  );
});

Deno.test("LocalAws verifies Content-MD5 and checksums of documents", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const tag = async (headers: Readonly<Record<string, string>>) =>
    (await client.send("PUT", "/photos", {
      query: [["tagging"]],
      headers,
      body:
        "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    })).code;

  assertEquals(
    await tag({ "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" }),
    "BadDigest",
  );
  assertEquals(await tag({ "x-amz-checksum-crc32": "AAAAAA==" }), "BadDigest");
  assertEquals(await tag({}), undefined);
});

Deno.test("LocalAws obeys the header fields in a presigned URL's query, but for checksums", async () => {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  const signed = await client.presign("/photos/k", {
    method: "PUT",
    query: [
      ["x-amz-acl", "public-read"],
      ["x-amz-checksum-crc32", "AAAAAA=="],
      ["x-amz-meta-name", "cat"],
      ["x-amz-sdk-checksum-algorithm", "CRC32"],
    ],
  });

  const put = await client.sendRaw({
    ...signed,
    body: new TextEncoder().encode("miaow"),
  });
  const got = await client.sendRaw({
    method: "GET",
    origin: "http://localhost",
    path: "/photos/k",
    query: [],
    headers: {},
    body: undefined,
  });

  assertEquals([put.status, got.status, got.text], [200, 200, "miaow"]);
  assertEquals(got.headers["x-amz-meta-name"], "cat");
});

Deno.test("LocalAws blocks customers' keys where a bucket does, and tells the context of a key", async () => {
  const { s3 } = localS3();
  await s3.createBucket({
    Bucket,
    CreateBucketConfiguration: { Tags: [{ Key: "a", Value: "b" }] },
  });
  await s3.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: {
      Rules: [{ BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] } }],
    },
  });

  const blocked = await codeOf(
    s3.putObject({
      Bucket,
      Key: "k",
      Body: "x",
      SSECustomerAlgorithm: "AES256",
      SSECustomerKey: new Uint8Array(32),
    }),
  );
  const put = await s3.putObject({
    Bucket,
    Key: "k",
    Body: "x",
    ServerSideEncryption: "aws:kms",
    SSEKMSEncryptionContext: "e30=",
  });
  const { TagSet } = await s3.getBucketTagging({ Bucket });

  assertEquals([blocked, put.SSEKMSEncryptionContext], [
    "AccessDenied",
    "e30=",
  ]);
  assertEquals(TagSet, [{ Key: "a", Value: "b" }]);
});

Deno.test("LocalAws pages through configurations", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  for (let number = 0; number < 101; number++) {
    const Id = String(number).padStart(3, "0");
    await s3.putBucketMetricsConfiguration({
      Bucket,
      Id,
      MetricsConfiguration: { Id },
    });
  }

  const first = await s3.listBucketMetricsConfigurations({ Bucket });
  const second = await s3.listBucketMetricsConfigurations({
    Bucket,
    ContinuationToken: first.NextContinuationToken ?? "",
  });

  assertEquals(first.MetricsConfigurationList?.length, 100);
  assertEquals(second.MetricsConfigurationList, [{ Id: "100" }]);
  assertEquals([first.IsTruncated, second.IsTruncated], [true, false]);
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, ServiceError)).code;
}

async function md5(text: string): Promise<string> {
  const { md5: digest } = await import("../../../src/foundation/checksums.ts");
  return base64(await digest(new TextEncoder().encode(text)));
}
