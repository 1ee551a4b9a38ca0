/**
 * Objects that a web server hands on, and what its clients see of a failure.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { answering } from "./answering.ts";

const CAT = { Bucket: "photos", Key: "cat.txt" };
/** Keeps the tests' sockets to themselves. */
const CLOSE = { "connection": "close" };

Deno.test("a web server hands an object on, whole or a range of it", async () => {
  const aws = new LocalAws();
  using session = new Session({
    ...aws.clientConfig,
    transport: aws.transport(),
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: CAT.Bucket });
  await s3.putObject({
    ...CAT,
    Body: "miaow",
    ContentType: "text/plain",
    CacheControl: "max-age=60",
    ContentDisposition: 'inline; filename="cat.txt"',
    Metadata: { owner: "me" },
  });
  await using server = serving(async (request) => {
    const Range = request.headers.get("range");
    const { Body } = await s3.getObject({ ...CAT, ...Range && { Range } });
    return await Body.toResponse({ headers: CLOSE });
  });

  const whole = await fetch(server.url);
  assertEquals([whole.status, await whole.text()], [200, "miaow"]);
  const { headers } = whole;
  assertEquals(headers.get("content-type"), "text/plain");
  assertEquals(headers.get("content-length"), "5");
  assertEquals(headers.get("cache-control"), "max-age=60");
  assertEquals(
    headers.get("content-disposition"),
    'inline; filename="cat.txt"',
  );
  assertEquals(headers.get("etag"), '"d52cc7e73b4bd32c49ef6e911bcc18e9"');
  assert(headers.get("last-modified")?.endsWith("GMT"));
  assertEquals([...headers.keys()].filter((name) => /^x-/.test(name)), []);

  const range = { headers: { range: "bytes=1-3" } };
  const part = await fetch(server.url, range);
  assertEquals([part.status, await part.text()], [206, "iao"]);
  assertEquals(part.headers.get("content-range"), "bytes 1-3/5");
  assertEquals(part.headers.get("content-length"), "3");
});

Deno.test("a web server hands on an object without bytes", async () => {
  const headers = { "content-length": "0", "content-type": "text/plain" };
  const { s3 } = answering([{ headers }]);
  await using server = serving(async () => {
    const { Body } = await s3.getObject(CAT);
    return await Body.toResponse({ headers: CLOSE });
  });

  const response = await fetch(server.url);
  assertEquals([response.status, await response.text()], [200, ""]);
  assertEquals(response.headers.get("content-length"), "0");
});

for (const length of [5, 300_000]) {
  Deno.test(`an answer with a wrong checksum never looks whole, ${length} bytes`, async () => {
    const body = "x".repeat(length);
    const headers = {
      "content-length": `${length}`,
      "x-amz-checksum-crc32": "AAAAAA==",
    };
    const { s3 } = answering([{ headers, body }]);
    await using server = serving(async () => {
      const { Body } = await s3.getObject(CAT);
      return await Body.toResponse({ headers: CLOSE });
    });

    await assertRejects(async () => await (await fetch(server.url)).text());
  });
}

/** A web server that says nothing. */
function serving(
  handler: (request: Request) => Promise<Response>,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response("", { status: 500 }),
  }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => await server.shutdown(),
  };
}
