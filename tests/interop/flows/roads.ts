/**
 * The roads of boto3's resources and of boto 2.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MemoryFile, S3Connection } from "../../../src/boto2/mod.ts";
import { S3Resource } from "../../../src/resource/mod.ts";
import { BOTH, type Flow, s3Flow } from "../story.ts";

/** The roads of boto3's resources and of boto 2. */
export const ROADS: readonly Flow[] = [
  s3Flow("resource_object", "PutObject", BOTH, async ({ s3, bucket }) => {
    const cat = new S3Resource(s3).bucket(bucket).object("cat.txt");

    await cat.put({ Body: "miaow", Metadata: { mood: "good" } });

    const { Body } = await cat.get();
    assertEquals(await Body.text(), "miaow");
    assertEquals([await cat.size(), await cat.metadata()], [5, {
      mood: "good",
    }]);
    assert(await cat.lastModified() instanceof Date);
    await cat.delete();
    assertEquals(await cat.exists(), false);
  }),
  s3Flow("resource_collection", "ListObjectsV2", BOTH, async (clients) => {
    const { s3, bucket } = clients;
    const things = new S3Resource(s3).bucket(bucket);
    const cat = await things.putObject({
      Key: "drafts/cat.txt",
      Body: "miaow",
    });
    await things.object("drafts/copy.txt").copyFrom(cat);
    await things.object("keep.txt").put({ Body: "purr" });

    const temporary = things.objects.filter({ Prefix: "drafts/" });
    const listed = await temporary.toArray();
    const deleted = await temporary.delete();
    const left = await things.objects.toArray();

    assertEquals(listed.map(({ key }) => key), [
      "drafts/cat.txt",
      "drafts/copy.txt",
    ]);
    assertEquals(deleted.map(({ kind }) => kind), ["deleted", "deleted"]);
    assertEquals(left.map(({ key }) => key), ["keep.txt"]);
  }),
  s3Flow("boto2_program", "GetObject", BOTH, async ({ session, bucket }) => {
    const connection = new S3Connection({}, session);
    const there = await connection.getBucket(bucket);
    await there.newKey("HLS/sample.m3u8").setContentsFromString("#EXTM3U\n");

    const key = await there.getKey("HLS/sample.m3u8");
    const file = new MemoryFile();
    await key?.getContentsToFile(file);

    assertEquals(file.text(), "#EXTM3U\n");
    assertEquals(await key?.getContentsAsString(), "#EXTM3U\n");
    assertEquals(key?.size, 8);
    assertEquals(await there.getKey("HLS/none"), null);
    assertEquals(await connection.lookup(`${bucket}-none`), null);
  }),
];
