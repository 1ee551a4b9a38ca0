import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../../src/foundation/bytes.ts";
import {
  type AwsError,
  EndpointError,
  ServiceError,
  type ServiceErrorDetail,
  TransportError,
} from "../../../src/foundation/errors.ts";
import type { Caller } from "../../../src/ports/caller.ts";
import type { HttpRequest } from "../../../src/ports/http.ts";
import type { AttemptFacts } from "../../../src/ports/service.ts";
import { GetObject, S3 } from "../../../src/services/s3/mod.ts";
import {
  BucketRegions,
  s3,
  s3Settings,
} from "../../../src/services/s3/service.ts";
import { Session } from "../../../src/session/session.ts";
import { FakeSystem, FixedClock } from "../../../src/testing/fake_system.ts";
import { scripted, type ScriptedAnswer } from "../../scripted_transport.ts";

const FACTS: AttemptFacts = {
  operation: "GetObject",
  context: { Bucket: "photos" },
  host: "photos.s3.us-west-2.amazonaws.com",
  region: "us-west-2",
  signedAt: new Date(0),
};

Deno.test("s3 asks HeadBucket for the region that a refusal does not name", async () => {
  const asked: unknown[] = [];
  const call: Caller = (operation, input) => {
    asked.push([operation.name, input]);
    return Promise.reject(refusal({ "x-amz-bucket-region": "eu-west-1" }));
  };

  const correction = await s3.regions?.(call, new Map()).recover(
    refusal({}),
    FACTS,
  );

  assertEquals(asked, [["HeadBucket", { Bucket: "photos" }]]);
  assertEquals(correction, { region: "eu-west-1" });
});

function refusal(headers: Readonly<Record<string, string>>): ServiceError {
  return new ServiceError("Use another endpoint", {
    code: "PermanentRedirect",
    status: 301,
    operation: "GetObject",
    headers,
    fields: {},
  });
}

Deno.test("each setting of S3 has its names outside, and its default", () => {
  const table = Object.fromEntries(
    s3Settings.map(({ env, fallback, name, profile }) => [
      name,
      [env?.join(), profile?.join(), fallback],
    ]),
  );

  assertEquals(table, {
    addressingStyle: [undefined, "s3.addressing_style", "auto"],
    useAccelerateEndpoint: [undefined, "s3.use_accelerate_endpoint", false],
    useDualstackEndpoint: [
      "AWS_USE_DUALSTACK_ENDPOINT",
      "s3.use_dualstack_endpoint,use_dualstack_endpoint",
      false,
    ],
    usEast1Endpoint: [
      "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
      "s3_us_east_1_regional_endpoint,s3.us_east_1_regional_endpoint",
      "regional",
    ],
    useArnRegion: [
      "AWS_S3_USE_ARN_REGION",
      "s3_use_arn_region,s3.use_arn_region",
      true,
    ],
    payloadSigning: [undefined, "s3.payload_signing_enabled", undefined],
    store: [undefined, undefined, undefined],
    requestChecksum: [
      "AWS_REQUEST_CHECKSUM_CALCULATION",
      "request_checksum_calculation",
      undefined,
    ],
    responseChecksum: [
      "AWS_RESPONSE_CHECKSUM_VALIDATION",
      "response_checksum_validation",
      undefined,
    ],
    disableS3ExpressSessionAuth: [
      "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
      "s3_disable_express_session_auth",
      false,
    ],
    disableMultiRegionAccessPoints: [
      "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
      "s3.s3_disable_multiregion_access_points,s3_disable_multiregion_access_points",
      false,
    ],
  });
});

Deno.test("the old word for the global host is understood", () => {
  const row = s3Settings.find(({ name }) => name === "usEast1Endpoint");

  assertEquals(row?.read?.("legacy"), "global");
  assertEquals(row?.accepts("global"), true);
  assertEquals(row?.accepts("legacy"), false);
});

Deno.test("checksum words are read in any case of letters", () => {
  const row = s3Settings.find(({ name }) => name === "requestChecksum");

  assertEquals(row?.read?.("WHEN_REQUIRED"), "when_required");
  assertEquals(row?.read?.("never"), undefined);
});

const BUCKET = "logs--usw2-az1--x-s3";
const DONE = { status: 200, headers: {}, body: utf8("") };

Deno.test("a directory bucket is called with a session, which is opened once", async () => {
  const { s3, signers } = clientWith([session(1), DONE, DONE, DONE]);

  for (const Key of ["a", "b", "c"]) {
    await s3.headObject({ Bucket: BUCKET, Key });
  }

  assertEquals(signers(), [
    ["/?session", "AKID", "own-token", undefined],
    ["/a", "ASIA1", undefined, "token-1"],
    ["/b", "ASIA1", undefined, "token-1"],
    ["/c", "ASIA1", undefined, "token-1"],
  ]);
});

Deno.test("calls that start together open one session", async () => {
  const { s3, signers } = clientWith([session(1), DONE, DONE]);

  await Promise.all(
    ["b", "c"].map((Key) => s3.headObject({ Bucket: BUCKET, Key })),
  );

  const [first, ...others] = signers().map(([path]) => path);
  assertEquals(first, "/?session");
  assertEquals(others.sort(), ["/b", "/c"]);
});

Deno.test("a session is opened anew before it ends, and when it is refused", async () => {
  const expired = {
    status: 400,
    body: utf8("<Error><Code>ExpiredToken</Code></Error>"),
  };
  const { s3, clock, signers } = clientWith([
    session(1),
    DONE,
    session(2),
    expired,
    session(3),
    DONE,
  ]);

  await s3.getObjectAcl({ Bucket: BUCKET, Key: "a" });
  clock.advance(5 * 60_000 - 45_000 + 1);
  await s3.getObjectAcl({ Bucket: BUCKET, Key: "b" });

  assertEquals(signers().map(([path, signer]) => [path, signer]), [
    ["/?session", "AKID"],
    ["/a?acl", "ASIA1"],
    ["/?session", "AKID"],
    ["/b?acl", "ASIA2"],
    ["/?session", "AKID"],
    ["/b?acl", "ASIA3"],
  ]);
});

Deno.test("copies and the configuration of buckets are signed by the caller", async () => {
  const copied = {
    status: 200,
    body: utf8("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"),
  };
  const { s3, signers } = clientWith([copied, DONE]);

  await s3.copyObject({ Bucket: BUCKET, Key: "a", CopySource: "photos/a" });
  await s3.deleteBucketPolicy({ Bucket: BUCKET });

  assertEquals(signers().map(([path, signer]) => [path, signer]), [
    ["/a", "AKID"],
    [`/${BUCKET}?policy`, "AKID"],
  ]);
});

Deno.test("a session that cannot be opened ends the call, which is not repeated for it", async () => {
  const refused = {
    status: 503,
    body: utf8("<Error><Code>SlowDown</Code></Error>"),
  };
  const { s3, signers } = clientWith([refused, refused, refused, DONE]);

  const error = await assertRejects(
    () => s3.headObject({ Bucket: BUCKET, Key: "a" }),
    ServiceError,
  );

  assertEquals(error.detail.operation, "CreateSession");
  assertEquals(signers().map(([path]) => path), [
    "/?session",
    "/?session",
    "/?session",
  ]);
});

Deno.test("a presigned URL of a directory bucket carries the token of its session", async () => {
  const { s3 } = clientWith([session(1)]);

  const { url } = await s3.presign(GetObject, { Bucket: BUCKET, Key: "a" }, {
    expiresInSeconds: 60,
  });

  assertEquals(
    new URL(url).searchParams.get("X-Amz-S3session-Token"),
    "token-1",
  );
});

function session(number: number): ScriptedAnswer {
  const end = new Date(Date.UTC(2024, 1, 29, 12, 5 * number)).toISOString();
  return {
    status: 200,
    body: utf8(
      `<CreateSessionResult><Credentials><SessionToken>token-${number}</SessionToken><SecretAccessKey>secret</SecretAccessKey><AccessKeyId>ASIA${number}</AccessKeyId><Expiration>${end}</Expiration></Credentials></CreateSessionResult>`,
    ),
  };
}

function clientWith(answers: readonly ScriptedAnswer[]): {
  readonly s3: S3;
  readonly clock: FixedClock;
  readonly signers: () => readonly (readonly (string | undefined)[])[];
} {
  const sent: HttpRequest[] = [];
  const clock = new FixedClock("2024-02-29T12:00:00Z");
  const own = new Session({
    transport: scripted(answers, sent),
    clock,
    system: new FakeSystem(),
    random: () => 0,
    region: "us-west-2",
    credentials: {
      accessKeyId: "AKID",
      secretAccessKey: "secret",
      sessionToken: "own-token",
    },
  });
  const signers = (): ReturnType<typeof signerOf>[] => sent.map(signerOf);
  return { s3: own.client(S3), clock, signers };
}

/** Path, key, and the token under either name. */
function signerOf(
  { path, query, headers }: HttpRequest,
): readonly (string | undefined)[] {
  const names = query.map(([name]) => name).join("&");
  return [
    path + (names && `?${names}`),
    /Credential=(\w+)/.exec(headers["authorization"] ?? "")?.[1],
    headers["x-amz-security-token"],
    headers["x-amz-s3session-token"],
  ];
}

const NAMED = { "x-amz-bucket-region": "eu-central-1" };

function refusalWith(detail: Partial<ServiceErrorDetail>): ServiceError {
  return new ServiceError("no", {
    code: "AccessDenied",
    operation: "GetObject",
    status: 403,
    headers: {},
    fields: {},
    ...detail,
  });
}

function factsOf(
  operation = "GetObject",
  context: AttemptFacts["context"] = { Bucket: "logs" },
): AttemptFacts {
  return {
    operation,
    context,
    host: "logs.s3.us-west-2.amazonaws.com",
    region: "us-west-2",
    signedAt: new Date(0),
  };
}

/** A memory whose HeadBucket gets an answer or a failure, and counts. */
function memoryWith(
  answer: Readonly<Record<string, string>> | Error = new Error("not expected"),
): { regions: BucketRegions; asked: string[] } {
  const asked: string[] = [];
  const regions = new BucketRegions((bucket) => {
    asked.push(bucket);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({
      ResponseMetadata: {
        HTTPStatusCode: 200,
        HTTPHeaders: answer,
        RetryAttempts: 0,
        Attempts: [],
      },
    });
  });
  return { regions, asked };
}

const TRIGGERS: Record<string, [Partial<ServiceErrorDetail>, string?]> = {
  "status 301": [{ status: 301, headers: NAMED }],
  "status 302": [{ status: 302, headers: NAMED }],
  "status 307": [{ status: 307, headers: NAMED }, "PutObject"],
  "a permanent redirect": [
    { status: 400, code: "PermanentRedirect", headers: NAMED },
  ],
  "a scope of another region": [{
    status: 400,
    code: "AuthorizationHeaderMalformed",
    fields: { Region: "eu-central-1" },
  }],
  "an opt-in region": [{
    status: 400,
    code: "IllegalLocationConstraintException",
    headers: NAMED,
  }],
  "HeadObject with 400": [
    { status: 400, code: "400", headers: NAMED },
    "HeadObject",
  ],
  "HeadBucket with 400 and the region": [
    { status: 400, code: "400", headers: NAMED },
    "HeadBucket",
  ],
};

for (const [name, [detail, operation]] of Object.entries(TRIGGERS)) {
  Deno.test(`a bucket is followed after ${name}`, async () => {
    const { regions, asked } = memoryWith();

    const correction = await regions.recover(
      refusalWith(detail),
      factsOf(operation),
    );

    assertEquals(correction, { region: "eu-central-1" });
    assertEquals(regions.regionOf({ Bucket: "logs" }), "eu-central-1");
    assertEquals(asked, []);
  });
}

const OTHERS: Record<string, [AwsError, AttemptFacts]> = {
  "a denial, although it names the region": [
    refusalWith({ headers: NAMED }),
    factsOf(),
  ],
  "a scope refused without a region in the body": [
    refusalWith({
      status: 400,
      code: "AuthorizationHeaderMalformed",
      headers: NAMED,
    }),
    factsOf(),
  ],
  "a bucket that is to be made": [
    refusalWith({
      status: 400,
      code: "IllegalLocationConstraintException",
      headers: NAMED,
    }),
    factsOf("CreateBucket"),
  ],
  "HeadBucket with 400 and no region": [
    refusalWith({ status: 400, code: "400" }),
    factsOf("HeadBucket"),
  ],
  "a 400 without a body, not to HEAD": [
    refusalWith({ status: 400, code: "400", headers: NAMED }),
    factsOf("GetObject"),
  ],
  "a missing key": [
    refusalWith({ status: 404, code: "NoSuchKey", headers: NAMED }),
    factsOf(),
  ],
  "a call without a bucket": [
    refusalWith({ status: 301, headers: NAMED }),
    factsOf("ListBuckets", {}),
  ],
  "an access point's ARN": [
    refusalWith({ status: 301, headers: NAMED }),
    factsOf("GetObject", {
      Bucket: "arn:aws:s3:us-west-2:123456789012:accesspoint/my",
    }),
  ],
  "a broken exchange": [
    new TransportError("reset", "broken", { maybeSent: true }),
    factsOf(),
  ],
};

for (const [name, [failure, facts]] of Object.entries(OTHERS)) {
  Deno.test(`nothing is followed after ${name}`, async () => {
    const { regions, asked } = memoryWith();

    assertEquals(await regions.recover(failure, facts), undefined);
    assertEquals(regions.regionOf(facts.context), undefined);
    assertEquals(asked, []);
  });
}

Deno.test("the header's region goes before the body's", async () => {
  const { regions } = memoryWith();

  const correction = await regions.recover(
    refusalWith({
      status: 301,
      headers: NAMED,
      fields: { Region: "eu-west-1" },
    }),
    factsOf(),
  );

  assertEquals(correction, { region: "eu-central-1" });
});

Deno.test("HeadBucket is asked where the refusal names no region", async () => {
  for (const answer of [NAMED, refusalWith({ status: 403, headers: NAMED })]) {
    const { regions, asked } = memoryWith(answer);

    const correction = await regions.recover(
      refusalWith({ status: 301 }),
      factsOf(),
    );

    assertEquals(correction, { region: "eu-central-1" });
    assertEquals(asked, ["logs"]);
  }
});

Deno.test("the first failure stands where HeadBucket knows no region", async () => {
  const answers = [
    {},
    refusalWith({ status: 404, code: "404" }),
    new TransportError("reset", "broken", { maybeSent: true }),
  ];
  for (const answer of answers) {
    const { regions } = memoryWith(answer);

    assertEquals(
      await regions.recover(refusalWith({ status: 301 }), factsOf()),
      undefined,
    );
  }
});

Deno.test("HeadBucket does not ask itself", async () => {
  const { regions, asked } = memoryWith(NAMED);

  assertEquals(
    await regions.recover(
      refusalWith({ status: 301, code: "301" }),
      factsOf("HeadBucket"),
    ),
    undefined,
  );
  assertEquals(asked, []);
});

Deno.test("the caller's abort during HeadBucket is passed on", async () => {
  const abort = new DOMException("stop", "AbortError");
  const { regions } = memoryWith(abort);

  const error = await assertRejects(
    () =>
      Promise.resolve(regions.recover(refusalWith({ status: 301 }), factsOf())),
  );

  assertStrictEquals(error, abort);
});

Deno.test("a server cannot send a bucket to another host", async () => {
  const { regions } = memoryWith();
  const failure = refusalWith({
    status: 301,
    headers: { "x-amz-bucket-region": "evil.com/" },
  });

  const error = await assertRejects(
    () => regions.recover(failure, factsOf()),
    EndpointError,
    "evil.com/",
  );

  assertStrictEquals(error.cause, failure);
  assertEquals(regions.regionOf({ Bucket: "logs" }), undefined);
});

Deno.test("a bucket that moved again is remembered anew", async () => {
  const { regions } = memoryWith();
  await regions.recover(
    refusalWith({ status: 301, headers: NAMED }),
    factsOf(),
  );

  await regions.recover(
    refusalWith({
      status: 301,
      headers: { "x-amz-bucket-region": "eu-west-1" },
    }),
    factsOf(),
  );

  assertEquals(regions.regionOf({ Bucket: "logs" }), "eu-west-1");
  assertEquals(regions.regionOf({ Bucket: "other" }), undefined);
  assertEquals(regions.regionOf({}), undefined);
});
