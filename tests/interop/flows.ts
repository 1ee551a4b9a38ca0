/**
 * Stories that are told to real servers, and to recordings of them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../mod.ts";
import { Session, type SessionOptions } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";

/** Servers that flows are told to. */
export type ServerName = "moto" | "swift";

/** One story. */
export interface Flow {
  /** Operation plus circumstance; the name of its folder. */
  readonly name: string;
  /** The service it is mostly about. */
  readonly service: "s3" | "sts";
  /** The operation it is mostly about. */
  readonly operation: string;
  /** The servers that can play their part in it. */
  readonly servers: readonly ServerName[];
  /** Tells it; throws where an answer is not as it should be. */
  readonly tell: (clients: Clients) => Promise<void>;
}

/** Who a story is told with. */
export interface Clients {
  /** The session, for clients with settings of their own. */
  readonly session: Session;
  /** What the session was made with, for sessions of the story's own. */
  readonly settings: SessionOptions;
  /** A client of the server. */
  readonly s3: S3;
  /** A bucket that is there, empty, for this story alone. */
  readonly bucket: string;
}

const BOTH: readonly ServerName[] = ["moto", "swift"];
const ROLE = "arn:aws:iam::123456789012:role/reader";

/** All stories. */
export const FLOWS: readonly Flow[] = [
  s3Flow("put_get_head_object", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "HLS/sample.m3u8" };

    const put = await s3.putObject({
      ...at,
      Body: "#EXTM3U\n",
      ContentType: "application/vnd.apple.mpegurl",
      Metadata: { app: "transcoder" },
    });
    const got = await s3.getObject(at);
    const head = await s3.headObject(at);

    assertEquals(await got.Body.text(), "#EXTM3U\n");
    assertEquals(got.ETag, put.ETag);
    assertEquals(got.ContentType, "application/vnd.apple.mpegurl");
    assertEquals(got.Metadata, { app: "transcoder" });
    assertEquals(head.ContentLength, 8);
    assert(head.LastModified instanceof Date);
  }),
  s3Flow("get_object_range", "GetObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "digits" };
    await s3.putObject({ ...at, Body: "0123456789" });

    const { Body, ContentRange } = await s3.getObject({
      ...at,
      Range: "bytes=2-4",
    });

    assertEquals(await Body.text(), "234");
    assertEquals(ContentRange, "bytes 2-4/10");
  }),
  s3Flow("get_object_not_modified", "GetObject", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "same" };
    const { ETag = "" } = await s3.putObject({ ...at, Body: "same" });

    const error = await refusal(s3.getObject({ ...at, IfNoneMatch: ETag }));

    assertEquals(error.status, 304);
  }),
  s3Flow("put_object_stream", "PutObject", ["moto"], async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "stream" };
    const source = {
      length: undefined,
      replayable: true,
      open: () => ReadableStream.from([new TextEncoder().encode("in pieces")]),
    };

    await s3.putObject({ ...at, Body: source });

    assertEquals(await (await s3.getObject(at)).Body.text(), "in pieces");
  }),
  s3Flow("put_object_empty", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "empty" };

    await s3.putObject({ ...at, Body: "" });

    const { Body, ContentLength } = await s3.getObject(at);
    assertEquals(ContentLength, 0);
    assertEquals((await Body.bytes()).length, 0);
  }),
  s3Flow("list_objects_pages", "ListObjectsV2", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["a/1", "a/2", "b c+d/3", "e&<f>"]) {
      await s3.putObject({ Bucket: bucket, Key, Body: Key });
    }

    const keys = [];
    const list = s3.listObjectsV2Items({ Bucket: bucket, MaxKeys: 3 });
    for await (const item of list) keys.push("Key" in item ? item.Key : "");
    const folders = await s3.listObjectsV2({ Bucket: bucket, Delimiter: "/" });

    assertEquals(keys, ["a/1", "a/2", "b c+d/3", "e&<f>"]);
    assertEquals(folders.CommonPrefixes, [
      { Prefix: "a/" },
      { Prefix: "b c+d/" },
    ]);
    assertEquals(folders.Contents?.map(({ Key }) => Key), ["e&<f>"]);
  }),
  s3Flow("delete_objects_many", "DeleteObjects", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["one", "two & three", "four"]) {
      await s3.putObject({ Bucket: bucket, Key, Body: "x" });
    }

    const { Deleted = [] } = await s3.deleteObjects({
      Bucket: bucket,
      Delete: { Objects: [{ Key: "one" }, { Key: "two & three" }] },
    });
    await s3.deleteObject({ Bucket: bucket, Key: "four" });

    assertEquals(Deleted.map(({ Key }) => Key).sort(), ["one", "two & three"]);
    const { KeyCount = 0 } = await s3.listObjectsV2({ Bucket: bucket });
    assertEquals(KeyCount, 0);
  }),
  s3Flow("copy_object_odd_key", "CopyObject", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const Key = "ü ?+%.txt";
    await s3.putObject({ Bucket: bucket, Key, Body: "copied" });

    const { CopyObjectResult } = await s3.copyObject({
      Bucket: bucket,
      Key: "copy",
      CopySource: { Bucket: bucket, Key },
    });

    assert(CopyObjectResult?.ETag);
    const { Body } = await s3.getObject({ Bucket: bucket, Key: "copy" });
    assertEquals(await Body.text(), "copied");
  }),
  s3Flow("multipart_upload", "CreateMultipartUpload", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "parts" };

    const { UploadId } = await s3.createMultipartUpload(at);
    const { ETag } = await s3.uploadPart({
      ...at,
      UploadId,
      PartNumber: 1,
      Body: "the only part",
    });
    const { Parts } = await s3.listParts({ ...at, UploadId });
    const done = await s3.completeMultipartUpload({
      ...at,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });

    assertEquals(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]), [
      [1, 13],
    ]);
    assertEquals(done.Key, "parts");
    assertEquals(await (await s3.getObject(at)).Body.text(), "the only part");
  }),
  s3Flow("multipart_upload_aborted", "AbortMultipartUpload", BOTH, async (
    { s3, bucket },
  ) => {
    const at = { Bucket: bucket, Key: "never" };

    const { UploadId } = await s3.createMultipartUpload(at);
    await s3.abortMultipartUpload({ ...at, UploadId });

    const error = await refusal(s3.listParts({ ...at, UploadId }));
    assertEquals(error.code, "NoSuchUpload");
  }),
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
  s3Flow("list_buckets", "ListBuckets", BOTH, async ({ s3, bucket }) => {
    const { Buckets = [] } = await s3.listBuckets();

    assert(Buckets.some(({ Name }) => Name === bucket));
  }),
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
  {
    name: "get_caller_identity",
    service: "sts",
    operation: "GetCallerIdentity",
    servers: ["moto"],
    tell: async ({ session }) => {
      const { Account, Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(Account, "123456789012");
      assert(Arn.startsWith("arn:aws:sts::123456789012:"));
    },
  },
  {
    name: "assume_role",
    service: "sts",
    operation: "AssumeRole",
    servers: ["moto"],
    tell: async ({ session }) => {
      const { Credentials: credentials, AssumedRoleUser } = await session
        .client(STS).assumeRole({
          RoleArn: ROLE,
          RoleSessionName: "story",
          DurationSeconds: 1_800,
        });
      assert(credentials !== undefined);
      const sts = session.client(STS, { credentials });

      const { Arn } = await sts.getCallerIdentity();

      assertEquals(
        AssumedRoleUser?.Arn,
        "arn:aws:sts::123456789012:assumed-role/reader/story",
      );
      assertEquals(Arn, AssumedRoleUser?.Arn);
    },
  },
  {
    name: "assume_role_chain_of_profiles",
    service: "sts",
    operation: "AssumeRole",
    servers: ["moto"],
    tell: async ({ settings }) => {
      using session = withConfig(
        settings,
        `[default]
role_arn = ${ROLE}
role_session_name = outer
source_profile = middle
duration_seconds = 1800
[profile middle]
role_arn = arn:aws:iam::123456789012:role/middle
role_session_name = inner
source_profile = base
[profile base]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
`,
      );

      const { source, accountId, expiration } = await session.credentials();
      const { Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(source, "assume-role");
      assertEquals(accountId, "123456789012");
      assert(expiration instanceof Date);
      assertEquals(
        Arn,
        "arn:aws:sts::123456789012:assumed-role/reader/outer",
      );
    },
  },
  {
    name: "assume_role_with_web_identity_of_profile",
    service: "sts",
    operation: "AssumeRoleWithWebIdentity",
    servers: ["moto"],
    tell: async ({ settings }) => {
      using session = withConfig(
        settings,
        `[default]
role_arn = ${ROLE}
role_session_name = web
web_identity_token_file = /token
`,
      );

      const { source } = await session.credentials();
      const { Arn } = await session.client(STS).getCallerIdentity();

      assertEquals(source, "assume-role-with-web-identity");
      assertEquals(Arn, "arn:aws:sts::123456789012:assumed-role/reader/web");
    },
  },
];

/**
 * A session whose credentials come from a config file. The token is what recordings
 * put in the place of one.
 */
function withConfig(settings: SessionOptions, config: string): Session {
  const { credentials: _, ...others } = settings;
  return new Session({
    ...others,
    system: new FakeSystem({
      env: { HOME: "/home/ann" },
      files: { "/home/ann/.aws/config": config, "/token": "EXAMPLETOKEN1" },
    }),
  });
}

/** The bucket of a flow. */
export function bucketOf({ name }: Flow): string {
  return `flow-${name.replaceAll("_", "-")}`;
}

function s3Flow(
  name: string,
  operation: string,
  servers: readonly ServerName[],
  tell: Flow["tell"],
): Flow {
  return { name, service: "s3", operation, servers, tell };
}

async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  return await assertRejects(() => call, ServiceError);
}
