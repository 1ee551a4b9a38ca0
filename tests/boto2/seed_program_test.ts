/**
 * The program that this road is for: it reads an HLS playlist from a bucket into
 * memory and prints it.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { connectS3, MemoryFile } from "../../src/boto2/mod.ts";
import { ServiceError } from "../../src/foundation/errors.ts";
import type { Session } from "../../mod.ts";
import { localS3 } from "../local_s3.ts";

const NAME = "HLS/1M/D0002021500_00000/sample.m3u8";
const PLAYLIST = [
  "#EXTM3U",
  ...Array.from({ length: 6 }, (_, n) => `#EXTINF:10,\nsample0000${n}.ts`),
  "#EXT-X-ENDLIST",
  "",
].join("\n");

Deno.test("the seed's program prints the playlist", async () => {
  const { s3, session } = localS3();
  await s3.createBucket({ Bucket: "app1-transcoder-out" });
  await s3.putObject({
    Bucket: "app1-transcoder-out",
    Key: NAME,
    Body: PLAYLIST,
  });

  const printed = await program(session, "app1-transcoder-out");

  assertEquals(printed, PLAYLIST);
});

Deno.test("the seed's program raises its own error for a missing key", async () => {
  const { s3, session } = localS3();
  await s3.createBucket({ Bucket: "app1-transcoder-out" });

  await assertRejects(
    () => program(session, "app1-transcoder-out"),
    Error,
    "no such key",
  );
});

Deno.test("the seed's program fails at the bucket where that is missing", async () => {
  await assertRejects(
    () => program(localS3().session, "app1-transcoder-out"),
    ServiceError,
    "there is no such bucket",
  );
});

async function program(session: Session, bucketName: string): Promise<string> {
  using connection = connectS3(
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    { session },
  );
  const bucket = await connection.getBucket(bucketName);
  const key = await bucket.getKey(NAME);
  if (key === null) throw new Error("no such key");
  const file = new MemoryFile();
  await key.getContentsToFile(file);
  return file.text();
}
