import { assertEquals, assertRejects } from "@std/assert";
import {
  PreconditionError,
  ProtocolError,
  ServiceError,
} from "../../../src/foundation/errors.ts";
import {
  createObject,
  editObject,
  getObjectIfChanged,
  replaceObject,
} from "../../../src/services/s3/conditional.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import { bodyOf, coreWith, refusal } from "./answering_core.ts";

const PLACE = { Bucket: "photos", Key: "cat.txt" };

Deno.test("createObject asks for a key that holds nothing", async () => {
  const { core, calls } = coreWith({ ETag: '"a"' });
  const options = { totalTimeoutMs: 5 };

  await createObject(new S3(core), { ...PLACE, Body: "miaow" }, options);

  assertEquals(calls, [{
    operation: "PutObject",
    input: { ...PLACE, Body: "miaow", IfNoneMatch: "*" },
    options,
  }]);
});

Deno.test("createObject tells that there is an object", async () => {
  const cause = refusal(412, "PreconditionFailed");
  const { core } = coreWith(cause);

  const error = await assertRejects(
    () => createObject(new S3(core), PLACE),
    PreconditionError,
    'Cannot create "cat.txt" in bucket "photos": it exists',
  );

  assertEquals([error.kind, error.cause], ["exists", cause]);
});

Deno.test("createObject passes other refusals on", async () => {
  const { core } = coreWith(refusal(409, "OperationAborted"));

  const error = await assertRejects(
    () => createObject(new S3(core), PLACE),
    ServiceError,
  );

  assertEquals(error.code, "OperationAborted");
});

Deno.test("replaceObject sends the ETag as it is", async () => {
  const { core, calls } = coreWith({ ETag: '"b"' });

  await replaceObject(new S3(core), { ...PLACE, IfMatch: '"a"' });

  assertEquals(calls[0]?.input, { ...PLACE, IfMatch: '"a"' });
});

for (
  const [words, cause] of [
    ['its ETag is not "a" now', refusal(412, "PreconditionFailed")],
    ["it is gone", refusal(404, "NoSuchKey")],
  ] as const
) {
  Deno.test(`replaceObject tells that ${words}`, async () => {
    const { core } = coreWith(cause);

    const error = await assertRejects(
      () => replaceObject(new S3(core), { ...PLACE, IfMatch: '"a"' }),
      PreconditionError,
      `Cannot replace "cat.txt" in bucket "photos": ${words}`,
    );

    assertEquals([error.kind, error.cause], ["changed", cause]);
  });
}

Deno.test("replaceObject takes a missing bucket for what it is", async () => {
  const { core } = coreWith(refusal(404, "NoSuchBucket"));

  await assertRejects(
    () => replaceObject(new S3(core), { ...PLACE, IfMatch: '"a"' }),
    ServiceError,
    "NoSuchBucket",
  );
});

Deno.test("getObjectIfChanged reads what is new", async () => {
  const { core, calls } = coreWith({ Body: bodyOf("miaow") });

  const { Body } = await getObjectIfChanged(new S3(core), {
    ...PLACE,
    IfNoneMatch: '"a"',
  });

  assertEquals(await Body.text(), "miaow");
  assertEquals(calls[0]?.input, { ...PLACE, IfNoneMatch: '"a"' });
});

Deno.test("getObjectIfChanged tells that nothing has changed", async () => {
  const { core } = coreWith(refusal(304));

  const error = await assertRejects(
    () =>
      getObjectIfChanged(new S3(core), {
        ...PLACE,
        IfModifiedSince: new Date(0),
      }),
    PreconditionError,
    'Cannot get "cat.txt" in bucket "photos" anew: it has not changed',
  );

  assertEquals(error.kind, "not-modified");
});

Deno.test("getObjectIfChanged passes other refusals on", async () => {
  const { core } = coreWith(refusal(404, "NoSuchKey"));

  await assertRejects(
    () => getObjectIfChanged(new S3(core), { ...PLACE, IfNoneMatch: '"a"' }),
    ServiceError,
    "NoSuchKey",
  );
});

const VISITS = { Bucket: "photos", Key: "visits.txt" };

Deno.test("editObject replaces the object it read", async () => {
  const { core, calls } = coreWith(
    { Body: bodyOf("1"), ETag: '"a"', ContentLength: 1 },
    { ETag: '"b"' },
  );

  const written = await editObject(new S3(core), VISITS, increment);

  assertEquals(written?.ETag, '"b"');
  assertEquals(calls[1]?.operation, "PutObject");
  assertEquals(calls[1]?.input, { ...VISITS, Body: "2", IfMatch: '"a"' });
});

Deno.test("editObject creates an object that is not there", async () => {
  const { core, calls } = coreWith(refusal(404, "NoSuchKey"), { ETag: '"a"' });

  await editObject(new S3(core), VISITS, increment);

  assertEquals(calls[1]?.input, { ...VISITS, Body: "1", IfNoneMatch: "*" });
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

  await editObject(new S3(core), VISITS, increment);

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
    () => editObject(new S3(core), VISITS, increment, { maxAttempts: 2 }),
    PreconditionError,
  );

  assertEquals([error.kind, calls.length], ["changed", 4]);
});

Deno.test("editObject leaves everything as it is where the edit says so", async () => {
  const { core, calls } = coreWith({ Body: bodyOf("1"), ETag: '"a"' });

  const written = await editObject(new S3(core), VISITS, () => undefined);

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

  await editObject(new S3(core), VISITS, increment, {
    put: { CacheControl: "max-age=60" },
  });

  assertEquals(calls[1]?.operation, "GetObjectTagging");
  assertEquals(calls[2]?.input, {
    ...VISITS,
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

  await editObject(new S3(core), { ...VISITS, ...key }, increment);

  assertEquals(calls[1]?.input, {
    ...VISITS,
    ...key,
    Body: "2",
    IfMatch: '"a"',
  });
});

Deno.test("editObject needs an ETag", async () => {
  const { core } = coreWith({ Body: bodyOf("1") });

  await assertRejects(
    () => editObject(new S3(core), VISITS, increment),
    ProtocolError,
    "the store gives it no ETag",
  );
});

Deno.test("editObject passes a missing bucket on", async () => {
  const { core } = coreWith(refusal(404, "NoSuchBucket"));

  await assertRejects(
    () => editObject(new S3(core), VISITS, increment),
    ServiceError,
    "NoSuchBucket",
  );
});

function increment(old: { readonly text: string } | null): string {
  return String(Number(old?.text ?? 0) + 1);
}
