/**
 * Successes whose body is not what was asked for.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { AwsError } from "../../mod.ts";
import type { S3 } from "../../src/services/s3/mod.ts";
import { type Answer, answering, rejection } from "./answering.ts";

const Bucket = "photos";
const CAT = { Bucket, Key: "cat.txt" };
const ONCE = { retry: { maxAttempts: 1 } } as const;
const HTML = { "content-type": "text/html; charset=utf-8" };

/** Calls that are answered with a document. */
const CALLS: Readonly<Record<string, (s3: S3) => Promise<unknown>>> = {
  listObjectsV2: (s3) => s3.listObjectsV2({ Bucket }),
  listObjects: (s3) => s3.listObjects({ Bucket }),
  listObjectVersions: (s3) => s3.listObjectVersions({ Bucket }),
  listBuckets: (s3) => s3.listBuckets({}),
  listMultipartUploads: (s3) => s3.listMultipartUploads({ Bucket }),
  listParts: (s3) => s3.listParts({ ...CAT, UploadId: "u" }),
  listBucketMetricsConfigurations: (s3) =>
    s3.listBucketMetricsConfigurations({ Bucket }),
  copyObject: (s3) => s3.copyObject({ ...CAT, CopySource: "photos/dog" }),
  uploadPartCopy: (s3) =>
    s3.uploadPartCopy({
      ...CAT,
      CopySource: "photos/dog",
      UploadId: "u",
      PartNumber: 1,
    }),
  createMultipartUpload: (s3) => s3.createMultipartUpload(CAT),
  completeMultipartUpload: (s3) =>
    s3.completeMultipartUpload({ ...CAT, UploadId: "u" }),
  deleteObjects: (s3) =>
    s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "k" }] } }),
  getBucketAcl: (s3) => s3.getBucketAcl({ Bucket }),
  getBucketCors: (s3) => s3.getBucketCors({ Bucket }),
  getBucketEncryption: (s3) => s3.getBucketEncryption({ Bucket }),
  getBucketLocation: (s3) => s3.getBucketLocation({ Bucket }),
  getBucketTagging: (s3) => s3.getBucketTagging({ Bucket }),
  getBucketVersioning: (s3) => s3.getBucketVersioning({ Bucket }),
  getObjectAttributes: (s3) =>
    s3.getObjectAttributes({ ...CAT, ObjectAttributes: ["ETag"] }),
  getObjectRetention: (s3) => s3.getObjectRetention(CAT),
  getObjectTagging: (s3) => s3.getObjectTagging(CAT),
};

const WRONG: Readonly<Record<string, string>> = {
  "a page of a portal":
    "<!DOCTYPE html><html><head><title>Log in</title></head><body><p>Hi<br></body></html>",
  "a page that is XML":
    "<html><head><title>Log in</title></head><body/></html>",
  "another document": "<Foo/>",
  "another document with members": "<Foo><Bar>1</Bar></Foo>",
  "JSON": '{"message":"Log in"}',
  "text": "It works!",
  "bytes": "\u0000\u0001\u0002",
};

for (const [what, body] of Object.entries(WRONG)) {
  Deno.test(`${what} in a success is refused, with type, status and first bytes`, async () => {
    for (const [name, call] of Object.entries(CALLS)) {
      const { s3 } = answering([{ headers: HTML, body }], ONCE);

      const error = await rejection(call(s3));

      assert(error instanceof AwsError, `${name}: ${error}`);
      assertStringIncludes(error.message, "status 200", name);
      assertStringIncludes(error.message, "text/html", name);
      const start = JSON.stringify(body.slice(0, 5)).slice(1, -1);
      assertStringIncludes(error.message, start, name);
    }
  });
}

Deno.test("a page in a success is refused where the type is not known", async () => {
  const { s3 } = answering([WRONG["a page of a portal"] ?? ""], ONCE);

  const error = await rejection(s3.listObjectsV2({ Bucket }));

  assert(error instanceof AwsError);
  assertStringIncludes(error.message, "no content type");
});

Deno.test("a document that cannot be read is told as it came, after all attempts", async () => {
  const cut = "<ListBucketResult><Name>photos</Na";
  const { s3, sent } = answering([{ headers: HTML, body: cut }], {
    retry: { mode: "standard", maxAttempts: 3 },
  });

  const error = await rejection(s3.listObjectsV2({ Bucket }));

  assert(error instanceof AwsError);
  assertEquals(sent.length, 3);
  assertEquals(
    error.message,
    'Cannot read the answer to ListObjectsV2 (3 attempts): its body is no XML document (status 200, content type "text/html; charset=utf-8", 34 bytes that begin with "<ListBucketResult><Name>photos</Na")',
  );
});

Deno.test("control characters of a server do not reach the terminal", async () => {
  const { s3 } = answering([{
    headers: { "content-type": "a\u001b[2Jb" },
    body: "\u001b[31mred\u009b31m",
  }], ONCE);

  const error = await rejection(s3.listBuckets({}));

  assert(error instanceof AwsError);
  const codes = [...error.message].map((sign) => sign.charCodeAt(0));
  assertEquals(codes.filter((code) => code < 32 || code >= 127), []);
  assertStringIncludes(error.message, "\\u001b[31mred\\u009b31m");
});

Deno.test("an empty body is refused by listings", async () => {
  for (const name of Object.keys(CALLS).filter((one) => /^list/.test(one))) {
    const { s3 } = answering([""], ONCE);

    const error = await rejection(CALLS[name]?.(s3) ?? Promise.resolve());

    assert(error instanceof AwsError, name);
    assertStringIncludes(error.message, "its body is empty");
    assertStringIncludes(error.message, "status 200");
  }
});

Deno.test("pages and items end with the empty body that they meet", async () => {
  const page =
    "<ListBucketResult><Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
  const { s3 } = answering([page, ""], ONCE);
  const keys: (string | undefined)[] = [];

  const error = await rejection((async () => {
    for await (const { Key } of s3.listObjectsV2Items({ Bucket })) {
      keys.push(Key);
    }
  })());

  assert(error instanceof AwsError);
  assertEquals(keys, ["a"]);
});

Deno.test("an empty body can be meant elsewhere", async () => {
  const { s3 } = answering([""], ONCE);

  const location = await s3.getBucketLocation({ Bucket });
  const copied = await s3.copyObject({ ...CAT, CopySource: "photos/dog" });

  assertEquals(location.LocationConstraint, undefined);
  assertEquals<object>(copied.CopyObjectResult, {});
});

const EMPTY_BUT_RIGHT: readonly (readonly [call: string, body: string])[] = [
  ["getBucketVersioning", "<VersioningConfiguration/>"],
  ["getBucketLocation", "<LocationConstraint/>"],
  ["getBucketLocation", "<LocationConstraint>eu-west-1</LocationConstraint>"],
  // As moto 5.2.1 answers.
  ["getBucketVersioning", "<GetBucketVersioningResponse/>"],
  ["getBucketAcl", "<GetBucketAclResponse/>"],
  ["getObjectRetention", "<GetObjectRetentionResponse/>"],
  ["getBucketCors", "<CORSConfiguration/>"],
  [
    "getBucketTagging",
    '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></Tagging>',
  ],
  ["getObjectTagging", "<Tagging/>"],
  ["getObjectRetention", "<Retention/>"],
  ["getObjectAttributes", "<GetObjectAttributesResponse/>"],
  ["getObjectAttributes", "<GetObjectAttributesOutput/>"],
  ["deleteObjects", "<DeleteResult/>"],
  ["listObjectsV2", "<ListBucketResult/>"],
  ["listBuckets", "<ListAllMyBucketsResult/>"],
  ["getBucketEncryption", "<ServerSideEncryptionConfiguration/>"],
];

for (const [name, body] of EMPTY_BUT_RIGHT) {
  Deno.test(`${body} is an answer to ${name}`, async () => {
    const { s3 } = answering([body], ONCE);

    const output = await CALLS[name]?.(s3);

    assert(output instanceof Object);
  });
}

Deno.test("a root of another name is taken where its elements are known", async () => {
  const { s3 } = answering([
    "<ListVersionsResult><Contents><Key>k</Key></Contents></ListVersionsResult>",
  ], ONCE);

  const { Contents } = await s3.listObjectsV2({ Bucket });

  assertEquals(Contents?.map(({ Key }) => Key), ["k"]);
});

Deno.test("a wrong answer that could hold keys is not shown", async () => {
  const SECRET = "wJalrXUtnFEMI0K7MDENG";
  const documents: readonly Answer[] = [
    `<CreateSessionResult><Credentials><SecretAccessKey>${SECRET}</Secret`,
    `<Foo><SecretAccessKey>${SECRET}</SecretAccessKey></Foo>`,
  ];
  for (const document of documents) {
    const { s3, sts } = answering([document], ONCE);
    for (
      const call of [
        () => s3.createSession({ Bucket: "b--euw1-az1--x-s3" }),
        () => sts.getSessionToken({}),
      ]
    ) {
      const error = await rejection(call());

      assert(error instanceof AwsError, `${error}`);
      assertStringIncludes(error.message, "withheld");
      assertNotMatch(Deno.inspect(error), /wJalr/);
    }
  }
});

for (
  const [what, body] of [
    ["no body", ""],
    ["no result", "<GetCallerIdentityResponse/>"],
    [
      "only metadata",
      "<GetCallerIdentityResponse><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    ],
    ["a page", "<html><body/></html>"],
    ["text", "It works!"],
  ]
) {
  Deno.test(`a success of STS with ${what} is an error`, async () => {
    const { sts } = answering([{ headers: HTML, body: body ?? "" }], ONCE);

    const error = await rejection(sts.getCallerIdentity({}));

    assert(error instanceof AwsError, `${error}`);
    assertStringIncludes(error.message, "status 200");
    assertStringIncludes(error.message, "text/html");
  });
}
