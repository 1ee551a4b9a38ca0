import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Session } from "../../../mod.ts";
import { ServiceError } from "../../../src/foundation/errors.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { localS3 } from "../../local_s3.ts";

const Bucket = "photos";

const USERS = [
  { accessKeyId: "AKIAONE", secretAccessKey: "one", account: "111111111111" },
  { accessKeyId: "AKIATWO", secretAccessKey: "two", account: "222222222222" },
];

/** The same server as its owner, as another account and as nobody sees it. */
interface Sight {
  readonly local: LocalAws;
  readonly owner: S3;
  readonly other: S3;
  readonly nobody: S3;
}

async function sight(): Promise<Sight> {
  const local = new LocalAws({ credentials: USERS });
  const [one, two] = [...USERS, "anonymous" as const].map((credentials) =>
    new Session({
      ...local.clientConfig,
      credentials,
      transport: local.transport(),
    }).client(S3)
  );
  const nobody = new Session({
    ...local.clientConfig,
    credentials: "anonymous",
    transport: local.transport(),
  }).client(S3);
  if (one === undefined || two === undefined) throw new RangeError("No users");
  await one.createBucket({ Bucket });
  await one.putObject({ Bucket, Key: "k", Body: "miaow" });
  return { local, owner: one, other: two, nobody };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => call, ServiceError);
  return error.code;
}

Deno.test("LocalAws lets nobody read what is private, and everybody what is public", async () => {
  const { owner, other, nobody } = await sight();
  const input = { Bucket, Key: "k" };

  assertEquals(await codeOf(nobody.getObject(input)), "AccessDenied");
  assertEquals(await codeOf(other.getObject(input)), "AccessDenied");
  await owner.putObjectAcl({ ...input, ACL: "authenticated-read" });
  assertEquals(await codeOf(nobody.getObject(input)), "AccessDenied");
  assertEquals(await (await other.getObject(input)).Body.text(), "miaow");
  await owner.putObjectAcl({ ...input, ACL: "public-read" });
  assertEquals(await (await nobody.getObject(input)).Body.text(), "miaow");
  assertEquals(
    await codeOf(nobody.putObject({ ...input, Body: "x" })),
    "AccessDenied",
  );
  const { Grants } = await owner.getObjectAcl(input);
  assertEquals(
    Grants?.map(({ Permission, Grantee }) => [
      Permission,
      Grantee?.Type,
    ]),
    [["FULL_CONTROL", "CanonicalUser"], ["READ", "Group"]],
  );
});

Deno.test("LocalAws tells a missing key from a forbidden one to those who may list", async () => {
  const { owner, nobody } = await sight();
  const input = { Bucket, Key: "none" };

  assertEquals(await codeOf(nobody.getObject(input)), "AccessDenied");
  await owner.putBucketAcl({ Bucket, ACL: "public-read" });
  assertEquals(await codeOf(nobody.getObject(input)), "NoSuchKey");
  const { Contents } = await nobody.listObjectsV2({ Bucket });
  assertEquals(Contents?.map(({ Key }) => Key), ["k"]);
});

Deno.test("LocalAws obeys a policy, and refuses one with conditions by name", async () => {
  const { owner, other } = await sight();
  const policy = (more: object): string =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::222222222222:root" },
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::photos/*",
        ...more,
      }],
    });

  await owner.putBucketPolicy({ Bucket, Policy: policy({}) });
  const { Body } = await other.getObject({ Bucket, Key: "k" });
  assertEquals(await Body.text(), "miaow");
  await owner.putBucketPolicy({ Bucket, Policy: policy({ Effect: "Deny" }) });
  assertEquals(
    await codeOf(other.getObject({ Bucket, Key: "k" })),
    "AccessDenied",
  );
  const error = await assertRejects(
    () =>
      owner.putBucketPolicy({
        Bucket,
        Policy: policy({
          Condition: { Bool: { "aws:SecureTransport": "true" } },
        }),
      }),
    ServiceError,
  );
  assertEquals(error.code, "NotImplemented");
  assertStringIncludes(error.message, "Condition");
  // Amazon takes it with Deny only.
  assertEquals(
    await codeOf(
      owner.putBucketPolicy({
        Bucket,
        Policy: policy({ NotPrincipal: { AWS: "222222222222" } }),
      }),
    ),
    "MalformedPolicy",
  );
});

Deno.test("LocalAws blocks public access where it is told to", async () => {
  const { owner, nobody } = await sight();
  await owner.putObjectAcl({ Bucket, Key: "k", ACL: "public-read" });
  await owner.putPublicAccessBlock({
    Bucket,
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
    },
  });

  assertEquals(
    await codeOf(nobody.getObject({ Bucket, Key: "k" })),
    "AccessDenied",
  );
  assertEquals(
    await codeOf(owner.putBucketAcl({ Bucket, ACL: "public-read" })),
    "AccessDenied",
  );
});

Deno.test("LocalAws answers for a fresh bucket as Amazon does", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  const absent: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["NoSuchCORSConfiguration", () => s3.getBucketCors({ Bucket })],
    [
      "NoSuchLifecycleConfiguration",
      () => s3.getBucketLifecycleConfiguration({ Bucket }),
    ],
    ["NoSuchWebsiteConfiguration", () => s3.getBucketWebsite({ Bucket })],
    [
      "ReplicationConfigurationNotFoundError",
      () => s3.getBucketReplication({ Bucket }),
    ],
    ["NoSuchBucketPolicy", () => s3.getBucketPolicy({ Bucket })],
    ["NoSuchBucketPolicy", () => s3.getBucketPolicyStatus({ Bucket })],
    ["NoSuchTagSet", () => s3.getBucketTagging({ Bucket })],
    [
      "ObjectLockConfigurationNotFoundError",
      () => s3.getObjectLockConfiguration({ Bucket }),
    ],
    [
      "OwnershipControlsNotFoundError",
      () => s3.getBucketOwnershipControls({ Bucket }),
    ],
    [
      "NoSuchPublicAccessBlockConfiguration",
      () => s3.getPublicAccessBlock({ Bucket }),
    ],
  ];
  for (const [code, call] of absent) assertEquals(await codeOf(call()), code);

  const encryption = await s3.getBucketEncryption({ Bucket });
  const logging = await s3.getBucketLogging({ Bucket });
  const notification = await s3.getBucketNotificationConfiguration({ Bucket });
  const payment = await s3.getBucketRequestPayment({ Bucket });
  const acceleration = await s3.getBucketAccelerateConfiguration({ Bucket });

  assertEquals(
    encryption.ServerSideEncryptionConfiguration?.Rules?.[0]
      ?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
    "AES256",
  );
  assertEquals(logging.LoggingEnabled, undefined);
  assertEquals(notification.TopicConfigurations, undefined);
  assertEquals(payment.Payer, "BucketOwner");
  assertEquals(acceleration.Status, undefined);
});

Deno.test("LocalAws gives back the configurations that it was given", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putBucketWebsite({
    Bucket,
    WebsiteConfiguration: { IndexDocument: { Suffix: "index.html" } },
  });
  await s3.putBucketMetricsConfiguration({
    Bucket,
    Id: "all",
    MetricsConfiguration: { Id: "all" },
  });

  const website = await s3.getBucketWebsite({ Bucket });
  const metrics = await s3.listBucketMetricsConfigurations({ Bucket });

  assertEquals(website.IndexDocument, { Suffix: "index.html" });
  assertEquals(metrics.MetricsConfigurationList, [{ Id: "all" }]);
  await s3.deleteBucketWebsite({ Bucket });
  assertEquals(
    await codeOf(s3.getBucketWebsite({ Bucket })),
    "NoSuchWebsiteConfiguration",
  );
});

Deno.test("LocalAws holds a policy's resource against the object that is written", async () => {
  const { owner, other } = await sight();
  const allow = (Resource: string) =>
    owner.putBucketPolicy({
      Bucket,
      Policy: JSON.stringify({
        Statement: [{
          Effect: "Allow",
          Principal: "*",
          Action: ["s3:PutObject", "s3:DeleteObject"],
          Resource,
        }],
      }),
    });

  await allow(`arn:aws:s3:::${Bucket}`);
  const onBucket = await codeOf(
    other.putObject({ Bucket, Key: "in/k", Body: "x" }),
  );
  await allow(`arn:aws:s3:::${Bucket}/in/*`);
  await other.putObject({ Bucket, Key: "in/k", Body: "x" });
  const { UploadId = "" } = await other.createMultipartUpload({
    Bucket,
    Key: "in/k",
  });
  const outside = await codeOf(
    other.putObject({ Bucket, Key: "out/k", Body: "x" }),
  );
  const aborted = await codeOf(
    other.abortMultipartUpload({ Bucket, Key: "in/k", UploadId }),
  );
  const { Errors } = await other.deleteObjects({
    Bucket,
    Delete: { Objects: [{ Key: "in/k" }, { Key: "out/k" }] },
  });

  assertEquals([onBucket, outside, aborted], Array(3).fill("AccessDenied"));
  assertEquals(Errors?.map(({ Key, Code }) => [Key, Code]), [
    ["out/k", "AccessDenied"],
  ]);
});

Deno.test("LocalAws reads actions of a policy in any case, and restricts what is public only", async () => {
  const { owner, other } = await sight();
  const input = { Bucket, Key: "k" };
  const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true };
  const obey = async (Effect: string, AWS: string): Promise<void> => {
    const statement = {
      Effect,
      Principal: { AWS },
      Action: "S3:getobject",
      Resource: `arn:aws:s3:::${Bucket}/*`,
    };
    const Policy = JSON.stringify({ Statement: [statement] });
    await owner.putBucketPolicy({ Bucket, Policy });
  };
  const read = async (): Promise<string> => {
    const { Body } = await other.getObject(input);
    return await Body.text();
  };

  await obey("Allow", "222222222222");
  assertEquals(await read(), "miaow");
  await owner.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration });
  assertEquals(await read(), "miaow");
  await obey("Allow", "*");
  assertEquals(await codeOf(read()), "AccessDenied");
  await owner.putObjectAcl({ ...input, ACL: "public-read" });
  await obey("Deny", "222222222222");
  assertEquals(await codeOf(read()), "AccessDenied");
});
