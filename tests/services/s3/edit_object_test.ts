import { assertEquals, assertRejects } from "@std/assert";
import {
  PreconditionError,
  ProtocolError,
  ServiceError,
} from "../../../src/foundation/errors.ts";
import { editObject } from "../../../src/services/s3/edit_object.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { bodyOf, coreWith, refusal } from "./answering_core.ts";

const PLACE = { Bucket: "photos", Key: "visits.txt" };

Deno.test("editObject replaces the object it read", async () => {
  const { core, calls } = coreWith(
    { Body: bodyOf("1"), ETag: '"a"', ContentLength: 1 },
    { ETag: '"b"' },
  );

  const written = await editObject(new S3(core), PLACE, increment);

  assertEquals(written?.ETag, '"b"');
  assertEquals(calls[1]?.operation, "PutObject");
  assertEquals(calls[1]?.input, { ...PLACE, Body: "2", IfMatch: '"a"' });
});

Deno.test("editObject creates an object that is not there", async () => {
  const { core, calls } = coreWith(refusal(404, "NoSuchKey"), { ETag: '"a"' });

  await editObject(new S3(core), PLACE, increment);

  assertEquals(calls[1]?.input, { ...PLACE, Body: "1", IfNoneMatch: "*" });
});

Deno.test("editObject begins anew where someone else was faster", async () => {
  const { core, calls } = coreWith(
    { Body: bodyOf("1"), ETag: '"a"' },
    refusal(412, "PreconditionFailed"),
    { Body: bodyOf("5"), ETag: '"b"' },
    refusal(409, "ConditionalRequestConflict"),
    { Body: bodyOf("7"), ETag: '"c"' },
    { ETag: '"d"' },
  );

  await editObject(new S3(core), PLACE, increment);

  assertEquals(
    calls.filter(({ operation }) => operation === "PutObject")
      .map(({ input }) => [input["Body"], input["IfMatch"]]),
    [["2", '"a"'], ["6", '"b"'], ["8", '"c"']],
  );
});

Deno.test("editObject gives up after the last attempt", async () => {
  const { core, calls } = coreWith(
    { Body: bodyOf("1"), ETag: '"a"' },
    refusal(412),
    { Body: bodyOf("1"), ETag: '"a"' },
    refusal(412),
  );

  const error = await assertRejects(
    () => editObject(new S3(core), PLACE, increment, { maxAttempts: 2 }),
    PreconditionError,
  );

  assertEquals([error.kind, calls.length], ["changed", 4]);
});

Deno.test("editObject leaves everything as it is where the edit says so", async () => {
  const { core, calls } = coreWith({ Body: bodyOf("1"), ETag: '"a"' });

  const written = await editObject(new S3(core), PLACE, () => undefined);

  assertEquals([written, calls.length], [undefined, 1]);
});

Deno.test("editObject keeps headers, metadata and tags", async () => {
  const { core, calls } = coreWith(
    {
      Body: bodyOf("1"),
      ETag: '"a"',
      ContentType: "text/plain",
      CacheControl: "no-store",
      Metadata: { by: "kim" },
      TagCount: 2,
    },
    {
      TagSet: [{ Key: "a b", Value: "c&d" }, { Key: "e", Value: "" }],
    },
    { ETag: '"b"' },
  );

  await editObject(new S3(core), PLACE, increment, {
    put: { CacheControl: "max-age=60" },
  });

  assertEquals(calls[1]?.operation, "GetObjectTagging");
  assertEquals(calls[2]?.input, {
    ...PLACE,
    Body: "2",
    IfMatch: '"a"',
    ContentType: "text/plain",
    CacheControl: "max-age=60",
    Metadata: { by: "kim" },
    Tagging: "a+b=c%26d&e=",
  });
});

Deno.test("editObject writes under the customer's key it read with", async () => {
  const key = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: "k".repeat(32),
  };
  const { core, calls } = coreWith(
    { Body: bodyOf("1"), ETag: '"a"' },
    { ETag: '"b"' },
  );

  await editObject(new S3(core), { ...PLACE, ...key }, increment);

  assertEquals(calls[1]?.input, {
    ...PLACE,
    ...key,
    Body: "2",
    IfMatch: '"a"',
  });
});

Deno.test("editObject needs an ETag", async () => {
  const { core } = coreWith({ Body: bodyOf("1") });

  await assertRejects(
    () => editObject(new S3(core), PLACE, increment),
    ProtocolError,
    "the store gives it no ETag",
  );
});

Deno.test("editObject passes a missing bucket on", async () => {
  const { core } = coreWith(refusal(404, "NoSuchBucket"));

  await assertRejects(
    () => editObject(new S3(core), PLACE, increment),
    ServiceError,
    "NoSuchBucket",
  );
});

function increment(old: { readonly text: string } | null): string {
  return String(Number(old?.text ?? 0) + 1);
}
