import { assertEquals } from "@std/assert";
import type { Member } from "../../src/ports/schema.ts";
import { requestHead } from "../../src/protocol/request.ts";
import { structure } from "./tables.ts";

const TIME = new Date("2024-02-29T12:34:56Z");

const Strings: Member["of"] = () => ({ kind: "list", item: { of: "string" } });
const Times: Member["of"] = () => ({ kind: "list", item: { of: "timestamp" } });
const StringMap: Member["of"] = () => ({
  kind: "map",
  key: { of: "string" },
  value: { of: "string" },
});

Deno.test("requestHead encodes labels, and keeps the slashes of greedy ones", () => {
  const shape = structure({
    Bucket: { of: "string", at: "path" },
    Id: { of: "string", at: "path", name: "id" },
    Key: { of: "string", at: "path" },
  });

  const head = requestHead("/{id}/x/{Key+}", shape, {
    Bucket: "left to the endpoint",
    Id: "a/b c",
    Key: "/a//../b +%~é",
  });

  assertEquals(head, {
    path: "/a%2Fb%20c/x//a//../b%20%2B%25~%C3%A9",
    query: [],
    headers: {},
  });
});

Deno.test("requestHead puts the template's parameters first, members in their order", () => {
  const shape = structure({
    Prefix: { of: "string", at: "query", name: "prefix" },
    Since: { of: "timestamp", at: "query" },
    Ids: { of: Strings, at: "query", name: "id" },
    Max: { of: "integer", at: "query" },
  });

  const { path, query } = requestHead("?list-type=2&uploads", shape, {
    Max: 0,
    Prefix: "a b/",
    Ids: ["1", "2"],
    Since: TIME,
  });

  assertEquals(path, "");
  assertEquals(query, [
    ["list-type", "2"],
    ["uploads"],
    ["Max", "0"],
    ["prefix", "a b/"],
    ["id", "1"],
    ["id", "2"],
    ["Since", "2024-02-29T12:34:56Z"],
  ]);
});

Deno.test("requestHead adds the entries of query maps that are not taken", () => {
  const shape = structure({
    Map: { of: StringMap, at: "query" },
    Name: { of: "string", at: "query", name: "bar" },
  });

  const { query } = requestHead("/?const=1", shape, {
    Map: { bar: "map", qux: "map", const: "map" },
    Name: "named",
  });

  assertEquals(query, [["const", "1"], ["bar", "named"], ["qux", "map"]]);
});

Deno.test("requestHead writes header fields by lower-case name", () => {
  const shape = structure({
    IfMatch: { of: "string", at: "header", name: "If-Match" },
    Since: { of: "timestamp", at: "header" },
    Until: { of: "timestamp", at: "header", time: "epoch" },
    Flag: { of: "boolean", at: "header", name: "X-Flag" },
    Names: { of: Strings, at: "header", name: "X-Names" },
    None: { of: Strings, at: "header" },
    Times: { of: Times, at: "header" },
    Json: { of: "string", at: "header", json: true },
    Metadata: { of: StringMap, at: "headers", name: "x-amz-meta-" },
    Body: { of: "string" },
  });

  const { headers } = requestHead("/", shape, {
    IfMatch: "",
    Since: TIME,
    Until: TIME,
    Flag: false,
    Names: ["a", "b,c"],
    None: [],
    Times: [TIME, TIME],
    Json: { a: 1 },
    Metadata: { Colour: " blue ", none: "" },
    Body: "elsewhere",
  });

  assertEquals(headers, {
    "if-match": "",
    "since": "Thu, 29 Feb 2024 12:34:56 GMT",
    "until": "1709210096",
    "x-flag": "false",
    "x-names": 'a,"b,c"',
    "times": "Thu, 29 Feb 2024 12:34:56 GMT, Thu, 29 Feb 2024 12:34:56 GMT",
    "json": "eyJhIjoxfQ==",
    "x-amz-meta-colour": " blue ",
    "x-amz-meta-none": "",
  });
});

Deno.test("requestHead lets a member go before an entry of the same name", () => {
  const shape = structure({
    Any: { of: StringMap, at: "headers", name: "" },
    Hello: { of: "string", at: "header", name: "hello" },
  });

  const { headers } = requestHead("/", shape, {
    Any: { Hello: "map", foo: "Foo" },
    Hello: "member",
  });

  assertEquals(headers, { hello: "member", foo: "Foo" });
});
