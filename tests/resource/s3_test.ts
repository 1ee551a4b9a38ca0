import { assertEquals } from "@std/assert";
import { setupDefaultSession } from "../../mod.ts";
import { resource, S3Resource } from "../../src/resource/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import { localS3 } from "../local_s3.ts";
import { coreWith } from "../services/s3/answering_core.ts";

Deno.test("S3Resource leads to buckets and objects without a request", () => {
  const { core, calls } = coreWith();
  const s3 = new S3Resource(new S3(core));

  assertEquals(s3.bucket("photos").name, "photos");
  assertEquals(s3.object("photos", "cat.txt").place, {
    Bucket: "photos",
    Key: "cat.txt",
  });
  assertEquals(calls, []);
});

Deno.test("S3Resource makes buckets and lists them", async () => {
  const s3 = new S3Resource(localS3().s3);

  const made = await s3.createBucket({ Bucket: "photos" });
  await s3.createBucket({ Bucket: "videos" });

  assertEquals(made.name, "photos");
  assertEquals((await s3.buckets.toArray()).map(({ name }) => name), [
    "photos",
    "videos",
  ]);
});

Deno.test("S3Resource asks for buckets by the page", async () => {
  const { core, calls } = coreWith(
    { Buckets: [{ Name: "pa" }], ContinuationToken: "next" },
    { Buckets: [{ Name: "pb" }] },
  );

  const buckets = await new S3Resource(new S3(core)).buckets
    .filter({ Prefix: "p" }).pageSize(1).toArray();

  assertEquals(buckets.map(({ name }) => name), ["pa", "pb"]);
  assertEquals(calls.map(({ input }) => input), [
    { Prefix: "p", MaxBuckets: 1 },
    { Prefix: "p", MaxBuckets: 1, ContinuationToken: "next" },
  ]);
});

Deno.test("resource makes S3 of the default session", async () => {
  const local = new LocalAws();
  setupDefaultSession({
    ...local.clientConfig,
    transport: local.transport(),
    system: new FakeSystem(),
  });

  const bucket = await resource(S3, { addressingStyle: "path" })
    .createBucket({ Bucket: "photos" });

  assertEquals(await bucket.exists(), true);
});

Deno.test("session.resource is on that session, with settings of its own", async () => {
  const { session } = localS3();

  await session.resource(S3).createBucket({ Bucket: "photos" });

  const buckets = session.resource(S3, { retry: { maxAttempts: 1 } }).buckets;
  assertEquals((await buckets.toArray()).map(({ name }) => name), ["photos"]);
});
