/**
 * Resources, the road of boto 2, conditions and forms, against servers that
 * others wrote.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { MemoryFile, S3Connection } from "../../src/boto2/mod.ts";
import { S3Resource } from "../../src/resource/mod.ts";
import {
  bucketExists,
  createObject,
  editObject,
  getObjectIfChanged,
  objectExists,
  PreconditionError,
  presignPost,
} from "../../src/services/s3/mod.ts";
import type { Clients } from "./flows.ts";

/** Things with verbs, from the first to the last. */
export async function resources({ s3, bucket }: Clients): Promise<void> {
  const things = new S3Resource(s3).bucket(bucket);
  const cat = await things.putObject({ Key: "tmp/cat.txt", Body: "miaow" });
  await things.object("tmp/copy.txt").copyFrom(cat);
  await things.object("keep.txt").put({ Body: "purr" });

  const listed = await things.objects.filter({ Prefix: "tmp/" }).toArray();
  const sizes = await Promise.all(listed.map((object) => object.size()));
  const deleted = await things.objects.filter({ Prefix: "tmp/" }).delete();

  assertEquals(sizes, [5, 5]);
  assertEquals(deleted.map(({ kind }) => kind), ["deleted", "deleted"]);
  assertEquals((await things.objects.toArray()).map(({ key }) => key), [
    "keep.txt",
  ]);
  assertEquals(await cat.exists(), false);
}

/** The seed's program. */
export async function boto2({ session, bucket }: Clients): Promise<void> {
  const connection = new S3Connection({}, session);
  const there = await connection.getBucket(bucket);
  await there.newKey("HLS/sample.m3u8").setContentsFromString("#EXTM3U\n");

  const key = await there.getKey("HLS/sample.m3u8");
  const file = new MemoryFile();
  await key?.getContentsToFile(file);

  assertEquals(file.text(), "#EXTM3U\n");
  assertEquals(key?.size, 8);
  assertEquals(await there.getKey("HLS/none"), null);
  assertEquals(await connection.lookup(`${bucket}-none`), null);
}

/** What is there, and what has not changed. */
export async function looks({ s3, bucket }: Clients): Promise<void> {
  const at = { Bucket: bucket, Key: "same.txt" };
  const { ETag: IfNoneMatch = "" } = await s3.putObject({ ...at, Body: "1" });

  assertEquals(await objectExists(s3, at), true);
  assertEquals(await objectExists(s3, { ...at, Key: "none" }), false);
  assertEquals(await bucketExists(s3, { Bucket: `${bucket}-none` }), false);
  const error = await assertRejects(
    () => getObjectIfChanged(s3, { ...at, IfNoneMatch }),
    PreconditionError,
  );
  assertEquals(error.kind, "not-modified");
}

/** Writes under conditions, where the server weighs them. */
export async function conditions({ s3, bucket }: Clients): Promise<void> {
  const at = { Bucket: bucket, Key: "visits.txt" };
  await createObject(s3, { ...at, Body: "0", ContentType: "text/plain" });

  const error = await assertRejects(
    () => createObject(s3, { ...at, Body: "9" }),
    PreconditionError,
  );
  await editObject(s3, at, (old) => String(Number(old?.text) + 1));

  const { Body, ContentType } = await s3.getObject(at);
  assertEquals(error.kind, "exists");
  assertEquals([await Body.text(), ContentType], ["1", "text/plain"]);
}

/** A form, sent as a browser would. */
export async function forms({ s3, bucket }: Clients): Promise<void> {
  const { url, fields } = await presignPost(s3, {
    Bucket: bucket,
    Key: "incoming/${filename}",
    Conditions: [["content-length-range", 1, 100]],
  });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", new Blob(["miaow"]), "cat.txt");

  const answer = await fetch(url, { method: "POST", body: form });
  await answer.body?.cancel();

  assertEquals(answer.ok, true);
  const { Body } = await s3.getObject({
    Bucket: bucket,
    Key: "incoming/cat.txt",
  });
  assertEquals(await Body.text(), "miaow");
}
