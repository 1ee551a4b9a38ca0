import { assertEquals, assertStringIncludes } from "@std/assert";
import { LocalClient } from "./local_client.ts";

Deno.test("LocalAws puts an object together from its parts", async () => {
  const client = await withBucket();
  const uploadId = await begin(client);
  const first = await part(client, uploadId, 1, "hello ");
  await client.send("PUT", "/photos/source", { body: "a world" });
  const second = await client.send("PUT", "/photos/big", {
    query: [["partNumber", "2"], ["uploadId", uploadId]],
    headers: {
      "x-amz-copy-source": "photos/source",
      "x-amz-copy-source-range": "bytes=2-6",
    },
  });

  const done = await complete(client, uploadId, [
    [1, first],
    [2, /<ETag>(.*?)</.exec(second.text)?.[1] ?? ""],
  ]);
  const get = await client.send("GET", "/photos/big");
  const again = await complete(client, uploadId, [[1, first]]);
  const other = await complete(client, "other", [[1, first]]);

  // MD5 of the two parts' MD5, then their number.
  assertStringIncludes(done.text, '-2"</ETag>');
  assertEquals(get.text, "hello world");
  assertEquals(get.headers["x-amz-meta-name"], "big");
  // A client whose answer was lost asks again.
  assertEquals(again.status, 200);
  assertEquals(etagIn(again.text), etagIn(done.text));
  assertEquals([other.status, other.code], [404, "NoSuchUpload"]);
});

Deno.test("LocalAws keeps the checksum of an object in parts, if it is right", async () => {
  const client = await withBucket();
  const uploadId = await begin(client);
  const parts = [
    [1, await part(client, uploadId, 1, "hello ")],
    [2, await part(client, uploadId, 2, "world")],
  ] as const;
  const finish = (value: string) =>
    complete(client, uploadId, parts, {
      "x-amz-checksum-crc32": value,
      "x-amz-checksum-type": "FULL_OBJECT",
    });

  const wrong = await finish("AAAAAA==");
  const right = await finish("DUoRhQ==");
  const head = await client.send("HEAD", "/photos/big", {
    headers: { "x-amz-checksum-mode": "ENABLED" },
  });

  assertEquals([wrong.code, right.status], ["BadDigest", 200]);
  assertEquals(head.headers["x-amz-checksum-crc32"], "DUoRhQ==");
});

Deno.test("LocalAws refuses parts that are not as they were uploaded", async () => {
  const client = await withBucket(2);
  const uploadId = await begin(client);
  const first = await part(client, uploadId, 1, "a");
  const second = await part(client, uploadId, 2, "b");
  const code = async (parts: readonly [number, string][]) =>
    (await complete(client, uploadId, parts)).code;

  assertEquals(await code([]), "MalformedXML");
  assertEquals(await code([[1, '"other"']]), "InvalidPart");
  assertEquals(await code([[1, first], [3, first]]), "InvalidPart");
  assertEquals(await code([[2, second], [1, first]]), "InvalidPartOrder");
  assertEquals(await code([[1, first], [2, second]]), "EntityTooSmall");
  assertEquals(await code([[1, first]]), undefined);
});

Deno.test("LocalAws refuses part numbers beyond 1 to 10 000", async () => {
  const client = await withBucket();
  const uploadId = await begin(client);

  for (const number of ["0", "10001", "x"]) {
    const { code } = await client.send("PUT", "/photos/big", {
      query: [["partNumber", number], ["uploadId", uploadId]],
    });
    assertEquals(code, "InvalidArgument", number);
  }
});

Deno.test("LocalAws lists uploads and parts, page by page", async () => {
  const client = await withBucket();
  const uploadId = await begin(client);
  for (const number of [1, 2, 3]) await part(client, uploadId, number, "x");

  const uploads = await client.send("GET", "/photos", { query: [["uploads"]] });
  const parts = await client.send("GET", "/photos/big", {
    query: [["uploadId", uploadId], ["max-parts", "1"], [
      "part-number-marker",
      "1",
    ]],
  });

  assertStringIncludes(
    uploads.text,
    `<UploadId>${uploadId}</UploadId><Key>big</Key>`,
  );
  assertStringIncludes(parts.text, "<PartNumber>2</PartNumber>");
  assertStringIncludes(
    parts.text,
    "<NextPartNumberMarker>2</NextPartNumberMarker>",
  );
  assertStringIncludes(parts.text, "<IsTruncated>true</IsTruncated>");
});

Deno.test("LocalAws forgets an upload that was aborted", async () => {
  const client = await withBucket();
  const uploadId = await begin(client);
  const query = [["uploadId", uploadId]] as const;

  const aborted = await client.send("DELETE", "/photos/big", { query });
  const again = await client.send("DELETE", "/photos/big", { query });

  assertEquals(aborted.status, 204);
  assertEquals(again.code, "NoSuchUpload");
});

Deno.test("LocalAws removes a bucket with unfinished uploads", async () => {
  const client = await withBucket();
  await begin(client);

  const { status } = await client.send("DELETE", "/photos");

  assertEquals(status, 204);
});

async function withBucket(minPartSize = 1): Promise<LocalClient> {
  const client = new LocalClient({ minPartSize });
  await client.send("PUT", "/photos");
  return client;
}

function etagIn(text: string): string | undefined {
  return /<ETag>(.*?)</.exec(text)?.[1];
}

async function begin(client: LocalClient): Promise<string> {
  const { text } = await client.send("POST", "/photos/big", {
    query: [["uploads"]],
    headers: { "x-amz-meta-name": "big" },
  });
  return /<UploadId>(.*?)</.exec(text)?.[1] ?? "";
}

async function part(
  client: LocalClient,
  uploadId: string,
  number: number,
  body: string,
): Promise<string> {
  const { headers } = await client.send("PUT", "/photos/big", {
    query: [["partNumber", String(number)], ["uploadId", uploadId]],
    body,
  });
  return headers["etag"] ?? "";
}

async function complete(
  client: LocalClient,
  uploadId: string,
  parts: readonly (readonly [number: number, etag: string])[],
  headers: Readonly<Record<string, string>> = {},
): ReturnType<LocalClient["send"]> {
  const list = parts.map(([number, etag]) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
  );
  return await client.send("POST", "/photos/big", {
    query: [["uploadId", uploadId]],
    headers,
    body: `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`,
  });
}
