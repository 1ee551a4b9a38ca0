import { assertEquals, assertStringIncludes } from "@std/assert";
import { base64, utf8 } from "../../../src/foundation/bytes.ts";
import { LocalClient } from "./local_client.ts";

/** MD5 of "hello world". */
const ETAG = '"5eb63bbbe01eeed093cb22bb8f5acdc3"';

Deno.test("LocalAws gives back what was put", async () => {
  const client = await withBucket();
  const put = await client.send("PUT", "/photos/a%20b", {
    headers: {
      "content-type": "text/plain",
      "content-encoding": "gzip,aws-chunked",
      "x-amz-meta-name": "cat",
      "x-amz-tagging": "a=1&b=2",
    },
    body: "hello world",
  });

  const get = await client.send("GET", "/photos/a%20b");
  const head = await client.send("HEAD", "/photos/a%20b");

  assertEquals([put.status, put.headers["etag"]], [200, ETAG]);
  assertEquals(get.text, "hello world");
  const { "x-amz-request-id": _, "x-amz-id-2": __, ...facts } = get.headers;
  assertEquals(facts, {
    "accept-ranges": "bytes",
    "content-encoding": "gzip",
    "content-length": "11",
    "content-type": "text/plain",
    "date": "Sun, 22 Nov 2026 10:00:00 GMT",
    "etag": ETAG,
    "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT",
    "server": "LocalAws",
    "x-amz-meta-name": "cat",
    "x-amz-tagging-count": "2",
  });
  assertEquals([head.text, head.headers["content-length"]], ["", "11"]);
});

Deno.test("LocalAws answers a missing key as S3 does", async () => {
  const client = await withBucket();

  const get = await client.send("GET", "/photos/none");
  const head = await client.send("HEAD", "/photos/none");
  const bucket = await client.send("GET", "/none/none");
  const gone = await client.send("DELETE", "/photos/none");

  assertEquals([get.status, get.code], [404, "NoSuchKey"]);
  assertStringIncludes(get.text, "<Key>none</Key>");
  assertStringIncludes(
    get.text,
    `<RequestId>${get.headers["x-amz-request-id"]}</RequestId><HostId>${
      get.headers["x-amz-id-2"]
    }</HostId>`,
  );
  assertEquals([head.status, head.text], [404, ""]);
  assertEquals([bucket.status, bucket.code], [404, "NoSuchBucket"]);
  assertEquals(gone.status, 204);
});

Deno.test("LocalAws answers ranges", async () => {
  const client = await withObject();
  const cases: [range: string, status: number, text: string][] = [
    ["bytes=0-4", 206, "hello"],
    ["bytes=6-", 206, "world"],
    ["bytes=-3", 206, "rld"],
    ["bytes=4-100", 206, "o world"],
    ["bytes=0-1,3-4", 200, "hello world"],
    ["bytes=5-2", 200, "hello world"],
    ["lines=1-2", 200, "hello world"],
  ];

  for (const [range, status, text] of cases) {
    const answer = await client.send("GET", "/photos/k", {
      headers: { range },
    });
    assertEquals([answer.status, answer.text], [status, text], range);
  }
  const outside = await client.send("GET", "/photos/k", {
    headers: { range: "bytes=11-" },
  });
  assertEquals([outside.status, outside.code], [416, "InvalidRange"]);
  assertStringIncludes(outside.text, "<ActualObjectSize>11</ActualObjectSize>");
});

Deno.test("LocalAws weighs the conditions of a read", async () => {
  const client = await withObject();
  const cases: [name: string, value: string, status: number][] = [
    ["if-match", ETAG, 200],
    ["if-match", '"other"', 412],
    ["if-none-match", ETAG, 304],
    ["if-none-match", '"other"', 200],
    ["if-modified-since", "Sun, 22 Nov 2026 10:00:00 GMT", 304],
    ["if-modified-since", "Sun, 22 Nov 2026 09:59:59 GMT", 200],
    ["if-unmodified-since", "Sun, 22 Nov 2026 10:00:00 GMT", 200],
    ["if-unmodified-since", "Sun, 22 Nov 2026 09:59:59 GMT", 412],
  ];

  for (const [name, value, status] of cases) {
    const answer = await client.send("GET", "/photos/k", {
      headers: { [name]: value },
    });
    assertEquals(answer.status, status, `${name}: ${value}`);
  }
});

Deno.test("LocalAws weighs the conditions of a write", async () => {
  const client = await withObject();
  const put = (path: string, headers: Record<string, string>) =>
    client.send("PUT", path, { headers, body: "new" });

  const created = await put("/photos/new", { "if-none-match": "*" });
  const again = await put("/photos/new", { "if-none-match": "*" });
  const changed = await put("/photos/k", { "if-match": '"other"' });
  const missing = await put("/photos/none", { "if-match": ETAG });
  const replaced = await put("/photos/k", { "if-match": ETAG });

  assertEquals(created.status, 200);
  assertEquals([again.status, again.code], [412, "PreconditionFailed"]);
  assertStringIncludes(again.text, "<Condition>If-None-Match</Condition>");
  assertEquals(changed.code, "PreconditionFailed");
  assertEquals(missing.code, "NoSuchKey");
  assertEquals(replaced.status, 200);
});

Deno.test("LocalAws verifies the checksums of a body", async () => {
  const client = await withBucket();
  const put = async (name: string, value: string) =>
    (await client.send("PUT", "/photos/k", {
      headers: { [name]: value },
      body: "hello world",
    })).code;

  assertEquals(await put("content-md5", "XrY7u+Ae7tCTyyK7j1rNww=="), undefined);
  assertEquals(await put("x-amz-checksum-crc32", "DUoRhQ=="), undefined);
  assertEquals(
    await put("x-amz-checksum-sha1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
    undefined,
  );
  assertEquals(await put("x-amz-checksum-crc32", "AAAAAA=="), "BadDigest");
  assertEquals(await put("content-md5", "AAAA"), "InvalidDigest");
  assertEquals(await put("x-amz-checksum-md5", "AAAA"), "InvalidRequest");
  assertEquals(
    await put("x-amz-checksum-xxhash3", "LQaABTjTlMI="),
    "BadDigest",
  );
  assertEquals(await put("x-amz-checksum-blake3", "AAAA"), "NotImplemented");
});

Deno.test("LocalAws puts the chunks of aws-chunked together", async () => {
  const client = await withBucket();
  const put = async (body: string, more: Record<string, string> = {}) =>
    await client.send("PUT", "/photos/k", {
      headers: {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "11",
        "x-amz-trailer": "x-amz-checksum-crc32",
        ...more,
      },
      body,
    });

  const whole = await put(
    "6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
  );
  const get = await client.send("GET", "/photos/k", {
    headers: { "x-amz-checksum-mode": "ENABLED" },
  });
  const wrong = await put(
    "b\r\nhello worle\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
  );
  const bare = await put("b\r\nhello world\r\n0\r\n\r\n");
  const cut = await put("b\r\nhello wor");
  const short = await put(
    "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
  );

  assertEquals(whole.status, 200);
  assertEquals(get.text, "hello world");
  assertEquals(get.headers["content-encoding"], undefined);
  assertEquals(get.headers["x-amz-checksum-crc32"], "DUoRhQ==");
  assertEquals(wrong.code, "BadDigest");
  assertEquals(bare.code, "MalformedTrailerError");
  assertEquals(cut.code, "IncompleteBody");
  assertEquals(short.code, "IncompleteBody");
});

Deno.test("LocalAws takes no plain chunked body, as S3 does not", async () => {
  const client = await withBucket();

  const { status, code } = await client.send("PUT", "/photos/k", {
    headers: { "transfer-encoding": "chunked" },
    body: "hello",
  });

  assertEquals([status, code], [501, "NotImplemented"]);
});

Deno.test("LocalAws sets header fields by response parameters", async () => {
  const client = await withObject();

  const { headers } = await client.send("GET", "/photos/k", {
    query: [["response-cache-control", "no-store"]],
  });

  assertEquals(headers["cache-control"], "no-store");
});

Deno.test("LocalAws removes many objects at once", async () => {
  const client = await withObject();
  await client.send("PUT", "/photos/b", { body: "x" });
  const body =
    "<Delete><Object><Key>k</Key></Object><Object><Key>b</Key></Object><Object><Key>a&amp;&#10;</Key></Object></Delete>";
  const remove = (more: Record<string, string>, text = body) =>
    client.send("POST", "/photos", {
      query: [["delete"]],
      headers: more,
      body: text,
    });

  const without = await remove({});
  const bad = await remove({ "content-md5": "UFZJSYkgDaEMSGD5Z0dVsg==" });
  const done = await remove({
    "x-amz-checksum-sha256": await sha256(body),
  });
  const list = await client.send("GET", "/photos");

  assertEquals(without.code, "InvalidRequest");
  assertEquals(bad.code, "BadDigest");
  assertStringIncludes(done.text, "<Key>a&amp;\n</Key>");
  assertEquals(list.text.includes("<Contents>"), false);
});

Deno.test("LocalAws refuses XML that is none", async () => {
  const client = await withObject();
  const bodies = [
    "",
    "<Delete>",
    "<Delete></Other>",
    "<Other/>",
    "<Delete/><Delete/>",
    "<!DOCTYPE x><Delete><Object><Key>k</Key></Object></Delete>",
    "<Delete><Object><Key>&nope;</Key></Object></Delete>",
    "<Delete><Object/></Delete>",
  ];

  for (const body of bodies) {
    const { code } = await client.send("POST", "/photos", {
      query: [["delete"]],
      headers: { "x-amz-checksum-sha256": await sha256(body) },
      body,
    });
    assertEquals(code, "MalformedXML", body);
  }
});

Deno.test("LocalAws copies with or without the metadata", async () => {
  const client = await withObject();
  const copy = (path: string, headers: Record<string, string>) =>
    client.send("PUT", path, {
      headers: { "x-amz-copy-source": "/photos/k", ...headers },
    });

  const kept = await copy("/photos/kept", {});
  const replaced = await copy("/photos/replaced", {
    "x-amz-metadata-directive": "REPLACE",
    "x-amz-meta-new": "1",
  });
  const itself = await copy("/photos/k", {});
  const missing = await copy("/photos/x", { "x-amz-copy-source": "photos/no" });
  const nothing = await copy("/photos/x", { "x-amz-copy-source": "photos" });
  const changed = await copy("/photos/x", {
    "x-amz-copy-source-if-none-match": ETAG,
  });

  assertStringIncludes(kept.text, "<CopyObjectResult");
  const first = await client.send("HEAD", "/photos/kept");
  const second = await client.send("HEAD", "/photos/replaced");
  assertEquals(first.headers["x-amz-meta-name"], "k");
  assertEquals(replaced.status, 200);
  assertEquals(second.headers["x-amz-meta-name"], undefined);
  assertEquals(second.headers["x-amz-meta-new"], "1");
  assertEquals(itself.code, "InvalidRequest");
  assertEquals(missing.code, "NoSuchKey");
  assertEquals(nothing.code, "InvalidArgument");
  assertEquals(changed.code, "PreconditionFailed");
});

Deno.test("LocalAws keeps the tags of an object", async () => {
  const client = await withObject();
  const query = [["tagging"]] as const;
  const tags = (list: string) =>
    client.send("PUT", "/photos/k", {
      query,
      body: `<Tagging><TagSet>${list}</TagSet></Tagging>`,
    });
  const tag = "<Tag><Key>a</Key><Value>&lt;</Value></Tag>";

  await tags(tag);
  const twice = await tags(tag + tag);
  const get = await client.send("GET", "/photos/k", { query });
  await client.send("DELETE", "/photos/k", { query });
  const none = await client.send("GET", "/photos/k", { query });

  assertEquals(twice.code, "InvalidTag");
  assertStringIncludes(
    get.text,
    "<Tag><Key>a</Key><Value>&lt;</Value></Tag>",
  );
  assertStringIncludes(none.text, "<TagSet></TagSet>");
});

Deno.test("LocalAws says what it does not do", async () => {
  const client = await withObject();
  const refused = async (wish: Parameters<LocalClient["send"]>[2]) =>
    (await client.send("PUT", "/photos/k", wish)).code;

  assertEquals(await refused({ query: [["retention"]] }), "NotImplemented");
  assertEquals(
    await refused({ headers: { "x-amz-object-lock-mode": "COMPLIANCE" } }),
    "NotImplemented",
  );
  assertEquals(
    await refused({ headers: { "x-amz-server-side-encryption": "rot13" } }),
    "InvalidArgument",
  );
  assertEquals(
    await refused({ headers: { "x-amz-acl": "everyone" } }),
    "InvalidArgument",
  );
  const { code: lifecycle } = await client.send("PUT", "/photos", {
    query: [["lifecycle"]],
    body: "<LifecycleConfiguration></LifecycleConfiguration>",
  });
  assertEquals(lifecycle, "NotImplemented");
  const { status, code } = await client.send("POST", "/photos/k");
  assertEquals([status, code], [405, "MethodNotAllowed"]);
});

async function withBucket(): Promise<LocalClient> {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  return client;
}

async function withObject(): Promise<LocalClient> {
  const client = await withBucket();
  await client.send("PUT", "/photos/k", {
    headers: { "x-amz-meta-name": "k" },
    body: "hello world",
  });
  return client;
}

async function sha256(body: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", utf8(body));
  return base64(new Uint8Array(digest));
}
