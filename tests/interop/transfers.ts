/**
 * Transfers, with servers that others wrote.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  compose,
  copy,
  download,
  downloadBytes,
  file,
  upload,
} from "../../src/transfer/mod.ts";
import { noise } from "../transfer/stubs.ts";
import type { Clients } from "./story.ts";

const PART = 5 * 1_024 * 1_024;
const CONTENT = noise(2 * PART + 12_345);
/** What breaks off in the middle of its third part. */
const LONG = noise(3 * PART);
const OPTIONS = { partSize: PART, threshold: PART };

/** To a file and back, in parts. */
export async function roundTrip({ s3, bucket }: Clients): Promise<void> {
  const object = { Bucket: bucket, Key: "a b/film+1.mp4" };
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/in`, CONTENT);
    const sent = await upload(s3, {
      ...object,
      Body: file(`${folder}/in`),
      ContentType: "video/mp4",
      Metadata: { app: "transcoder" },
    }, OPTIONS);
    await download(s3, object, file(`${folder}/out`), { partSize: PART });
    assertEquals([sent.kind, sent.parts], ["multipart", 3]);
    assertEquals(await Deno.readFile(`${folder}/out`), CONTENT);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A copy in parts. */
export async function copyInParts({ s3, bucket }: Clients): Promise<void> {
  // In one request: Swift refuses a condition on the ETag of an object in parts.
  const CopySource = { Bucket: bucket, Key: "a b/film+1.mp4" };
  await s3.putObject({
    ...CopySource,
    Body: CONTENT,
    ContentType: "video/mp4",
    Metadata: { app: "transcoder" },
  });

  const target = { Bucket: bucket, Key: "copy" };
  const { parts } = await copy(s3, { ...target, CopySource }, OPTIONS);

  assertEquals(parts, 3);
  const { Body, ContentType, Metadata } = await downloadBytes(s3, target);
  assertEquals(Body, CONTENT);
  assertEquals([ContentType, Metadata], ["video/mp4", { app: "transcoder" }]);
}

/** An object made of others, and of ranges of them. */
export async function composed({ s3, bucket }: Clients): Promise<void> {
  const target = { Bucket: bucket, Key: "all" };
  const film = { Bucket: bucket, Key: "a b/film+1.mp4" };
  const title = { Bucket: bucket, Key: "title" };
  await s3.putObject({ ...film, Body: CONTENT });
  await s3.putObject({ ...title, Body: "miaow" });

  const { parts, downloaded } = await compose(s3, {
    ...target,
    ContentType: "video/mp4",
  }, [
    title,
    film,
    { ...film, Range: "bytes=5-" },
    title,
  ], { partSize: PART });

  assertEquals([parts, downloaded], [5, PART]);
  const { Body, ContentType } = await downloadBytes(s3, target);
  const expected = ["miaow", CONTENT, CONTENT.subarray(5), "miaow"];
  assertEquals(Body, await new Blob(expected).bytes());
  assertEquals(ContentType, "video/mp4");
}

/** An upload that breaks off, and one that goes on with it. */
export async function goOn({ s3, bucket }: Clients): Promise<void> {
  const object = { Bucket: bucket, Key: "unfinished" };
  const controller = new AbortController();
  await assertRejects(() =>
    upload(s3, { ...object, Body: LONG }, {
      ...OPTIONS,
      concurrency: 1,
      keepParts: true,
      signal: controller.signal,
      onProgress: ({ bytes }) => {
        if (bytes > 2 * PART) controller.abort(new Error("enough"));
      },
    })
  );

  const result = await upload(s3, { ...object, Body: LONG }, {
    ...OPTIONS,
    resume: true,
  });

  assert(result.kind === "multipart" && result.resumed === 2);
  const { Body } = await downloadBytes(s3, object);
  assertEquals(Body, LONG);
}
