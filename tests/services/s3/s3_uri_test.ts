import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ValidationError } from "../../../src/foundation/errors.ts";
import {
  bucketExists,
  editObject,
  objectExists,
  parseS3Uri,
  statBucket,
  statObject,
} from "../../../src/services/s3/mod.ts";
import { localS3 } from "../../local_s3.ts";

const POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint/mine";
const OUTPOST =
  "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01ac5d28a6a232904/accesspoint/mine";
const LAMBDA =
  "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/mine";
const MRAP = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";
const COLONS = "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:mine";

/** Addresses, as `find_bucket_key` of awscli 1 takes them apart. */
const ADDRESSES: Readonly<Record<string, readonly [string, string]>> = {
  "s3://photos": ["photos", ""],
  "s3://photos/": ["photos", ""],
  "s3://photos/cat.txt": ["photos", "cat.txt"],
  "s3://photos//cat//a/": ["photos", "/cat//a/"],
  "s3://photos/a%20b?c#d e+f\ng": ["photos", "a%20b?c#d e+f\ng"],
  "s3://photos/./../x": ["photos", "./../x"],
  "s3://photos/arn:aws:s3:::x": ["photos", "arn:aws:s3:::x"],
  [`s3://${POINT}`]: [POINT, ""],
  [`s3://${POINT}/`]: [POINT, ""],
  [`s3://${POINT}/2026/cat.txt`]: [POINT, "2026/cat.txt"],
  [`s3://${POINT}//cat.txt`]: [POINT, "/cat.txt"],
  [`s3://${COLONS}/a:b/c`]: [COLONS, "a:b/c"],
  [`s3://${MRAP}/cat.txt`]: [MRAP, "cat.txt"],
  [`s3://${OUTPOST}/a/cat.txt`]: [OUTPOST, "a/cat.txt"],
};

Deno.test("parseS3Uri takes addresses apart as the AWS CLI does", () => {
  for (const [uri, [Bucket, Key]] of Object.entries(ADDRESSES)) {
    assertEquals(parseS3Uri(uri), { Bucket, Key }, uri);
  }
});

Deno.test("parseS3Uri takes what the AWS CLI refuses and calls do not", () => {
  assertEquals(parseS3Uri("S3://photos/a"), { Bucket: "photos", Key: "a" });
  assertEquals(
    parseS3Uri(`s3://${LAMBDA}/a`),
    { Bucket: LAMBDA, Key: "a" },
  );
});

Deno.test("parseS3Uri says what is wrong with an address", () => {
  const wrong: Readonly<Record<string, string>> = {
    "": "uri is no address: expected s3://bucket/key",
    "photos/cat.txt": "uri is no address: expected s3://bucket/key",
    "s3:/photos": "uri is no address: expected s3://bucket/key",
    "https://s3.amazonaws.com/photos": "uri is no address",
    " s3://photos/a": "uri is no address",
    "s3://": "uri names no bucket: expected s3://bucket/key",
    "s3:///cat.txt": "uri names no bucket: expected s3://bucket/key",
    "s3://arn:aws:s3:::photos/cat.txt":
      "uri has the ARN of a bucket or an object: expected s3://bucket/key",
    "s3://arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/bucket/b":
      "uri has an ARN that stands for no bucket: expected that of an access point, s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY",
    "s3://arn:aws:iam::123456789012:user/me": "stands for no bucket",
    "s3://arn:": "stands for no bucket",
  };
  for (const [uri, message] of Object.entries(wrong)) {
    const error = assertThrows(() => parseS3Uri(uri), ValidationError, message);
    assertEquals(error.problems[0]?.path, "uri");
  }
  const unknown: readonly unknown[] = [undefined, null, 3, {}];
  for (const uri of unknown) {
    assertThrows(() => Reflect.apply(parseS3Uri, null, [uri]), ValidationError);
  }
});

Deno.test("looks and edits take addresses", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket: "photos" });

  assertEquals(await objectExists(s3, "s3://photos/n"), false);
  await editObject(s3, "s3://photos/n", (old) => `${old?.text ?? ""}1`);
  await editObject(s3, "s3://photos/n", (old) => `${old?.text ?? ""}1`);

  assertEquals(await objectExists(s3, "s3://photos/n"), true);
  assertEquals((await statObject(s3, "s3://photos/n"))?.ContentLength, 2);
  assertEquals(await bucketExists(s3, "s3://photos"), true);
  assertEquals(await bucketExists(s3, "s3://other/"), false);
  assertEquals(await statBucket(s3, "s3://other"), null);

  await assertRejects(
    () => objectExists(s3, "s3://photos"),
    ValidationError,
    "Cannot call objectExists: input names no key: expected s3://bucket/key",
  );
  await assertRejects(
    () => bucketExists(s3, "s3://photos/n"),
    ValidationError,
    "Cannot call bucketExists: input names a key: expected s3://bucket",
  );
  await assertRejects(
    () => editObject(s3, "photos/n", () => "x"),
    ValidationError,
    "Cannot call editObject: input is no address: expected s3://bucket/key",
  );
});
