import { assertEquals, assertRejects } from "@std/assert";
import type { ObjectIdentifier } from "../../src/services/s3/mod.ts";
import { deleteMany } from "../../src/transfer/delete_many.ts";
import { type Answer, fakeS3, localS3 } from "./stubs.ts";

/** Deletes all but what is locked; backwards, as any order is right. */
const store: Answer = (input) => {
  const { Objects } = input["Delete"] as { Objects: ObjectIdentifier[] };
  const isLocked = ({ Key }: ObjectIdentifier) => Key.startsWith("locked");
  return {
    Deleted: Objects.filter((object) => !isLocked(object)).reverse(),
    Errors: Objects.filter(isLocked).map(({ Key }) => ({
      Key,
      Code: "AccessDenied",
      Message: "No",
    })),
  };
};

Deno.test("deleteMany deletes 1 000 per request", async () => {
  const { s3, calls } = fakeS3({ DeleteObjects: store });
  const keys = Array.from({ length: 2_001 }, (_, i) => `k${i}`);

  const results = await deleteMany(s3, "photos", keys, { MFA: "m" });

  assertEquals(results.map(({ Key }) => Key), keys);
  assertEquals(results.every(({ kind }) => kind === "deleted"), true);
  assertEquals(
    calls.map(({ input }) => [
      input["Bucket"],
      input["MFA"],
      (input["Delete"] as { Objects: unknown[] }).Objects.length,
    ]),
    [["photos", "m", 1_000], ["photos", "m", 1_000], ["photos", "m", 1]],
  );
});

Deno.test("deleteMany sends nothing for nothing", async () => {
  const { s3, calls } = fakeS3({});

  assertEquals(await deleteMany(s3, "photos", []), []);
  assertEquals(calls, []);
});

Deno.test("deleteMany tells what became of each object, in order", async () => {
  const { s3 } = fakeS3({ DeleteObjects: store });
  async function* keys(): AsyncGenerator<ObjectIdentifier | string> {
    yield { Key: "a", VersionId: "2" };
    yield await Promise.resolve("locked");
    yield { Key: "a", VersionId: "1" };
  }

  const results = await deleteMany(s3, "photos", keys());

  assertEquals(results, [
    { kind: "deleted", Key: "a", VersionId: "2" },
    { kind: "failed", Key: "locked", Code: "AccessDenied", Message: "No" },
    { kind: "deleted", Key: "a", VersionId: "1" },
  ]);
});

Deno.test("deleteMany does not take silence for success", async () => {
  const { s3 } = fakeS3({ DeleteObjects: () => ({}) });

  const results = await deleteMany(s3, "photos", ["a"]);

  assertEquals(results.map(({ kind }) => kind), ["failed"]);
});

Deno.test("deleteMany understands a store that does not repeat the version", async () => {
  const { s3 } = fakeS3({ DeleteObjects: () => ({ Deleted: [{ Key: "a" }] }) });

  const results = await deleteMany(s3, "photos", [
    { Key: "a", VersionId: "null" },
    { Key: "b", VersionId: "null" },
  ]);

  assertEquals(results.map(({ kind }) => kind), ["deleted", "failed"]);
});

Deno.test("deleteMany ends with the signal", async () => {
  const { s3, calls } = fakeS3({ DeleteObjects: store });
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(
    () => deleteMany(s3, "photos", ["a"], { signal }),
    Error,
    "enough",
  );
  assertEquals(calls, []);
});

Deno.test("deleteMany deletes objects, awkward keys among them", async () => {
  await using local = await localS3();
  const keys = ["/a//b", "a b+%", "ü&<\r\n>", "\u{1f600}"];
  for (const Key of [...keys, "stays"]) {
    await local.s3.putObject({ Bucket: "photos", Key, Body: "x" });
  }

  const results = await deleteMany(local.s3, "photos", [...keys, "none"]);

  assertEquals(results.map(({ kind, Key }) => [kind, Key]), [
    ...keys.map((key) => ["deleted", key]),
    ["deleted", "none"],
  ]);
  const { Contents = [] } = await local.s3.listObjectsV2({ Bucket: "photos" });
  assertEquals(Contents.map(({ Key }) => Key), ["stays"]);
});
