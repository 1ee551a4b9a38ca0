/**
 * Values that a request carries as they are given.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AwsError } from "../../mod.ts";
import { signRequest } from "../../src/signing/mod.ts";
import { answering, rejection } from "./answering.ts";

const CAT = { Bucket: "photos", Key: "cat.txt" };

/** Signs with a rule set that signs no digest of the body. */
async function signature(url: string): Promise<string> {
  const signed = await signRequest(new Request(url), {
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    region: "eu-west-1",
    service: "execute-api",
    at: new Date("2024-02-29T12:34:56Z"),
  });
  return /Signature=([\da-f]+)/.exec(
    signed.headers.get("authorization") ?? "",
  )?.[1] ?? "";
}

Deno.test("a query value with two equals signs is signed whole", async () => {
  const origin = "https://api.example.com/x";

  // What botocore 1.43.67 signs.
  assertEquals(
    await signature(`${origin}?a=b%3D%3Dc&d=%3D&e=`),
    "f1d0c44af87e169073644ed2364ab2c585eef5ddd35c03cc94068d7ecf4482a2",
  );
  assertEquals(
    await signature(`${origin}?a=b==c&d==&e=`),
    "f1d0c44af87e169073644ed2364ab2c585eef5ddd35c03cc94068d7ecf4482a2",
  );
  assertEquals(
    await signature(`${origin}?a=b`),
    "4534d7612c38db422a2c14516459842446fbeaa0540fe913e83abfa3de2f5de9",
  );
});

Deno.test("a given Content-MD5 is sent as it is given, and alone", async () => {
  const ContentMD5 = "AAAAAAAAAAAAAAAAAAAAAA==";
  for (const requestChecksum of ["when_supported", "when_required"] as const) {
    for (const endpointUrl of [undefined, "http://127.0.0.1:9000"]) {
      const { s3, sent } = answering([""], {}, {
        requestChecksum,
        ...endpointUrl !== undefined && { endpointUrl },
      });

      await s3.putObject({ ...CAT, Body: "miaow", ContentMD5 });
      await s3.putBucketTagging({
        Bucket: "photos",
        Tagging: { TagSet: [] },
        ContentMD5,
      });

      assertEquals(
        sent.map(({ headers }) => headers["content-md5"]),
        [ContentMD5, ContentMD5],
      );
    }
  }
});

Deno.test("regions that no host name can hold are refused, the longest one is not", async () => {
  for (const region of ["a".repeat(64), "eu-west-", "-eu-west", "eu_west"]) {
    const { s3, sts, sent } = answering([""], { region });
    for (
      const call of [
        () => s3.listBuckets({}),
        () => sts.getCallerIdentity({}),
      ]
    ) {
      const error = await rejection(call());

      assert(error instanceof AwsError, `${region}: ${error}`);
    }
    assertEquals(sent, []);
  }
  const region = "a".repeat(63);
  const { s3, sent } = answering(["<ListAllMyBucketsResult/>"], { region });
  await s3.listBuckets({});
  assertEquals(sent[0]?.origin, `https://s3.${region}.amazonaws.com`);
});
