import { assertEquals } from "@std/assert";
import {
  headerDates,
  headerJson,
  headerList,
  parseHeaderJson,
  splitHeaderDates,
  splitHeaderList,
} from "../../src/protocol/header_values.ts";

Deno.test("headerList quotes items that would be taken apart", () => {
  assertEquals(
    headerList(["a", "b,c", 'say "d"', ""]),
    'a,"b,c","say \\"d\\"",',
  );
});

for (
  const [field, items] of [
    ["a, b ,c", ["a", "b", "c"]],
    ['"b,c", "\\"def\\"", a', ["b,c", '"def"', "a"]],
    [" one,,two , ", ["one", "two"]],
    ['"unfinished, b', ['"unfinished', "b"]],
    ["", []],
  ] as const
) {
  Deno.test(`splitHeaderList takes ${JSON.stringify(field)} apart`, () => {
    assertEquals(splitHeaderList(field), [...items]);
  });
}

Deno.test("times keep their commas in a list", () => {
  const times = [
    "Mon, 16 Dec 2019 23:48:18 GMT",
    "Tue, 17 Dec 2019 00:00:00 GMT",
  ];

  assertEquals(splitHeaderDates(headerDates(times)), times);
});

Deno.test("JSON in a field is read as it was written", () => {
  const value = { a: ["ü", null, 1] };

  assertEquals(parseHeaderJson(headerJson(value)), value);
  assertEquals(parseHeaderJson("{}"), undefined);
});
