import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type AwsError,
  EndpointError,
  ServiceError,
  type ServiceErrorDetail,
  TransportError,
} from "../../../src/foundation/errors.ts";
import type { AttemptFacts } from "../../../src/ports/service.ts";
import { BucketRegions } from "../../../src/services/s3/bucket_region.ts";

const NAMED = { "x-amz-bucket-region": "eu-central-1" };

function refusal(detail: Partial<ServiceErrorDetail>): ServiceError {
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
      refusal(detail),
      factsOf(operation),
    );

    assertEquals(correction, { region: "eu-central-1" });
    assertEquals(regions.regionOf({ Bucket: "logs" }), "eu-central-1");
    assertEquals(asked, []);
  });
}

const OTHERS: Record<string, [AwsError, AttemptFacts]> = {
  "a denial, although it names the region": [
    refusal({ headers: NAMED }),
    factsOf(),
  ],
  "a scope refused without a region in the body": [
    refusal({
      status: 400,
      code: "AuthorizationHeaderMalformed",
      headers: NAMED,
    }),
    factsOf(),
  ],
  "a bucket that is to be made": [
    refusal({
      status: 400,
      code: "IllegalLocationConstraintException",
      headers: NAMED,
    }),
    factsOf("CreateBucket"),
  ],
  "HeadBucket with 400 and no region": [
    refusal({ status: 400, code: "400" }),
    factsOf("HeadBucket"),
  ],
  "a 400 without a body, not to HEAD": [
    refusal({ status: 400, code: "400", headers: NAMED }),
    factsOf("GetObject"),
  ],
  "a missing key": [
    refusal({ status: 404, code: "NoSuchKey", headers: NAMED }),
    factsOf(),
  ],
  "a call without a bucket": [
    refusal({ status: 301, headers: NAMED }),
    factsOf("ListBuckets", {}),
  ],
  "an access point's ARN": [
    refusal({ status: 301, headers: NAMED }),
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
    refusal({ status: 301, headers: NAMED, fields: { Region: "eu-west-1" } }),
    factsOf(),
  );

  assertEquals(correction, { region: "eu-central-1" });
});

Deno.test("HeadBucket is asked where the refusal names no region", async () => {
  for (const answer of [NAMED, refusal({ status: 403, headers: NAMED })]) {
    const { regions, asked } = memoryWith(answer);

    const correction = await regions.recover(
      refusal({ status: 301 }),
      factsOf(),
    );

    assertEquals(correction, { region: "eu-central-1" });
    assertEquals(asked, ["logs"]);
  }
});

Deno.test("the first failure stands where HeadBucket knows no region", async () => {
  const answers = [
    {},
    refusal({ status: 404, code: "404" }),
    new TransportError("reset", "broken", { maybeSent: true }),
  ];
  for (const answer of answers) {
    const { regions } = memoryWith(answer);

    assertEquals(
      await regions.recover(refusal({ status: 301 }), factsOf()),
      undefined,
    );
  }
});

Deno.test("HeadBucket does not ask itself", async () => {
  const { regions, asked } = memoryWith(NAMED);

  assertEquals(
    await regions.recover(
      refusal({ status: 301, code: "301" }),
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
    () => Promise.resolve(regions.recover(refusal({ status: 301 }), factsOf())),
  );

  assertStrictEquals(error, abort);
});

Deno.test("a server cannot send a bucket to another host", async () => {
  const { regions } = memoryWith();
  const failure = refusal({
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
  await regions.recover(refusal({ status: 301, headers: NAMED }), factsOf());

  await regions.recover(
    refusal({ status: 301, headers: { "x-amz-bucket-region": "eu-west-1" } }),
    factsOf(),
  );

  assertEquals(regions.regionOf({ Bucket: "logs" }), "eu-west-1");
  assertEquals(regions.regionOf({ Bucket: "other" }), undefined);
  assertEquals(regions.regionOf({}), undefined);
});
