import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodePath } from "../../../src/foundation/bytes.ts";
import type { QueryParam } from "../../../src/ports/http.ts";
import { LocalClient } from "./local_client.ts";

Deno.test("LocalAws lists keys in the order of their bytes", async () => {
  const keys = ["~", "\u{1F408}", "\uE000", "é", "a", "A", "a/b"];
  const client = await withKeys(keys);

  const { entries } = await page(client, []);

  assertEquals(entries, ["A", "a", "a/b", "~", "é", "\uE000", "\u{1F408}"]);
});

Deno.test("LocalAws lists all pages, with and without a delimiter", async () => {
  const keys = ["a", "b/1", "b/2", "c", "d/1", "e"];
  const client = await withKeys(keys);

  assertEquals(await pages(client, [["max-keys", "2"]]), [
    ["a", "b/1"],
    ["b/2", "c"],
    ["d/1", "e"],
  ]);
  assertEquals(await pages(client, [["max-keys", "2"], ["delimiter", "/"]]), [
    ["a", "b/"],
    ["c", "d/"],
    ["e"],
  ]);
});

Deno.test("LocalAws lists what is under a prefix or behind a key", async () => {
  const client = await withKeys(["a", "b/1", "b/2/3", "c"]);
  const list = async (...query: QueryParam[]) =>
    (await page(client, query)).entries;

  assertEquals(await list(["prefix", "b/"]), ["b/1", "b/2/3"]);
  assertEquals(await list(["prefix", "b/"], ["delimiter", "/"]), [
    "b/1",
    "b/2/",
  ]);
  assertEquals(await list(["start-after", "b/1"]), ["b/2/3", "c"]);
  assertEquals(await list(["max-keys", "0"]), []);
});

Deno.test("LocalAws encodes names when asked, and only then", async () => {
  const client = await withKeys(["a b+\x01"]);

  const plain = await page(client, []);
  const encoded = await page(client, [["encoding-type", "url"]]);

  assertStringIncludes(plain.text, "<Key>a b+&#x1;</Key>");
  assertStringIncludes(encoded.text, "<Key>a+b%2B%01</Key>");
  assertStringIncludes(encoded.text, "<EncodingType>url</EncodingType>");
});

Deno.test("LocalAws lists by marker in the first version", async () => {
  const client = await withKeys(["a", "b/1", "b/2", "c"]);
  const list = (...query: QueryParam[]) =>
    client.send("GET", "/photos", { query: [["max-keys", "2"], ...query] });

  const first = await list(["delimiter", "/"]);
  const second = await list(["delimiter", "/"], ["marker", "b/"]);
  const plain = await list();

  assertStringIncludes(first.text, "<NextMarker>b/</NextMarker>");
  assertStringIncludes(second.text, "<Key>c</Key>");
  assertStringIncludes(second.text, "<IsTruncated>false</IsTruncated>");
  assertStringIncludes(plain.text, "<IsTruncated>true</IsTruncated>");
  assertEquals(plain.text.includes("<NextMarker>"), false);
});

Deno.test("LocalAws refuses a listing it does not understand", async () => {
  const client = await withKeys([]);
  const queries: QueryParam[] = [
    ["continuation-token", "%"],
    ["max-keys", "x"],
    ["encoding-type", "other"],
  ];

  for (const query of queries) {
    const { code } = await page(client, [query]);
    assertEquals(code, "InvalidArgument", query[0]);
  }
});

async function withKeys(keys: readonly string[]): Promise<LocalClient> {
  const client = new LocalClient();
  await client.send("PUT", "/photos");
  for (const key of keys) {
    await client.send("PUT", `/photos/${encodePath(key)}`);
  }
  return client;
}

interface Page {
  readonly text: string;
  readonly code: string | undefined;
  readonly entries: string[];
  readonly token: string | undefined;
}

async function page(
  client: LocalClient,
  query: readonly QueryParam[],
): Promise<Page> {
  const { text, code } = await client.send("GET", "/photos", {
    query: [["list-type", "2"], ...query],
  });
  const names = [...text.matchAll(/<(?:Key|Prefix)>([^<]+)<\/(?:Key|Prefix)>/g)]
    .map(([, name = ""]) => name);
  const asked = query.find(([name]) => name === "prefix")?.[1];
  const entries = names.filter((name) => name !== asked);
  const token = /<NextContinuationToken>(.*?)</.exec(text)?.[1];
  return { text, code, entries, token };
}

async function pages(
  client: LocalClient,
  query: readonly QueryParam[],
): Promise<string[][]> {
  const all: string[][] = [];
  let more: QueryParam[] = [];
  for (;;) {
    const { entries, token } = await page(client, [...query, ...more]);
    all.push(entries.sort());
    if (token === undefined) return all;
    more = [["continuation-token", token]];
  }
}
