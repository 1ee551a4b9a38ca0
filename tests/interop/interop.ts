/**
 * The library against servers that others wrote. Started by
 * `deno task test:interop`; not part of the suite, which needs no server.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { GetObject, PutObject, S3 } from "../../src/services/s3/mod.ts";
import { bucketOf, type Clients, FLOWS, type ServerName } from "./flows.ts";
import { boto2, conditions, forms, looks, resources } from "./roads.ts";
import { startServers, stopServers, told } from "./servers/all.ts";
import type { Server } from "./servers/server.ts";
import { copyInParts, deletes, goOn, roundTrip } from "./transfers.ts";

const SERVERS = await startServers();
console.log(told(SERVERS));
Deno.test.afterAll(() => stopServers(SERVERS));

for (const [name, server] of Object.entries(SERVERS)) {
  const running = "endpoint" in server ? server : undefined;
  const test = (title: string, tell: (clients: Clients) => Promise<void>) =>
    Deno.test({
      name: `${name}: ${title}`,
      ignore: running === undefined,
      fn: async () => {
        assert(running !== undefined);
        await withBucket(running, title, tell);
      },
    });

  for (const flow of FLOWS) {
    if (!flow.servers.includes(name as ServerName)) continue;
    test(bucketOf(flow), flow.tell);
  }
  test("presigned URLs, fetched plainly", presigned);
  test("a multipart upload in two parts", twoParts);
  test("keys of every kind", oddKeys);
  test("transfers to a file and back", roundTrip);
  test("a copy in parts", copyInParts);
  test("an upload that goes on", goOn);
  test("deletes of many objects", deletes);
  test("resources", resources);
  test("the road of boto", boto2);
  test("looks at what is there", looks);
  if (name === "moto") test("writes under conditions", conditions);
  if (name === "moto") test("a form", forms);
  if (name === "swift") test("a clock that is two hours late", lateClock);
}

async function presigned({ s3, bucket }: Clients): Promise<void> {
  const at = { Bucket: bucket, Key: "a b/ü.txt" };
  const put = await s3.presign(PutObject, {
    ...at,
    ContentType: "text/plain",
  });

  const stored = await fetch(put.url, {
    method: put.method,
    headers: put.headers,
    body: "by anyone",
  });
  await stored.body?.cancel();
  assertEquals(stored.status, 200);

  const get = await s3.presign(GetObject, at, { expiresInSeconds: 60 });
  const got = await fetch(get.url, { headers: get.headers });
  assertEquals(await got.text(), "by anyone");
}

async function twoParts({ s3, bucket }: Clients): Promise<void> {
  const at = { Bucket: bucket, Key: "two parts" };
  const parts = [new Uint8Array(5 * 1_024 * 1_024).fill(65), "the end"];

  const { UploadId } = await s3.createMultipartUpload(at);
  const Parts = [];
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.uploadPart({ ...at, UploadId, PartNumber, Body });
    Parts.push({ PartNumber, ETag });
  }
  await s3.completeMultipartUpload({
    ...at,
    UploadId,
    MultipartUpload: { Parts },
  });

  const { Body, ContentLength } = await s3.getObject(at);
  assertEquals(ContentLength, 5 * 1_024 * 1_024 + 7);
  assert((await Body.text()).endsWith("AAAthe end"));
}

async function oddKeys({ s3, bucket }: Clients): Promise<void> {
  const keys = [
    "/leading",
    "//two",
    "a//b",
    "trailing/",
    "sp ace",
    "plus+",
    "per%cent",
    "%2F",
    "am&p;<x>\"'",
    "ünïcödé 日本 😀",
    "quote'(paren)*!~",
    "=?#:@[]{}|\\^`",
    "x".repeat(1_024),
  ];
  for (const Key of keys) {
    await s3.putObject({ Bucket: bucket, Key, Body: Key });
    const { Body } = await s3.getObject({ Bucket: bucket, Key });
    assertEquals(await Body.text(), Key);
  }
  const listed = [];
  for await (const page of s3.listObjectsV2Pages({ Bucket: bucket })) {
    listed.push(...(page.Contents ?? []).map(({ Key }) => Key));
  }
  assertEquals(listed.toSorted(), keys.toSorted());
}

async function lateClock({ session, bucket }: Clients): Promise<void> {
  const { accessKeyId, secretAccessKey } = await session.credentials();
  const endpointUrl = "endpoint" in SERVERS.swift ? SERVERS.swift.endpoint : "";
  using late = new Session({
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId, secretAccessKey },
    clock: {
      now: () => new Date(Date.now() - 7_200_000),
      sleep: () => Promise.resolve(),
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
  });

  const { ResponseMetadata } = await late.client(S3).listObjectsV2({
    Bucket: bucket,
  });

  assertEquals(ResponseMetadata.Attempts.map(({ recovery }) => recovery), [
    "skew",
    undefined,
  ]);
}

async function withBucket(
  server: Server,
  title: string,
  tell: (clients: Clients) => Promise<void>,
): Promise<void> {
  const { endpoint: endpointUrl, accessKeyId, secretAccessKey } = server;
  const settings = {
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId, secretAccessKey },
  };
  using session = new Session(settings);
  const s3 = session.client(S3);
  const bucket = title.toLowerCase().replace(/[^a-z]+/g, "-");
  await s3.createBucket({ Bucket: bucket });
  await tell({ session, settings, s3, bucket });
  await empty(s3, bucket);
  await s3.deleteBucket({ Bucket: bucket });
  await assertRejects(() => s3.headBucket({ Bucket: bucket }), ServiceError);
}

async function empty(s3: S3, Bucket: string): Promise<void> {
  for await (const { Contents = [] } of s3.listObjectsV2Pages({ Bucket })) {
    for (const { Key } of Contents) await s3.deleteObject({ Bucket, Key });
  }
}
