/**
 * Objects, written, read, copied and deleted.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BOTH, type Flow, refusal, s3Flow } from "../story.ts";

/** Objects, written, read, copied and deleted. */
export const OBJECTS: readonly Flow[] = [
  s3Flow("put_get_head_object", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "HLS/sample.m3u8" };

    const put = await s3.putObject({
      ...at,
      Body: "#EXTM3U\n",
      ContentType: "application/vnd.apple.mpegurl",
      Metadata: { app: "transcoder" },
    });
    const got = await s3.getObject(at);
    const head = await s3.headObject(at);

    assertEquals(await got.Body.text(), "#EXTM3U\n");
    assertEquals(got.ETag, put.ETag);
    assertEquals(got.ContentType, "application/vnd.apple.mpegurl");
    assertEquals(got.Metadata, { app: "transcoder" });
    assertEquals(head.ContentLength, 8);
    assert(head.LastModified instanceof Date);
  }),
  s3Flow("get_object_range", "GetObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "digits" };
    await s3.putObject({ ...at, Body: "0123456789" });

    const { Body, ContentRange } = await s3.getObject({
      ...at,
      Range: "bytes=2-4",
    });

    assertEquals(await Body.text(), "234");
    assertEquals(ContentRange, "bytes 2-4/10");
  }),
  s3Flow("get_object_not_modified", "GetObject", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const at = { Bucket: bucket, Key: "same" };
    const { ETag = "" } = await s3.putObject({ ...at, Body: "same" });

    const error = await refusal(s3.getObject({ ...at, IfNoneMatch: ETag }));

    assertEquals(error.status, 304);
  }),
  s3Flow("put_object_stream", "PutObject", ["moto"], async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "stream" };
    const source = {
      length: undefined,
      replayable: true,
      open: () => ReadableStream.from([new TextEncoder().encode("in pieces")]),
    };

    await s3.putObject({ ...at, Body: source });

    assertEquals(await (await s3.getObject(at)).Body.text(), "in pieces");
  }),
  s3Flow("put_object_empty", "PutObject", BOTH, async ({ s3, bucket }) => {
    const at = { Bucket: bucket, Key: "empty" };

    await s3.putObject({ ...at, Body: "" });

    const { Body, ContentLength } = await s3.getObject(at);
    assertEquals(ContentLength, 0);
    assertEquals((await Body.bytes()).length, 0);
  }),
  s3Flow("copy_object_odd_key", "CopyObject", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const Key = "ü ?+%.txt";
    await s3.putObject({ Bucket: bucket, Key, Body: "copied" });

    const { CopyObjectResult } = await s3.copyObject({
      Bucket: bucket,
      Key: "copy",
      CopySource: { Bucket: bucket, Key },
    });

    assert(CopyObjectResult?.ETag);
    const { Body } = await s3.getObject({ Bucket: bucket, Key: "copy" });
    assertEquals(await Body.text(), "copied");
  }),
  s3Flow("delete_objects_many", "DeleteObjects", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    for (const Key of ["one", "two & three", "four"]) {
      await s3.putObject({ Bucket: bucket, Key, Body: "x" });
    }

    const { Deleted = [] } = await s3.deleteObjects({
      Bucket: bucket,
      Delete: { Objects: [{ Key: "one" }, { Key: "two & three" }] },
    });
    await s3.deleteObject({ Bucket: bucket, Key: "four" });

    assertEquals(Deleted.map(({ Key }) => Key).sort(), ["one", "two & three"]);
    const { KeyCount = 0 } = await s3.listObjectsV2({ Bucket: bucket });
    assertEquals(KeyCount, 0);
  }),
];
