import { assertEquals, assertThrows } from "@std/assert";
import {
  EndpointError,
  ValidationError,
} from "../../../src/foundation/errors.ts";
import type { EndpointQuery } from "../../../src/ports/endpoint.ts";
import { s3Endpoint } from "../../../src/services/s3/endpoint.ts";
import type { S3Config } from "../../../src/services/s3/settings.ts";

type Query = Partial<EndpointQuery<S3Config>> & { readonly bucket?: string };

/** The URL that an operation's own path is put after. */
function find({ bucket, ...query }: Query): string {
  const found = s3Endpoint({
    operation: "GetObject",
    settings: {},
    context: bucket === undefined ? {} : { Bucket: bucket },
    ...query,
  });
  return found.origin + found.basePath;
}

const WEST = { region: "us-west-2" };
const LOCAL = { ...WEST, endpointUrl: "http://localhost:9000" };

Deno.test("auto puts the bucket in the host where it can", () => {
  assertEquals(
    find({ ...WEST, bucket: "logs" }),
    "https://logs.s3.us-west-2.amazonaws.com",
  );
  assertEquals(
    find({ ...WEST, bucket: "my.logs" }),
    "https://s3.us-west-2.amazonaws.com/my.logs",
  );
});

Deno.test("path style is a setting, and yields to acceleration", () => {
  const settings = { addressingStyle: "path" } as const;
  assertEquals(
    find({ ...WEST, bucket: "logs", settings }),
    "https://s3.us-west-2.amazonaws.com/logs",
  );
  assertEquals(
    find({
      ...WEST,
      bucket: "logs",
      settings: { ...settings, useAccelerateEndpoint: true },
    }),
    "https://logs.s3-accelerate.amazonaws.com",
  );
});

Deno.test("an endpoint of one's own has the bucket in the path", () => {
  assertEquals(
    find({ ...LOCAL, bucket: "logs" }),
    "http://localhost:9000/logs",
  );
  assertEquals(
    find({ ...WEST, bucket: "logs", endpointUrl: "https://x.com/base/" }),
    "https://x.com/base/logs",
  );
});

Deno.test("an endpoint of one's own has the bucket in the host if asked", () => {
  const settings = { addressingStyle: "virtual" } as const;
  const cases = {
    "http://localhost:9000": "http://my.logs.localhost:9000",
    "https://x.com/base": "https://x.com/base/my.logs",
    "http://[::1]:9000": "http://[::1]:9000/my.logs",
    "http://10.0.0.1": "http://10.0.0.1/my.logs",
  };
  for (const [endpointUrl, expected] of Object.entries(cases)) {
    assertEquals(
      find({ ...WEST, bucket: "my.logs", endpointUrl, settings }),
      expected,
    );
  }
});

Deno.test("the acceleration host as an endpoint keeps buckets in the host", () => {
  assertEquals(
    find({
      ...WEST,
      bucket: "logs",
      endpointUrl: "https://s3-accelerate.amazonaws.com",
    }),
    "https://logs.s3-accelerate.amazonaws.com",
  );
});

Deno.test("FIPS and dual stack say nothing about an endpoint of one's own", () => {
  const settings = { useFipsEndpoint: true, useDualstackEndpoint: true };

  assertEquals(
    find({ ...LOCAL, bucket: "logs", settings }),
    "http://localhost:9000/logs",
  );
  assertEquals(
    find({ ...WEST, bucket: "logs", settings }),
    "https://logs.s3-fips.dualstack.us-west-2.amazonaws.com",
  );
});

Deno.test("the location of a bucket is asked for in the path", () => {
  for (
    const settings of [
      { addressingStyle: "virtual" },
      { useAccelerateEndpoint: true },
    ] as const
  ) {
    assertEquals(
      find({
        ...WEST,
        operation: "GetBucketLocation",
        bucket: "logs",
        settings,
      }),
      "https://s3.us-west-2.amazonaws.com/logs",
    );
  }
});

Deno.test("us-east-1 has a host of its own, and the global one if asked", () => {
  const east = { region: "us-east-1", bucket: "logs" };

  assertEquals(find(east), "https://logs.s3.us-east-1.amazonaws.com");
  assertEquals(
    find({ ...east, settings: { usEast1Endpoint: "global" } }),
    "https://logs.s3.amazonaws.com",
  );
});

Deno.test("without a region the global host is signed for us-east-1", () => {
  const found = s3Endpoint({
    operation: "ListBuckets",
    settings: {},
    context: {},
  });

  assertEquals(found.origin, "https://s3.amazonaws.com");
  assertEquals(found.signingRegion, "us-east-1");
  assertEquals(found.signingName, "s3");
  assertEquals(found.signingRules, "s3");
});

Deno.test("the bucket is checked before anything else", () => {
  assertThrows(() => find({ region: "a b", bucket: "a/b" }), ValidationError);
});

Deno.test("a multi-region access point is signed for all regions", () => {
  const found = s3Endpoint({
    region: "us-west-2",
    operation: "GetObject",
    context: { Bucket: "arn:aws:s3::123456789012:accesspoint:a.mrap" },
    settings: {},
  });

  assertEquals(
    found.origin,
    "https://a.mrap.accesspoint.s3-global.amazonaws.com",
  );
  assertEquals(found.signingRegion, "*");
  assertEquals(found.signature, "sigv4a");
});

Deno.test("an operation's constants choose the control host", () => {
  assertEquals(
    find({ ...WEST, context: { UseS3ExpressControlEndpoint: "true" } }),
    "https://s3express-control.us-west-2.amazonaws.com",
  );
  assertEquals(
    find({ ...WEST, context: { UseObjectLambdaEndpoint: "true" } }),
    "https://s3-object-lambda.us-west-2.amazonaws.com",
  );
});

Deno.test("an access point is called in the ARN's region, unless forbidden", () => {
  const bucket = "arn:aws:s3:eu-west-1:123456789012:accesspoint/my";

  assertEquals(
    find({ ...WEST, bucket, settings: { addressingStyle: "path" } }),
    "https://my-123456789012.s3-accesspoint.eu-west-1.amazonaws.com",
  );
  assertThrows(
    () => find({ ...WEST, bucket, settings: { useArnRegion: false } }),
    EndpointError,
    "useArnRegion",
  );
  assertThrows(
    () => find({ region: "cn-north-1", bucket }),
    EndpointError,
    "partition",
  );
});
