import { assertEquals } from "@std/assert";
import { Session } from "../../../mod.ts";
import { S3 } from "../../../src/services/s3/mod.ts";
import {
  type Keeper,
  memoryPiece,
  Store,
} from "../../../src/testing/local_aws/store.ts";
import { LocalAws } from "../../../src/testing/mod.ts";
import { localS3 } from "../../local_s3.ts";

const Bucket = "photos";

/** Whether a piece has given its memory back. */
function isFreed(bytes: Uint8Array): boolean {
  return bytes.length === 0;
}

Deno.test("a Store frees a piece once nobody holds it, and not before", async () => {
  const store = new Store();
  const bytes = new Uint8Array(8);
  const piece = memoryPiece(bytes);
  store.hold([piece]);
  store.hold([piece]);

  store.letGo([piece]);
  await store.sweep();
  const held = isFreed(bytes);
  store.letGo([piece]);
  store.hold([piece]);
  await store.sweep();
  const heldAgain = isFreed(bytes);
  store.letGo([piece]);
  await store.sweep();

  assertEquals([held, heldAgain, isFreed(bytes)], [false, false, true]);
});

Deno.test("a Store frees nothing while a change is being kept", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const keeper: Keeper = {
    piece: (bytes) => Promise.resolve(memoryPiece(bytes)),
    keep: () => promise,
    clear: () => Promise.resolve(),
  };
  const store = new Store(keeper);
  const bytes = new Uint8Array(8);
  const piece = await store.piece(bytes);
  store.hold([piece]);

  store.letGo([piece]);
  const kept = store.keep(Bucket);
  await store.sweep();
  const before = isFreed(bytes);
  resolve();
  await kept;
  await store.sweep();

  assertEquals([before, isFreed(bytes)], [false, true]);
});

Deno.test("LocalAws sends an object whole that is removed meanwhile", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putObject({ Bucket, Key: "k", Body: "miaow" });

  const { Body } = await s3.getObject({ Bucket, Key: "k" });
  await s3.deleteObject({ Bucket, Key: "k" });
  await s3.listBuckets();

  assertEquals(await Body.text(), "miaow");
});

Deno.test("LocalAws keeps a copy when the original is removed", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  await s3.putObject({ Bucket, Key: "k", Body: "miaow" });
  await s3.copyObject({ Bucket, Key: "copy", CopySource: "photos/k" });

  await s3.deleteObject({ Bucket, Key: "k" });
  await s3.putObject({ Bucket, Key: "other", Body: "hiss" });
  const { Body } = await s3.getObject({ Bucket, Key: "copy" });

  assertEquals(await Body.text(), "miaow");
});

Deno.test("LocalAws shares no bytes with who puts them or gets them", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket });
  const given = new TextEncoder().encode("miaow");
  await s3.putObject({ Bucket, Key: "k", Body: given });
  const get = async () =>
    await (await s3.getObject({ Bucket, Key: "k" })).Body.bytes();

  given.fill(0);
  const got = await get();
  got.fill(0);

  assertEquals(new TextDecoder().decode(await get()), "miaow");
});

Deno.test("LocalAws removes the files of what was replaced or removed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using local = await LocalAws.start({ folder, minPartSize: 1 });
    const s3 = new Session({
      ...local.clientConfig,
      transport: local.transport(),
    }).client(S3);
    await s3.createBucket({ Bucket });
    for (const Body of ["one", "two"]) {
      await s3.putObject({ Bucket, Key: "k", Body });
    }
    const begun = await s3.createMultipartUpload({ Bucket, Key: "big" });
    const part = { Bucket, Key: "big", UploadId: begun.UploadId ?? "" };
    for (const Body of ["one", "two"]) {
      await s3.uploadPart({ ...part, PartNumber: 1, Body });
    }
    await s3.listBuckets();
    const inUse = await files(`${folder}/pieces`);
    await s3.abortMultipartUpload(part);
    await s3.deleteObject({ Bucket, Key: "k" });
    await s3.listBuckets();

    assertEquals([inUse, await files(`${folder}/pieces`)], [2, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function files(folder: string): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(folder))).length;
}
