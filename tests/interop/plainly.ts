/**
 * What is signed here and sent by anyone, as a browser or a tool would.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  GetObject,
  presignPost,
  PutObject,
} from "../../src/services/s3/mod.ts";
import type { Clients } from "./story.ts";

/** Presigned URLs. */
export async function urls({ s3, bucket }: Clients): Promise<void> {
  const at = { Bucket: bucket, Key: "a b/ü.txt" };
  const put = await s3.presign(PutObject, {
    ...at,
    ContentType: "text/plain",
  });

  const stored = await fetch(put.url, {
    method: put.method,
    headers: put.headers,
    body: "by anyone",
  });
  await stored.body?.cancel();
  assertEquals(stored.status, 200);

  const get = await s3.presign(GetObject, at, { expiresInSeconds: 60 });
  const got = await fetch(get.url, { headers: get.headers });
  assertEquals(await got.text(), "by anyone");
}

/** A form. */
export async function form({ s3, bucket }: Clients): Promise<void> {
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
