/**
 * Answers that lack what they should have.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AwsError } from "../../mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { answering, rejection } from "./answering.ts";

const Bucket = "photos";
const CAT = { Bucket, Key: "cat.txt" };

for (const endpointUrl of [undefined, "http://127.0.0.1:7480"]) {
  const place = endpointUrl === undefined ? "Amazon's hosts" : "another store";
  const config = endpointUrl === undefined ? {} : { endpointUrl };

  Deno.test(`texts, lists and maps that an answer of ${place} lacks are empty, with one warning`, async () => {
    const { s3, warnings } = answering(["<Tagging/>"], {}, config);

    const { TagSet } = await s3.getObjectTagging(CAT);

    assertEquals(TagSet, []);
    assertEquals(warnings.length, 1);
    assert(JSON.stringify(warnings).includes("TagSet"));
  });

  Deno.test(`what nothing can stand for is absent in an answer of ${place}`, async () => {
    const { s3, warnings } = answering(
      [
        "<CORSConfiguration><CORSRule/><CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
        "<ListMetricsConfigurationsResult><MetricsConfiguration/></ListMetricsConfigurationsResult>",
        "<InventoryConfiguration><Id>i</Id></InventoryConfiguration>",
        "<ListPartsResult><Part/></ListPartsResult>",
      ],
      {},
      config,
    );

    const { CORSRules } = await s3.getBucketCors({ Bucket });
    const { MetricsConfigurationList } = await s3
      .listBucketMetricsConfigurations({ Bucket });
    const { InventoryConfiguration } = await s3
      .getBucketInventoryConfiguration({ Bucket, Id: "i" });
    const { Parts } = await s3.listParts({ ...CAT, UploadId: "u" });

    assertEquals(CORSRules, [
      { AllowedMethods: [], AllowedOrigins: [] },
      { AllowedMethods: ["GET"], AllowedOrigins: [] },
    ]);
    assertEquals(MetricsConfigurationList, [{ Id: "" }]);
    assertEquals<unknown>(InventoryConfiguration, {
      Id: "i",
      IncludedObjectVersions: "",
    });
    assertEquals<unknown>(Parts, [{ ETag: "" }]);
    assertEquals(warnings.length, 4);
  });

  Deno.test(`nothing is filled into what an answer of ${place} does not have`, async () => {
    const { s3 } = answering([""], {}, config);

    const metrics = await s3.getBucketMetricsConfiguration({
      Bucket,
      Id: "i",
    });
    const copied = await s3.copyObject({ ...CAT, CopySource: "photos/dog" });

    assertEquals<unknown>(metrics.MetricsConfiguration, {});
    assertEquals<unknown>(copied.CopyObjectResult, {});
  });
}

Deno.test("what Amazon always sends is there, also in an answer of a store that sends less", async () => {
  const { s3, warnings } = answering([
    "<ListBucketResult/>",
    "<ListVersionsResult><Version><Key>k</Key></Version></ListVersionsResult>",
    "<ListAllMyBucketsResult/>",
    "<DeleteResult/>",
    "",
    "",
  ]);

  const page = await s3.listObjectsV2({ Bucket });
  const { Versions, DeleteMarkers } = await s3.listObjectVersions({ Bucket });
  const { Buckets } = await s3.listBuckets();
  const { Deleted, Errors } = await s3.deleteObjects({
    Bucket,
    Delete: { Objects: [{ Key: "k" }] },
  });
  const { ETag } = await s3.putObject(CAT);
  const head = await s3.headObject(CAT);

  assertEquals(
    [page.Contents, page.CommonPrefixes, page.IsTruncated, page.Prefix],
    [[], [], false, ""],
  );
  assertEquals<unknown>([Versions, DeleteMarkers], [
    [{ Key: "k", ETag: "", IsLatest: false, StorageClass: "", VersionId: "" }],
    [],
  ]);
  assertEquals([Buckets, Deleted, Errors, ETag], [[], [], [], ""]);
  assertEquals([head.ETag, head.Metadata], ["", {}]);
  // No number and no time can stand for one that is not there.
  assertEquals<unknown>([page.KeyCount, head.LastModified], [
    undefined,
    undefined,
  ]);
  assertEquals(warnings, []);
});

Deno.test("keys of a role that lack a part or their end are never used", async () => {
  const all = {
    AccessKeyId: "ASIAEXAMPLE",
    SecretAccessKey: "planted-secret",
    SessionToken: "planted-token",
    Expiration: "2026-11-29T13:00:00Z",
  };
  for (const lacking of Object.keys(all)) {
    for (const text of ["", "soon"]) {
      if (text === "soon" && lacking !== "Expiration") continue;
      const keys = Object.entries({ ...all, [lacking]: text })
        .filter(([, value]) => value !== "")
        .map(([name, value]) => `<${name}>${value}</${name}>`);
      const { s3, sent } = answering([
        `<AssumeRoleResponse><AssumeRoleResult><Credentials>${
          keys.join("")
        }</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      ], {
        profile: "role",
        credentials: "profile",
        system: new FakeSystem({
          env: { HOME: "/home/me" },
          files: {
            "/home/me/.aws/config":
              "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = planted-base\n",
          },
        }),
      });

      const error = await rejection(s3.listObjectsV2({ Bucket }));

      assert(error instanceof AwsError, `${error}`);
      assert(error.message.includes(lacking), error.message);
      assert(!error.message.includes("planted"), error.message);
      assertEquals(sent.length, 1);
    }
  }
});

Deno.test("a session of a directory bucket that lacks a part is never used", async () => {
  const { s3, sent } = answering([
    "<CreateSessionResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken></Credentials></CreateSessionResult>",
  ]);

  const error = await rejection(
    s3.getObject({ Bucket: "b--euw1-az1--x-s3", Key: "k" }),
  );

  assert(error instanceof AwsError, `${error}`);
  assertEquals(sent.length, 1);
});
