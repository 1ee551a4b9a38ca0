import { assertEquals, assertRejects } from "@std/assert";
import { ValidationError } from "../../src/foundation/errors.ts";
import {
  copy,
  download,
  downloadBytes,
  downloadStream,
  file,
  upload,
} from "../../src/transfer/mod.ts";
import { localS3 } from "../local_s3.ts";

Deno.test("transfers take addresses for bucket and key", async () => {
  const { s3, system } = localS3({ "/cat.txt": "miaow" });
  await s3.createBucket({ Bucket: "photos" });

  await upload(s3, "s3://photos/a/cat.txt", file("/cat.txt"));
  await copy(s3, "s3://photos/a/cat.txt", "s3://photos/b.txt");
  await copy(s3, {
    Bucket: "photos",
    Key: "c.txt",
    CopySource: "s3://photos/b.txt",
  });

  const { Body } = await downloadBytes(s3, "s3://photos/c.txt");
  assertEquals(new TextDecoder().decode(Body), "miaow");
  const stream = await downloadStream(s3, "s3://photos/b.txt");
  assertEquals(await new Response(stream.Body).text(), "miaow");
  await download(s3, "s3://photos/b.txt", file("/b.txt"));
  assertEquals(system.files["/b.txt"], "miaow");
});

Deno.test("transfers hand on the options behind an address", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket: "photos" });
  const told: number[] = [];
  const onProgress = ({ bytes }: { readonly bytes: number }): void => {
    told.push(bytes);
  };

  const sent = await upload(s3, "s3://photos/a", "miaow", { onProgress });
  assertEquals([sent.kind, told.at(-1)], ["single", 5]);
  told.length = 0;
  await copy(s3, "s3://photos/a", "s3://photos/b", { onProgress });
  assertEquals(told.at(-1), 5);
  const signal = AbortSignal.abort(new Error("enough"));
  for (
    const call of [
      () => upload(s3, "s3://photos/a", "x", { signal }),
      () => copy(s3, "s3://photos/a", "s3://photos/c", { signal }),
    ]
  ) await assertRejects(call, Error, "enough");
});

Deno.test("transfers say which address is wrong, and give the body up", async () => {
  const { s3 } = localS3();
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({
    cancel: (reason): void => {
      cancelled = reason;
    },
  });
  const error = await assertRejects(
    () => upload(s3, "s3://photos", body),
    ValidationError,
    "Cannot call upload: input names no key: expected s3://bucket/key",
  );
  assertEquals(cancelled, error);
  for (
    const call of [
      () => downloadBytes(s3, "s3://photos/"),
      () => downloadStream(s3, "photos/cat"),
      () => download(s3, "s3:///cat", file("/x")),
      () => copy(s3, "s3://photos/a", "photos/b"),
      () => copy(s3, "photos/a", "s3://photos/b"),
      () => Reflect.apply(copy, null, [s3, "s3://photos/a"]),
    ]
  ) await assertRejects(call, ValidationError);
});
