import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Endpoint, EndpointQuery } from "../../../src/ports/service.ts";
import {
  EndpointError,
  ValidationError,
} from "../../../src/foundation/errors.ts";
import { specialEndpoint as s3Endpoint } from "../../../src/services/s3/special_endpoints.ts";
import { isVirtualHostable } from "../../../src/services/s3/endpoint.ts";
import {
  checkBucketName,
  parseArn,
} from "../../../src/services/s3/special_endpoints.ts";
import type { S3Config } from "../../../src/services/s3/service.ts";

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

Deno.test("s3Endpoint finds an endpoint once for what it depends on, and keeps few", () => {
  const settings = {};
  const query = (bucket: string, more: Partial<Query> = {}): Endpoint =>
    s3Endpoint({
      operation: "GetObject",
      context: { Bucket: bucket, Key: crypto.randomUUID() },
      region: "us-west-2",
      settings,
      ...more,
    });

  const first = query("photos");

  assertStrictEquals(query("photos"), first);
  assertEquals(
    query("photos", { operation: "GetBucketLocation" }).basePath,
    "/photos",
  );
  assertEquals(
    query("photos", { region: "eu-west-1" }).origin,
    "https://photos.s3.eu-west-1.amazonaws.com",
  );
  assertEquals(
    query("photos", { endpointUrl: "http://localhost:9000" }).origin,
    "http://localhost:9000",
  );
  for (let i = 0; i < 300; i++) query(`photos-${i}`);
  assertEquals(query("photos"), first);
  assertNotStrictEquals(query("photos"), first);
});

Deno.test("s3Endpoint takes no bucket for another call's endpoint", () => {
  const settings = {};
  const query = (operation: string, context: Query["context"]): Endpoint =>
    s3Endpoint({
      operation,
      context: context ?? {},
      region: "us-west-2",
      settings,
    });
  query("ListBuckets", {});
  query("GetBucketLocation", { Bucket: "photos" });
  query("CreateSession", { Bucket: "photos", DisableAccessPoints: "true" });

  assertEquals(
    query("GetObject", { Bucket: "undefined" }).origin,
    "https://undefined.s3.us-west-2.amazonaws.com",
  );
  for (const flag of ["location", "DisableAccessPoints true"]) {
    for (const Bucket of [`photos\n${flag}`, `photos ${flag}`]) {
      assertThrows(() => query("GetObject", { Bucket }), ValidationError);
    }
  }
});

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
