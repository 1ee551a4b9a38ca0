import { assertEquals, assertThrows } from "@std/assert";
import {
  checkRegion,
  isHostLabel,
  isHostName,
  partitionOf,
  regionalHost,
  signingRegionOf,
} from "../../src/endpoint/regional.ts";
import { EndpointError } from "../../src/foundation/errors.ts";

const PLAIN = { fips: false, dualstack: false };

Deno.test("regions belong to partitions, unknown ones to the main one", () => {
  const partitions = {
    "eu-west-1": "aws",
    "ap-future-12": "aws",
    "moon-base-1": "aws",
    "aws-global": "aws",
    "cn-north-1": "aws-cn",
    "aws-cn-global": "aws-cn",
    "us-gov-west-1": "aws-us-gov",
    "us-iso-east-1": "aws-iso",
    "us-isob-east-1": "aws-iso-b",
    "eusc-de-east-1": "aws-eusc",
  };
  for (const [region, id] of Object.entries(partitions)) {
    assertEquals(partitionOf(region).id, id, region);
  }
});

Deno.test("a host label has letters, digits and inner hyphens", () => {
  for (const label of ["a", "A-1", "0", "a".repeat(63)]) {
    assertEquals(isHostLabel(label), true, label);
  }
  for (const label of ["", "-a", "a-", "a_b", "a.b", "a\n", "a".repeat(64)]) {
    assertEquals(isHostLabel(label), false, label);
  }
  assertEquals(isHostName("a.b-c.d"), true);
  assertEquals(isHostName("a..b"), false);
});

Deno.test("a region that leads to another host is refused", () => {
  checkRegion("eu-west-1");
  for (const region of ["", "evil.com/", "a b", "eu-west-1.evil.com", "12"]) {
    assertThrows(() => checkRegion(region), EndpointError, region);
  }
});

Deno.test("hosts are named by service, variant, region and partition", () => {
  assertEquals(
    regionalHost("sts", "cn-north-1", PLAIN),
    "sts.cn-north-1.amazonaws.com.cn",
  );
  assertEquals(
    regionalHost("sts", "us-west-2", { fips: true, dualstack: true }),
    "sts-fips.us-west-2.api.aws",
  );
});

Deno.test("the global region signs for us-east-1", () => {
  assertEquals(signingRegionOf("aws-global"), "us-east-1");
  assertEquals(signingRegionOf("eu-west-1"), "eu-west-1");
});
