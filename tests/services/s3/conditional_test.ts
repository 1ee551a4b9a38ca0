import { assertEquals, assertRejects } from "@std/assert";
import {
  PreconditionError,
  ServiceError,
} from "../../../src/foundation/errors.ts";
import {
  createObject,
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
