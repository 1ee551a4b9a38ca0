/**
 * Reads and writes under conditions.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  createObject,
  editObject,
  getObjectIfChanged,
  PreconditionError,
  type PreconditionKind,
  replaceObject,
} from "../../../src/services/s3/mod.ts";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** Reads and writes under conditions; Swift weighs only those of reads. */
export const CONDITIONS: readonly Flow[] = [
  s3Flow("create_object", "PutObject", ["moto"], async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "lock" };

    await createObject(s3, { ...at, Body: "first" });
    const kind = await unmet(createObject(s3, { ...at, Body: "second" }));

    assertEquals(kind, "exists");
    assertEquals(await (await s3.getObject(at)).Body.text(), "first");
  }),
  s3Flow("replace_object", "PutObject", ["moto"], async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "state" };
    const { ETag: IfMatch = "" } = await s3.putObject({ ...at, Body: "1" });

    await replaceObject(s3, { ...at, IfMatch, Body: "2" });
    const kind = await unmet(replaceObject(s3, { ...at, IfMatch, Body: "3" }));

    assertEquals(kind, "changed");
    assertEquals(await (await s3.getObject(at)).Body.text(), "2");
  }),
  s3Flow("edit_object", "PutObject", ["moto"], async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "visits.txt" };
    await s3.putObject({ ...at, Body: "0", ContentType: "text/plain" });
    let other = "7";

    await editObject(s3, at, async (old) => {
      // Someone else is faster, once.
      if (other) await s3.putObject({ ...at, Body: other });
      other = "";
      return String(Number(old?.text) + 1);
    });

    const { Body } = await s3.getObject(at);
    assertEquals(await Body.text(), "8");
  }),
  s3Flow("get_object_if_changed", "GetObject", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "same.txt" };
    const { ETag: IfNoneMatch = "" } = await s3.putObject({ ...at, Body: "1" });

    const kind = await unmet(getObjectIfChanged(s3, { ...at, IfNoneMatch }));
    await s3.putObject({ ...at, Body: "2" });
    const { Body } = await getObjectIfChanged(s3, { ...at, IfNoneMatch });

    assertEquals(kind, "not-modified");
    assertEquals(await Body.text(), "2");
  }),
];

/** The condition that a call must fail on. */
async function unmet(call: Promise<unknown>): Promise<PreconditionKind> {
  return (await assertRejects(() => call, PreconditionError)).kind;
}
