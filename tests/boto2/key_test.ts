import { assertEquals, assertRejects } from "@std/assert";
import {
  type Bucket,
  type Key,
  MemoryFile,
  S3Connection,
} from "../../src/boto2/mod.ts";
import { ServiceError } from "../../src/foundation/errors.ts";
import { localS3 } from "../local_s3.ts";

Deno.test("getKey knows the key, or gives null", async () => {
  const { bucket } = await photos();
  await bucket.newKey("cat.txt").setContentsFromString("miaow", {
    ContentType: "text/plain",
    Metadata: { by: "kim" },
  });

  const key = await bucket.getKey("cat.txt");

  assertEquals(key?.name, "cat.txt");
  assertEquals(key?.size, 5);
  assertEquals(key?.contentType, "text/plain");
  assertEquals(key?.getMetadata("by"), "kim");
  assertEquals(key?.lastModified instanceof Date, true);
  assertEquals(await bucket.getKey("dog.txt"), null);
});

Deno.test("contents go to a text, bytes, an open file and a file of that name", async () => {
  const { key, system } = await cat();
  const file = new MemoryFile();

  await key.getContentsToFile(file);
  await key.getContentsToFile(file.writable);
  await key.getContentsToFilename("/out.txt");

  assertEquals(file.text(), "miaowmiaow");
  assertEquals(await key.getContentsAsString(), "miaow");
  assertEquals((await key.getContentsAsBytes()).length, 5);
  assertEquals(system.files["/out.txt"], "miaow");
});

Deno.test("getContentsToFile leaves the file open where the key is missing", async () => {
  const { bucket } = await photos();
  const file = new MemoryFile();

  await assertRejects(
    () => bucket.newKey("dog.txt").getContentsToFile(file),
    ServiceError,
    "NoSuchKey",
  );

  const writer = file.writable.getWriter();
  await writer.write(new Uint8Array([33]));
  assertEquals(file.text(), "!");
});

Deno.test("contents come from a file and from a stream", async () => {
  const { bucket } = await photos({ "/in.txt": "miaow" });
  const key = bucket.newKey("cat.txt");

  await key.setContentsFromFilename("/in.txt", { ContentType: "text/plain" });
  assertEquals(await key.getContentsAsString(), "miaow");
  await key.setContentsFromStream(new Blob(["purr"]).stream());
  assertEquals(await key.getContentsAsString(), "purr");
});

Deno.test("a key that was written knows its ETag and nothing else", async () => {
  const { key } = await cat();

  assertEquals(Object.keys(key.facts), ["etag"]);
  assertEquals(key.etag, (await key.bucket.getKey("cat.txt"))?.etag);
});

Deno.test("list gives the keys of a prefix, with what the listing says", async () => {
  const { bucket } = await photos();
  for (const name of ["a/1", "a/2", "b"]) {
    await bucket.newKey(name).setContentsFromString(name);
  }

  const keys = await Array.fromAsync(bucket.list("a/"));
  const all = await Array.fromAsync(bucket.list());

  assertEquals(keys.map(({ name, size }) => [name, size]), [
    ["a/1", 3],
    ["a/2", 3],
  ]);
  assertEquals(all.length, 3);
});

Deno.test("keys are copied from here to there, and deleted", async () => {
  const { bucket, key } = await cat();

  await key.copy("photos", "copy.txt");
  await bucket.copyKey("second.txt", "photos", "copy.txt");
  await bucket.deleteKey("cat.txt");
  await bucket.deleteKeys(["copy.txt", "none"]);

  const keys = await Array.fromAsync(bucket.list());
  assertEquals(keys.map(({ name }) => name), ["second.txt"]);
  assertEquals(await key.exists(), false);
  assertEquals(await keys[0]?.getContentsAsString(), "miaow");
  await keys[0]?.delete();
  await bucket.delete();
});

for (const method of ["GET", "PUT", "HEAD", "DELETE"] as const) {
  Deno.test(`generateUrl makes a URL for ${method}`, async () => {
    const { key } = await cat();

    const url = new URL(await key.generateUrl(60, method));

    assertEquals(url.pathname, "/photos/cat.txt");
    assertEquals(url.searchParams.get("X-Amz-Expires"), "60");
  });
}

interface Scene {
  readonly bucket: Bucket;
  readonly system: ReturnType<typeof localS3>["system"];
}

async function photos(
  files: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const { session, system } = localS3(files);
  const bucket = await new S3Connection({}, session).createBucket("photos");
  return { bucket, system };
}

async function cat(): Promise<Scene & { readonly key: Key }> {
  const scene = await photos();
  const key = scene.bucket.newKey("cat.txt");
  await key.setContentsFromString("miaow");
  return { ...scene, key };
}
