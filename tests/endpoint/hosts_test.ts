import { assertEquals, assertThrows } from "@std/assert";
import {
  checkRegion,
  isHostLabel,
  isHostName,
  parseEndpointUrl,
  partitionOf,
  regionalHost,
  signingRegionOf,
} from "../../src/endpoint/hosts.ts";
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

Deno.test("an endpoint is taken apart as it is written", () => {
  assertEquals(parseEndpointUrl("https://example.com:443/base/v1"), {
    scheme: "https",
    authority: "example.com:443",
    path: "/base/v1",
    isAddress: false,
  });
});

Deno.test("slashes at the end are not part of the path", () => {
  for (const url of ["http://minio_1:9000/", "http://minio_1:9000//"]) {
    assertEquals(parseEndpointUrl(url).path, "");
  }
  assertEquals(parseEndpointUrl("http://a/b//").path, "/b");
});

Deno.test("addresses are told from names", () => {
  for (const host of ["127.0.0.1", "127.0.0.1:9000", "[::1]", "[fe80::1]:80"]) {
    assertEquals(parseEndpointUrl(`http://${host}`).isAddress, true, host);
  }
  for (const host of ["localhost:9000", "1.2.3", "a1.2.3.4"]) {
    assertEquals(parseEndpointUrl(`http://${host}`).isAddress, false, host);
  }
});

Deno.test("what is no endpoint is refused", () => {
  const wrong = [
    "",
    "localhost:9000",
    "ftp://example.com",
    "https://",
    "https:///path",
    "https://example.com:70000",
    "https://example.com:port",
    "https://example.com?x=1",
    "https://example.com/#part",
    "https://exa mple.com",
    "https://example.com\n",
    "https://example.com/a b",
    "https://[::1",
  ];
  for (const url of wrong) {
    assertThrows(() => parseEndpointUrl(url), EndpointError, undefined, url);
  }
});

Deno.test("a password in an endpoint is refused and not repeated", () => {
  const error = assertThrows(
    () => parseEndpointUrl("https://user:hunter2@example.com"),
    EndpointError,
  );

  assertEquals(error.message.includes("hunter2"), false);
});
