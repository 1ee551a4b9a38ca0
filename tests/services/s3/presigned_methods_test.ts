import { assertEquals } from "@std/assert";
import { Session } from "../../../mod.ts";
import {
  DeleteObject,
  GetObject,
  HeadObject,
  S3,
} from "../../../src/services/s3/mod.ts";
import { LocalAws } from "../../../src/testing/mod.ts";

const CAT = { Bucket: "photos", Key: "a b/cat+1.txt" };
/** The one that deletes comes last. */
const METHODS = ["HEAD", "GET", "PUT", "POST", "DELETE"];

/** A client of a server with an object. */
async function withCat(
  use: (s3: S3) => Promise<void>,
): Promise<void> {
  await using server = await LocalAws.start();
  using session = new Session({ ...server.clientConfig });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: CAT.Bucket });
  await s3.putObject({ ...CAT, Body: "miaow" });
  await use(s3);
}

/** The status of a request that nobody signs any more. */
async function status(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(url, { method, headers: { ...headers } });
  await answer.body?.cancel();
  return answer.status;
}

for (
  const [what, presign] of [
    ["HeadObject", (s3: S3) => s3.presign(HeadObject, CAT)],
    [
      'GetObject with method "HEAD"',
      (s3: S3) => s3.presign(GetObject, CAT, { method: "HEAD" }),
    ],
  ] as const
) {
  Deno.test(`a URL of ${what} takes HEAD alone`, async () => {
    await withCat(async (s3) => {
      const { url, method } = await presign(s3);

      assertEquals(method, "HEAD");
      const seen: number[] = [];
      for (const method of METHODS) seen.push(await status(url, method));
      assertEquals(seen, [200, 403, 403, 403, 403]);
      const { Body } = await s3.getObject(CAT);
      assertEquals(await Body.text(), "miaow");
    });
  });
}

Deno.test("a URL of GetObject takes GET alone", async () => {
  await withCat(async (s3) => {
    const { url } = await s3.presign(GetObject, CAT);

    assertEquals(await status(url, "GET"), 200);
    assertEquals(await status(url, "HEAD"), 403);
    assertEquals(await status(url, "DELETE"), 403);
  });
});

Deno.test("a URL of DeleteObject takes DELETE alone", async () => {
  await withCat(async (s3) => {
    const { url, method } = await s3.presign(DeleteObject, CAT);

    assertEquals(method, "DELETE");
    const seen: number[] = [];
    for (const method of METHODS) seen.push(await status(url, method));
    assertEquals(seen, [403, 403, 403, 403, 204]);
    const { KeyCount } = await s3.listObjectsV2({ Bucket: CAT.Bucket });
    assertEquals(KeyCount, 0);
  });
});

Deno.test("a URL of DeleteObject with IfMatch deletes that object alone", async () => {
  await withCat(async (s3) => {
    const { ETag = "" } = await s3.headObject(CAT);
    const input = { ...CAT, IfMatch: ETag };
    const { url, method, headers } = await s3.presign(DeleteObject, input);

    assertEquals(headers["if-match"], ETag);
    // The condition is signed: without it, or with another, nothing goes.
    assertEquals(await status(url, method), 403);
    assertEquals(await status(url, method, { "if-match": "*" }), 403);
    await s3.putObject({ ...CAT, Body: "another one" });
    assertEquals(await status(url, method, headers), 412);
    await s3.putObject({ ...CAT, Body: "miaow" });
    assertEquals(await status(url, method, headers), 204);
  });
});
