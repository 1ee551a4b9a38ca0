import { assertEquals, assertThrows } from "@std/assert";
import { ValidationError } from "../../../src/foundation/errors.ts";
import {
  checkBucketName,
  isVirtualHostable,
} from "../../../src/services/s3/bucket_name.ts";

Deno.test("names and ARNs of access points stand for buckets", () => {
  const right = [
    "b",
    "My_bucket.name-1",
    "a".repeat(255),
    "arn:aws:s3:us-west-2:123456789012:accesspoint/my",
    "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:my.ap",
    "arn:aws:s3::123456789012:accesspoint:abc.mrap",
    "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/my",
    "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/my",
  ];
  for (const bucket of right) checkBucketName("GetObject", bucket);
});

Deno.test("what would leave its place in the host or path is refused", () => {
  const wrong = [
    "",
    "a/b",
    "a b",
    "example.com#",
    "bücket",
    "a\n",
    "a".repeat(256),
    "arn:aws:sqs:us-west-2:123456789012:queue",
    "arn:aws:s3:us-west-2:123456789012:accesspoint/my/../x",
    "arn:aws:s3:us-west-2:1:accesspoint/my",
  ];
  for (const bucket of wrong) {
    const error = assertThrows(
      () => checkBucketName("GetObject", bucket),
      ValidationError,
    );
    assertEquals(error.problems.map(({ path }) => path), ["Bucket"], bucket);
  }
});

Deno.test("only host labels are put before a host, dots where allowed", () => {
  const cases: [name: string, plain: boolean, dotted: boolean][] = [
    ["aaa", true, true],
    ["my-bucket-1", true, true],
    ["my.bucket", false, true],
    ["aa", false, false],
    ["Bucket", false, false],
    ["my_bucket", false, false],
    ["-abc", false, false],
    ["a..b", false, false],
    ["1.2.3.4", false, false],
    ["a".repeat(64), false, false],
  ];
  for (const [name, plain, dotted] of cases) {
    assertEquals(isVirtualHostable(name, false), plain, name);
    assertEquals(isVirtualHostable(name, true), dotted, name);
  }
});
