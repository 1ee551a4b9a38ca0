import { assertEquals, assertThrows } from "@std/assert";
import { EndpointError } from "../../../src/foundation/errors.ts";
import type { EndpointQuery } from "../../../src/ports/service.ts";
import {
  type STSConfig,
  stsEndpoint,
  stsSettings,
} from "../../../src/services/sts/service.ts";

function find(query: Partial<EndpointQuery<STSConfig>>): [string, string] {
  const { basePath, origin, signingRegion } = stsEndpoint({
    operation: "GetCallerIdentity",
    settings: {},
    context: {},
    ...query,
  });
  return [origin + basePath, signingRegion];
}

Deno.test("STS is called in the client's region", () => {
  assertEquals(find({ region: "eu-west-1" }), [
    "https://sts.eu-west-1.amazonaws.com",
    "eu-west-1",
  ]);
});

Deno.test("legacy mode calls the global host for the older regions only", () => {
  const settings = { endpointMode: "legacy" } as const;

  assertEquals(find({ region: "eu-west-1", settings }), [
    "https://sts.amazonaws.com",
    "us-east-1",
  ]);
  assertEquals(find({ region: "eu-south-1", settings }), [
    "https://sts.eu-south-1.amazonaws.com",
    "eu-south-1",
  ]);
});

Deno.test("without a region the global host is called", () => {
  assertEquals(find({}), ["https://sts.amazonaws.com", "us-east-1"]);
});

Deno.test("an endpoint of one's own is taken with its path", () => {
  assertEquals(find({ region: "eu-west-1", endpointUrl: "http://x:1/sts/" }), [
    "http://x:1/sts",
    "eu-west-1",
  ]);
});

Deno.test("FIPS has no host of its own in the partition that is all FIPS", () => {
  const settings = { useFipsEndpoint: true };

  assertEquals(
    find({ region: "us-gov-west-1", settings })[0],
    "https://sts.us-gov-west-1.amazonaws.com",
  );
  assertEquals(
    find({ region: "us-west-2", settings })[0],
    "https://sts-fips.us-west-2.amazonaws.com",
  );
});

Deno.test("a region that is no host label is refused", () => {
  assertThrows(() => find({ region: "evil.com/" }), EndpointError);
});

Deno.test("the mode of STS's endpoints has its names outside, and its default", () => {
  const [row] = stsSettings;

  assertEquals(row?.name, "endpointMode");
  assertEquals(row?.env, ["AWS_STS_REGIONAL_ENDPOINTS"]);
  assertEquals(row?.profile, ["sts_regional_endpoints"]);
  assertEquals(row?.fallback, "regional");
  assertEquals(row?.read?.("legacy"), "legacy");
  assertEquals(row?.read?.("global"), undefined);
});
