/**
 * Conditions, looks and edits against an S3 in memory, through whole calls.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { PreconditionError } from "../../../src/foundation/errors.ts";
import {
  bucketExists,
  createObject,
  editObject,
  getObjectIfChanged,
  objectExists,
  replaceObject,
  type S3,
} from "../../../src/services/s3/mod.ts";
import { localS3 } from "../../local_s3.ts";

const PLACE = { Bucket: "photos", Key: "visits.txt" };

Deno.test("an object is created once, and replaced while it is the same", async () => {
  const s3 = await photos();

  const { ETag: first = "" } = await createObject(s3, { ...PLACE, Body: "1" });
  const exists = await kindOf(() => createObject(s3, { ...PLACE, Body: "2" }));
  await replaceObject(s3, { ...PLACE, Body: "3", IfMatch: first });
  const changed = await kindOf(() =>
    replaceObject(s3, { ...PLACE, Body: "4", IfMatch: first })
  );
  await s3.deleteObject(PLACE);
  const gone = await kindOf(() =>
    replaceObject(s3, { ...PLACE, Body: "5", IfMatch: first })
  );

  assertEquals([exists, changed, gone], ["exists", "changed", "changed"]);
});

Deno.test("an object is read when it has changed", async () => {
  const s3 = await photos();
  const { ETag: IfNoneMatch = "" } = await s3.putObject({
    ...PLACE,
    Body: "1",
  });

  const same = await kindOf(() =>
    getObjectIfChanged(s3, { ...PLACE, IfNoneMatch })
  );
  await s3.putObject({ ...PLACE, Body: "2" });
  const { Body } = await getObjectIfChanged(s3, { ...PLACE, IfNoneMatch });

  assertEquals(same, "not-modified");
  assertEquals(await Body.text(), "2");
});

Deno.test("edits at the same time lose nothing", async () => {
  const s3 = await photos();
  const visit = (): Promise<unknown> =>
    editObject(
      s3,
      PLACE,
      (old) => String(Number(old?.text ?? 0) + 1),
      { maxAttempts: 20, put: { ContentType: "text/plain" } },
    );

  await Promise.all(Array.from({ length: 10 }, visit));

  const { Body, ContentType } = await s3.getObject(PLACE);
  assertEquals([await Body.text(), ContentType], ["10", "text/plain"]);
});

Deno.test("what exists is told from what does not", async () => {
  const s3 = await photos();
  await s3.putObject({ ...PLACE, Body: "1" });

  assertEquals(await objectExists(s3, PLACE), true);
  assertEquals(await objectExists(s3, { ...PLACE, Key: "none" }), false);
  assertEquals(await bucketExists(s3, { Bucket: "photos" }), true);
  assertEquals(await bucketExists(s3, { Bucket: "videos" }), false);
});

async function photos(): Promise<S3> {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket: "photos" });
  return s3;
}

async function kindOf(call: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(call, PreconditionError)).kind;
}
