/**
 * Names that no URL, header or form can carry as they are.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AwsError, ConfigError, ValidationError } from "../../mod.ts";
import {
  GetObject,
  presignPost,
  PutObject,
} from "../../src/services/s3/mod.ts";
import { answering, rejection } from "./answering.ts";

const Bucket = "photos";
const LONE = ["\ud800", "a\udc00", "\ud83d cat", "x/\udfff/y"];

Deno.test("a key with half of a surrogate pair is refused, and nothing is sent", async () => {
  for (const Key of LONE) {
    const { s3, sts, sent } = answering([""]);
    const calls: Record<string, () => Promise<unknown>> = {
      getObject: () => s3.getObject({ Bucket, Key }),
      putObject: () => s3.putObject({ Bucket, Key, Body: "x" }),
      deleteObject: () => s3.deleteObject({ Bucket, Key }),
      deleteObjects: () =>
        s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key }] } }),
      listObjectsV2: () => s3.listObjectsV2({ Bucket, Prefix: Key }),
      copyText: () =>
        s3.copyObject({ Bucket, Key: "k", CopySource: `photos/${Key}` }),
      copyObject: () =>
        s3.copyObject({ Bucket, Key: "k", CopySource: { Bucket, Key } }),
      tagging: () =>
        s3.putObjectTagging({
          Bucket,
          Key: "k",
          Tagging: { TagSet: [{ Key: "t", Value: Key }] },
        }),
      presign: () => s3.presign(GetObject, { Bucket, Key }),
      presignPost: () => presignPost(s3, { Bucket, Key }),
      sts: () =>
        sts.assumeRole({
          RoleArn: "arn:aws:iam::111122223333:role/r",
          RoleSessionName: Key,
        }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await rejection(call());

      assert(error instanceof ValidationError, `${name}: ${error}`);
      assertStringIncludes(error.message, "surrogate", name);
    }
    assertEquals(sent, []);
  }
});

Deno.test("a whole surrogate pair is a character like any other", async () => {
  const { s3, sent } = answering([""]);

  await s3.deleteObject({ Bucket, Key: "\ud83d\udc31" });

  assertEquals(sent[0]?.path, "/%F0%9F%90%B1");
});

Deno.test("presign refuses keys that readers of URLs would change", async () => {
  const { s3 } = answering([""]);
  for (
    const Key of [
      "..",
      ".",
      "../other",
      "a/../b",
      "a/..",
      "a/./b",
      "./a",
      "a/.",
      "/..",
    ]
  ) {
    for (const addressingStyle of ["virtual", "path"] as const) {
      const styled = answering([""], {}, { addressingStyle });
      for (const operation of [GetObject, PutObject] as const) {
        const error = await rejection(
          operation === GetObject
            ? styled.s3.presign(GetObject, { Bucket, Key })
            : styled.s3.presign(PutObject, { Bucket, Key }),
        );

        assert(error instanceof AwsError, `${Key}: ${error}`);
        assertStringIncludes(error.message, "Key");
      }
    }
  }
  for (const Key of ["a..b", "...", "a/..b", "..a/b", ".hidden", "a/.b/c"]) {
    const { url } = await s3.presign(GetObject, { Bucket, Key });

    assertEquals(new URL(url).pathname, `/${Key}`);
  }
});

Deno.test("buckets that a path cannot hold are refused everywhere", async () => {
  for (const name of [".", ".."]) {
    for (const endpointUrl of [undefined, "http://127.0.0.1:9000"]) {
      const { s3, sent } = answering(
        [""],
        {},
        endpointUrl === undefined ? {} : { endpointUrl },
      );
      const at = { Bucket: name, Key: "k" };
      const calls = [
        () => s3.getObject(at),
        () => s3.listObjectsV2({ Bucket: name }),
        () => s3.deleteBucket({ Bucket: name }),
        () => s3.presign(GetObject, at),
        () => presignPost(s3, at),
      ];
      for (const call of calls) {
        const error = await rejection(call());

        assert(error instanceof ValidationError, `${error}`);
        assertStringIncludes(error.message, "Bucket");
      }
      assertEquals(sent, []);
    }
  }
});

Deno.test("metadata without a name are refused", async () => {
  const { s3, sent } = answering([""]);
  const input = { Bucket, Key: "k", Metadata: { "": "x" } };

  for (
    const call of [
      () => s3.putObject({ ...input, Body: "x" }),
      () => s3.createMultipartUpload(input),
      () => s3.copyObject({ ...input, CopySource: "photos/dog" }),
      () => s3.presign(PutObject, input),
    ]
  ) {
    const error = await rejection(call());

    assert(error instanceof ValidationError, `${error}`);
    assertStringIncludes(error.message, "without a name");
  }
  assertEquals(sent, []);
});

Deno.test("fields of a form that no object can carry are refused", async () => {
  const { s3 } = answering([""]);
  for (
    const field of [
      "x-amz-meta-",
      "X-Amz-Meta-",
      "x-amz-meta-é",
      "x-amz-meta-a b",
      "x-amz-meta-a\r\nb",
      "",
    ]
  ) {
    const error = await rejection(
      presignPost(s3, { Bucket, Key: "k", Fields: { [field]: "x" } }),
    );

    assert(error instanceof ValidationError, `${field}: ${error}`);
  }
  const { fields } = await presignPost(s3, {
    Bucket,
    Key: "k",
    Fields: { "x-amz-meta-a": "é", acl: "private", "Content-Type": "a/b" },
  });
  assertEquals(fields["x-amz-meta-a"], "é");
});

Deno.test("a life that no URL can have is an error of the library", async () => {
  const { s3 } = answering([""]);
  for (const life of [0, -1, 1.5, NaN, Infinity, 604_801, "60"]) {
    const options: Record<string, unknown> = { expiresInSeconds: life };
    const error = await rejection(
      s3.presign(GetObject, { Bucket, Key: "k" }, options),
    );

    assert(error instanceof ConfigError, `${life}: ${error}`);
    assertStringIncludes(error.message, "expiresInSeconds must be");
    assert(!error.message.includes("Cannot presign as"));

    if (life === 604_801) continue;
    const form = await rejection(
      presignPost(s3, { Bucket, Key: "k" }, options),
    );
    assert(form instanceof ConfigError, `${life}: ${form}`);
    assert(!form.message.includes("presign a form as"));
  }
});

Deno.test("an answer does not lead a call into another partition", async () => {
  for (
    const [region, elsewhere] of [
      ["eu-west-1", "cn-north-1"],
      ["eu-west-1", "us-gov-west-1"],
      ["us-gov-west-1", "us-east-1"],
      ["cn-north-1", "us-east-1"],
    ]
  ) {
    const headers = { "x-amz-bucket-region": elsewhere ?? "" };
    const { s3, sent } = answering([{
      status: 301,
      headers,
      body: "<Error><Code>PermanentRedirect</Code></Error>",
    }], { region: region ?? "", retry: { maxAttempts: 1 } });

    const error = await rejection(s3.listObjectsV2({ Bucket }));

    assert(error instanceof AwsError, `${error}`);
    assertStringIncludes(error.message, elsewhere ?? "");
    assertStringIncludes(error.message, "partition");
    assertEquals(sent.length, 1);
  }
});

Deno.test("an answer leads a call to another region of its partition", async () => {
  const { s3, sent } = answering([
    {
      status: 301,
      headers: { "x-amz-bucket-region": "ap-south-1" },
      body: "<Error><Code>PermanentRedirect</Code></Error>",
    },
    "<ListBucketResult/>",
  ]);

  await s3.listObjectsV2({ Bucket });

  assertEquals(sent.map(({ origin }) => origin), [
    "https://photos.s3.eu-west-1.amazonaws.com",
    "https://photos.s3.ap-south-1.amazonaws.com",
  ]);
});
