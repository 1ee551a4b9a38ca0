/**
 * Keys that are easily mistaken on the way.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { EndpointError } from "../../../mod.ts";
import { deleteMany } from "../../../src/transfer/mod.ts";
import { BOTH, type Clients, type Flow, s3Flow } from "../story.ts";

/** All of them; too many to record. */
export const AWKWARD_KEYS: readonly string[] = [
  "/leading",
  "//two",
  "a//b",
  "trailing/",
  "sp ace",
  "plus+",
  "per%cent",
  "%2F",
  "am&p;<x>\"'",
  "&#x1;",
  "ünïcödé 日本 😀",
  "quote'(paren)*!~",
  "=?#:@[]{}|\\^`",
  "dots/...",
  ".hidden",
  "x".repeat(1_024),
];

/** Keys that are easily mistaken on the way. */
export const KEYS: readonly Flow[] = [
  s3Flow("awkward_keys", "PutObject", BOTH, async (clients) => {
    await keepKeys(clients, ["/a//b", "&#x1; %2F+?#", "日本 😀/"]);
  }),
];

/** Puts, gets, lists, copies and deletes objects under keys. */
export async function keepKeys(
  { s3, bucket }: Clients,
  keys: readonly string[],
): Promise<void> {
  const copyOf = (key: string): string => `copy/${key}`.slice(0, 1_024);
  for (const Key of keys) {
    await s3.putObject({ Bucket: bucket, Key, Body: Key });
    await s3.copyObject({
      Bucket: bucket,
      Key: copyOf(Key),
      CopySource: { Bucket: bucket, Key },
    });
  }
  const all = [...keys, ...keys.map(copyOf)];

  const listed = await Array.fromAsync(
    s3.listObjectsV2Items({ Bucket: bucket }),
  );
  assertEquals(
    listed.map((item) => "Key" in item && item.Key).toSorted(),
    all.toSorted(),
  );
  for (const Key of keys) {
    const original = await s3.getObject({ Bucket: bucket, Key });
    const copy = await s3.getObject({ Bucket: bucket, Key: copyOf(Key) });
    assertEquals(await original.Body.text(), Key);
    assertEquals(await copy.Body.text(), Key);
  }
  const results = await deleteMany(s3, bucket, all);
  assertEquals(results.filter(({ kind }) => kind === "failed"), []);
  const { KeyCount } = await s3.listObjectsV2({ Bucket: bucket });
  assertEquals(KeyCount, 0);
}

/** Keys that would name another object, or another bucket, on the way. */
export async function refuseDots({ s3, bucket }: Clients): Promise<void> {
  for (const Key of [".", "..", "a/../b", "./a", "a/."]) {
    await assertRejects(
      () => s3.putObject({ Bucket: bucket, Key, Body: Key }),
      EndpointError,
      "segment",
    );
  }
  const { KeyCount } = await s3.listObjectsV2({ Bucket: bucket });
  assertEquals(KeyCount, 0);
}
