/** A condition that a store is known to ignore is refused before it overwrites. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { STORES, stores } from "../../src/services/s3/mod.ts";
import { copy, upload } from "../../src/transfer/mod.ts";
import { faultyS3, noise } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const { store = "aws" } = stores.ceph({ endpointUrl: "http://localhost" });

for (const condition of [{ IfNoneMatch: "*" }, { IfMatch: '"1"' }]) {
  const [name] = Object.keys(condition);

  Deno.test(`upload in parts with ${name} to radosgw is refused, and sends nothing`, async () => {
    await using local = await faultyS3(undefined, { store });

    const error = await assertRejects(
      () => upload(local.s3, { ...OBJECT, ...condition, Body: noise(9 * MIB) }),
      ConfigError,
      `with ${name}: Ceph object gateway (tried: 16.2.15) ignores it`,
    );

    assertEquals(error.code, "ConditionIgnored");
    assertEquals(local.requests, []);
  });

  Deno.test(`copy in parts with ${name} to radosgw is refused, and writes nothing`, async () => {
    await using local = await faultyS3(undefined, { store });
    const source = { ...OBJECT, Key: "source" };
    await local.s3.putObject({ ...source, Body: noise(9 * MIB) });
    local.requests.length = 0;

    await assertRejects(
      () =>
        copy(local.s3, { ...OBJECT, ...condition, CopySource: source }, {
          threshold: 5 * MIB,
        }),
      ConfigError,
      "ignores it",
    );

    assertEquals(local.requests.every((line) => line.startsWith("HEAD")), true);
  });
}

Deno.test("upload in one request with IfNoneMatch to radosgw is sent, as it keeps that", async () => {
  await using local = await faultyS3(undefined, { store });

  await upload(local.s3, { ...OBJECT, Body: "short", IfNoneMatch: "*" });

  assertEquals(local.requests, ["PUT /photos/cat.bin?"]);
});

Deno.test("upload in parts with IfNoneMatch to a store that is not named is sent", async () => {
  await using local = await faultyS3();

  const { kind } = await upload(local.s3, {
    ...OBJECT,
    Body: noise(9 * MIB),
    IfNoneMatch: "*",
  });

  assertEquals(kind, "multipart");
});

Deno.test("STORES tells what was seen, and of what was tried the version", () => {
  const text = JSON.stringify(STORES);
  assertEquals(text.includes("unknown"), false);
  for (const { tried, sources } of Object.values(STORES)) {
    assert(sources.length > 0);
    assert(tried === undefined || /^\d+(\.\d+)+$/.test(tried));
  }
  assertEquals(STORES.ceph.complete, {
    ifMatch: "ignored",
    ifNoneMatch: "ignored",
  });
  assertEquals(STORES.ceph.delete, { ifMatch: "ignored" });
});
