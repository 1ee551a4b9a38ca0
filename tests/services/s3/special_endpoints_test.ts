import { assertEquals } from "@std/assert";
import { parseArn } from "../../../src/services/s3/special_endpoints.ts";

Deno.test("an ARN is taken apart, its resource at colons and slashes", () => {
  assertEquals(parseArn("arn:aws:s3:us-west-2:123456789012:accesspoint/a:b"), {
    partition: "aws",
    service: "s3",
    region: "us-west-2",
    account: "123456789012",
    resource: ["accesspoint", "a", "b"],
  });
});

Deno.test("region and account may be empty, the rest may not", () => {
  assertEquals(parseArn("arn:aws:s3:::bucket")?.resource, ["bucket"]);
  for (
    const text of ["bucket", "arn:aws:s3", "arn:aws:s3:::", "arn::s3:::b"]
  ) {
    assertEquals(parseArn(text), undefined, text);
  }
});
