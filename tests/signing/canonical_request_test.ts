import { assertEquals } from "@std/assert";
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
} from "../../src/signing/steps.ts";

const NONE: ReadonlySet<string> = new Set();

Deno.test("canonicalPath leaves a path of S3 as it is sent", () => {
  const paths = ["/a%20b/../c//d/.", "//a", "/%C3%A9", "/"];

  assertEquals(paths.map((path) => canonicalPath(path, "s3")), paths);
});

Deno.test("canonicalPath resolves a general path and encodes it once more", () => {
  const table: readonly (readonly [path: string, canonical: string])[] = [
    ["", "/"],
    ["/", "/"],
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/../a", "/a"],
    ["/a/..", "/"],
    ["/a/.", "/a"],
    ["//a//b//", "/a/b/"],
    ["/a%20b", "/a%2520b"],
    ["/a b(1)*", "/a%20b%281%29%2A"],
    ["/ሴ", "/%E1%88%B4"],
    ["/a~b-c_d.e", "/a~b-c_d.e"],
  ];

  for (const [path, canonical] of table) {
    assertEquals(canonicalPath(path, "general"), canonical, path);
  }
});

Deno.test("canonicalPath only encodes where it must not resolve", () => {
  assertEquals(canonicalPath("/a/..//b%2F", "unresolved"), "/a/..//b%252F");
});

Deno.test("canonicalPath makes an empty path a slash", () => {
  assertEquals(canonicalPath("", "s3"), "/");
  assertEquals(canonicalPath("", "unresolved"), "/");
});

Deno.test("canonicalQuery sorts by name and then by value", () => {
  const query = canonicalQuery([
    ["a-b", "1"],
    ["a", "2"],
    ["a", "10"],
    ["B", ""],
    ["ሴ", "x"],
  ]);

  assertEquals(query, "%E1%88%B4=x&B=&a=10&a=2&a-b=1");
});

Deno.test("canonicalQuery gives a bare parameter an empty value", () => {
  assertEquals(canonicalQuery([["uploads"]]), "uploads=");
  assertEquals(canonicalQuery([]), "");
});

Deno.test("canonicalQuery encodes everything that is not unreserved", () => {
  assertEquals(
    canonicalQuery([["key/1", "a+b c*d~'e'"]]),
    "key%2F1=a%2Bb%20c%2Ad~%27e%27",
  );
});

Deno.test("canonicalHeaders sorts, trims and makes runs of blanks one", () => {
  const headers = canonicalHeaders("https://example.com", {
    "x-b": '  "a   b"\t c ',
    "x-a": "one\n  two",
    "x-c": "",
  }, NONE);

  assertEquals(headers, {
    lines: 'host:example.com\nx-a:one two\nx-b:"a b" c\nx-c:\n',
    names: "host;x-a;x-b;x-c",
  });
});

Deno.test("canonicalHeaders keeps a no-break space, which is no blank of HTTP", () => {
  const { lines } = canonicalHeaders(
    "https://example.com",
    { "x-a": "\u00a0b" },
    NONE,
  );

  assertEquals(lines, "host:example.com\nx-a:\u00a0b\n");
});

Deno.test("canonicalHeaders takes the host from the origin without its scheme's port", () => {
  const table: readonly (readonly [origin: string, host: string])[] = [
    ["https://example.com", "example.com"],
    ["https://Example.COM:443", "example.com"],
    ["https://example.com:80", "example.com:80"],
    ["http://example.com:80", "example.com"],
    ["http://localhost:9000", "localhost:9000"],
    ["http://[::1]:4566", "[::1]:4566"],
  ];

  for (const [origin, host] of table) {
    assertEquals(canonicalHeaders(origin, {}, NONE).lines, `host:${host}\n`);
  }
});

Deno.test("canonicalHeaders prefers the host among the header fields", () => {
  const { lines } = canonicalHeaders(
    "http://localhost:9000",
    { host: "s3.amazonaws.com" },
    NONE,
  );

  assertEquals(lines, "host:s3.amazonaws.com\n");
});

Deno.test("canonicalHeaders leaves out what is not to be signed", () => {
  const { names } = canonicalHeaders(
    "https://example.com",
    { "user-agent": "x", range: "bytes=0-1" },
    new Set(["user-agent"]),
  );

  assertEquals(names, "host;range");
});

Deno.test("canonicalHeaders tells sets of names apart, one after the other", () => {
  const all = new Set<string>();
  const namesOf = (
    headers: Readonly<Record<string, string>>,
    unsigned: ReadonlySet<string> = all,
  ): string => canonicalHeaders("https://example.com", headers, unsigned).names;

  assertEquals(namesOf({ a: "1" }), "a;host");
  assertEquals(namesOf({ a: "1", b: "2" }), "a;b;host");
  assertEquals(namesOf({ a: "1" }), "a;host");
  assertEquals(namesOf({ b: "1" }), "b;host");
  assertEquals(namesOf({}), "host");
  assertEquals(namesOf({ b: "1", a: "2" }), "a;b;host");
  assertEquals(namesOf({ b: "1", a: "2" }, new Set(["b"])), "a;host");
});

Deno.test("canonicalHeaders has no line where nothing is signed", () => {
  const headers = canonicalHeaders(
    "https://example.com",
    { range: "bytes=0-1" },
    new Set(["host", "range"]),
  );

  assertEquals(headers, { lines: "", names: "" });
});
