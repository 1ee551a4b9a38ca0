import { assertEquals } from "@std/assert";
import { ServiceError } from "../../../src/foundation/errors.ts";
import type { Caller } from "../../../src/ports/caller.ts";
import type { AttemptFacts } from "../../../src/ports/recovery.ts";
import { s3 } from "../../../src/services/s3/service.ts";

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
