import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError } from "../../src/foundation/errors.ts";
import { ObjectResource } from "../../src/resource/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { localS3 } from "../local_s3.ts";
import { coreWith, refusal } from "../services/s3/answering_core.ts";

const PLACE = { Bucket: "photos", Key: "cat.txt" };
const HEAD = {
  ContentLength: 5,
  ETag: '"a"',
  LastModified: new Date(0),
  ContentType: "text/plain",
  Metadata: { by: "kim" },
  VersionId: "1",
};

Deno.test("ObjectResource asks once what it is like", async () => {
  const { core, calls } = coreWith(HEAD);
  const object = new ObjectResource(new S3(core), PLACE);

  assertEquals(
    await Promise.all([object.size(), object.eTag(), object.lastModified()]),
    [5, '"a"', new Date(0)],
  );
  assertEquals(await object.contentType(), "text/plain");
  assertEquals(await object.metadata(), { by: "kim" });
  assertEquals(await object.storageClass(), "STANDARD");
  assertEquals(await object.versionId(), "1");
  assertEquals(calls.map(({ operation }) => operation), ["HeadObject"]);
});

Deno.test("ObjectResource knows what a listing said", async () => {
  const { core, calls } = coreWith();
  const object = new ObjectResource(new S3(core), PLACE, { ContentLength: 5 });

  assertEquals(await object.size(), 5);
  assertEquals(calls, []);
});

Deno.test("ObjectResource prefers what it has loaded to what a listing said", async () => {
  const { core } = coreWith(HEAD);
  const object = new ObjectResource(new S3(core), PLACE, { ContentLength: 4 });

  await object.load();

  assertEquals(await object.size(), 5);
});

Deno.test("ObjectResource forgets what it knows when it is written", async () => {
  const { core, calls } = coreWith({ ETag: '"b"' }, HEAD);
  const object = new ObjectResource(new S3(core), PLACE, { ContentLength: 4 });

  await object.put({ Body: "miaow" });

  assertEquals(await object.size(), 5);
  assertEquals(calls.map(({ operation }) => operation), [
    "PutObject",
    "HeadObject",
  ]);
});

Deno.test("ObjectResource forgets what it knows also where a write fails", async () => {
  const { core } = coreWith(refusal(500, "InternalError"), HEAD);
  const object = new ObjectResource(new S3(core), PLACE, { ContentLength: 4 });

  await assertRejects(() => object.put({ Body: "miaow" }), ServiceError);

  assertEquals(await object.size(), 5);
});

Deno.test("ObjectResource asks again after a failure", async () => {
  const { core } = coreWith(refusal(503, "SlowDown"), HEAD);
  const object = new ObjectResource(new S3(core), PLACE);

  await assertRejects(() => object.size(), ServiceError, "SlowDown");

  assertEquals(await object.size(), 5);
});

Deno.test("ObjectResource tells a missing object in words", async () => {
  const { core } = coreWith(refusal(404));
  const object = new ObjectResource(new S3(core), PLACE);

  await assertRejects(
    () => object.load(),
    ServiceError,
    'Cannot look at "cat.txt" in bucket "photos": there is no such object',
  );
});

Deno.test("ObjectResource remembers what it saw when asked whether it exists", async () => {
  const { core, calls } = coreWith(HEAD);
  const object = new ObjectResource(new S3(core), PLACE);

  assertEquals(await object.exists(), true);
  assertEquals(await object.size(), 5);
  assertEquals(calls.length, 1);
});

Deno.test("ObjectResource.exists asks each time", async () => {
  const { core } = coreWith(HEAD, refusal(404));
  const object = new ObjectResource(new S3(core), PLACE);

  assertEquals(await object.exists(), true);
  assertEquals(await object.exists(), false);
});

Deno.test("ObjectResource.version reads and deletes that version alone", async () => {
  const { core, calls } = coreWith({}, {}, HEAD);
  const old = new ObjectResource(new S3(core), PLACE).version("7");

  await old.get({ Range: "bytes=0-1" }, { readTimeoutMs: 5 });
  await old.delete({ BypassGovernanceRetention: true });
  await old.load({ RequestPayer: "requester" });

  assertEquals(calls.map(({ input }) => input), [
    { ...PLACE, VersionId: "7", Range: "bytes=0-1" },
    { ...PLACE, VersionId: "7", BypassGovernanceRetention: true },
    { ...PLACE, VersionId: "7", RequestPayer: "requester" },
  ]);
  assertEquals(calls[0]?.options, { readTimeoutMs: 5 });
  assertEquals(await old.versionId(), "7");
});

Deno.test("ObjectResource waits until it exists, and until it does not", async () => {
  const ok = { ResponseMetadata: { HTTPStatusCode: 200 } };
  const { core, calls } = coreWith(refusal(404), ok, refusal(404));
  const object = new ObjectResource(new S3(core), PLACE);

  await object.waitUntilExists({ delayMs: 1 });
  await object.waitUntilNotExists();

  assertEquals(calls.length, 3);
});

Deno.test("ObjectResource writes, reads, copies and deletes", async () => {
  const { s3 } = localS3();
  await s3.createBucket({ Bucket: "photos" });
  const cat = new ObjectResource(s3, PLACE);
  const copy = new ObjectResource(s3, { Bucket: "photos", Key: "copy.txt" });

  await cat.put({ Body: "miaow", ContentType: "text/plain" });
  await copy.copyFrom(cat);
  await cat.delete();

  assertEquals(await (await copy.get()).Body.text(), "miaow");
  assertEquals(await copy.contentType(), "text/plain");
  assertEquals(await cat.exists(), false);
});

Deno.test("ObjectResource goes from a file and to a file", async () => {
  const { s3, system } = localS3({ "/in.txt": "miaow" });
  await s3.createBucket({ Bucket: "photos" });
  const cat = new ObjectResource(s3, PLACE);

  await cat.uploadFile("/in.txt", { input: { ContentType: "text/plain" } });
  await cat.downloadFile("/out.txt");

  assertEquals(system.files["/out.txt"], "miaow");
  assertEquals(await cat.contentType(), "text/plain");
  assertEquals([cat.bucketName, cat.key], ["photos", "cat.txt"]);
});
