/**
 * Where calls go, and what they say of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { FakeSystem } from "../../src/testing/mod.ts";
import type { S3Config } from "../../src/services/s3/mod.ts";
import { answering } from "./answering.ts";

const Bucket = "photos";
const LISTED = "<ListBucketResult/>";
const BUCKETS = "<ListAllMyBucketsResult/>";
const IDENTITY =
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>";

for (
  const [pseudo, region, s3Host, stsHost] of [
    [
      "us-gov-west-1-fips",
      "us-gov-west-1",
      "photos.s3-fips.us-gov-west-1.amazonaws.com",
      "sts.us-gov-west-1.amazonaws.com",
    ],
    [
      "fips-us-gov-west-1",
      "us-gov-west-1",
      "photos.s3-fips.us-gov-west-1.amazonaws.com",
      "sts.us-gov-west-1.amazonaws.com",
    ],
    [
      "fips-us-east-1",
      "us-east-1",
      "photos.s3-fips.us-east-1.amazonaws.com",
      "sts-fips.us-east-1.amazonaws.com",
    ],
    [
      "us-east-2-fips",
      "us-east-2",
      "photos.s3-fips.us-east-2.amazonaws.com",
      "sts-fips.us-east-2.amazonaws.com",
    ],
  ] as const
) {
  Deno.test(`${pseudo} is ${region} and its FIPS hosts, as in botocore`, async () => {
    const system = new FakeSystem({ env: { AWS_REGION: pseudo } });
    for (
      const { s3, sts, sent } of [
        answering([LISTED, IDENTITY], { region: pseudo }),
        answering([LISTED, IDENTITY], { system, region: "" }),
      ]
    ) {
      await s3.listObjectsV2({ Bucket });
      await sts.getCallerIdentity({});

      assertEquals(sent.map(({ origin }) => origin), [
        `https://${s3Host}`,
        `https://${stsHost}`,
      ]);
      for (const { headers } of sent) {
        assertEquals(
          /Credential=[^/]+\/\d+\/([^/]+)\//.exec(
            headers["authorization"] ?? "",
          )?.[1],
          region,
        );
      }
    }
  });
}

Deno.test("the base path of an endpoint ends as it has to", async () => {
  const endpointUrl = "http://store.example.com/base";
  const paths = async (config: S3Config): Promise<string[]> => {
    const { s3, sent } = answering([LISTED, "", "", BUCKETS], {}, {
      endpointUrl,
      ...config,
    });
    await s3.listObjectsV2({ Bucket });
    await s3.headBucket({ Bucket });
    await s3.deleteObject({ Bucket, Key: "a/b" });
    await s3.listBuckets({});
    return sent.map(({ path }) => path);
  };

  assertEquals(await paths({ addressingStyle: "virtual" }), [
    "/base/",
    "/base/",
    "/base/a/b",
    "/base",
  ]);
  assertEquals(await paths({ addressingStyle: "path" }), [
    "/base/photos",
    "/base/photos",
    "/base/photos/a/b",
    "/base",
  ]);
  const { sts, sent } = answering([IDENTITY], { endpointUrl });
  await sts.getCallerIdentity({});
  assertEquals(sent[0]?.path, "/base");
});

Deno.test("without a base path the root is the root", async () => {
  const { s3, sts, sent } = answering([LISTED, BUCKETS, IDENTITY], {
    endpointUrl: "http://store.example.com",
  }, { addressingStyle: "virtual" });

  await s3.listObjectsV2({ Bucket });
  await s3.listBuckets({});
  await sts.getCallerIdentity({});

  assertEquals(sent.map(({ path }) => path), ["/", "/", "/"]);
});

/** The document that createBucket sends. */
async function createdAt(
  region: string,
  config: S3Config = {},
  input: object = {},
): Promise<string> {
  const { s3, sent } = answering([""], { region }, config);
  await s3.createBucket({ Bucket, ...input });
  const body = sent[0]?.body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
}

Deno.test("createBucket says where, on Amazon's hosts outside us-east-1", async () => {
  for (const region of ["eu-west-1", "us-gov-west-1", "cn-north-1"]) {
    assertEquals(
      /<LocationConstraint>([^<]*)</.exec(await createdAt(region))?.[1],
      region,
    );
  }
  assertEquals(await createdAt("us-east-1"), "");
  assertEquals(
    await createdAt("eu-west-1", { endpointUrl: "http://127.0.0.1:7480" }),
    "",
  );
});

Deno.test("createBucket keeps what it is told", async () => {
  const given = await createdAt("eu-west-1", {}, {
    CreateBucketConfiguration: { LocationConstraint: "EU" },
  });
  const tags = await createdAt("eu-west-1", {}, {
    CreateBucketConfiguration: { Tags: [{ Key: "k", Value: "v" }] },
  });

  assertEquals(/<LocationConstraint>([^<]*)</.exec(given)?.[1], "EU");
  assertEquals(/<LocationConstraint>([^<]*)</.exec(tags)?.[1], "eu-west-1");
  assertEquals(tags.includes("<Key>k</Key>"), true);
});

Deno.test("an empty list in a header field sends no field", async () => {
  const { s3, sent } = answering(["<GetObjectAttributesResponse/>"]);
  const at = { Bucket, Key: "k" };

  await s3.getObjectAttributes({ ...at, ObjectAttributes: [] });
  await s3.getObjectAttributes({ ...at, ObjectAttributes: ["ETag"] });

  assertEquals(
    sent.map(({ headers }) => headers["x-amz-object-attributes"]),
    [undefined, "ETag"],
  );
});

Deno.test("an anonymous request has no digest where payloads are not signed", async () => {
  for (const payloadSigning of [false, undefined]) {
    const { s3, sent } = answering([LISTED, "", ""], {
      credentials: "anonymous",
    }, {
      ...payloadSigning === undefined ? {} : { payloadSigning },
      requestChecksum: "when_required",
    });

    await s3.listObjectsV2({ Bucket });
    await s3.putObject({ Bucket, Key: "k", Body: "miaow" });
    await s3.deleteObject({ Bucket, Key: "k" });

    assertEquals(
      sent.map(({ headers }) => headers["x-amz-content-sha256"]),
      [undefined, undefined, undefined],
    );
  }
});
