import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { ScalarType } from "../../src/ports/schema.ts";
import {
  headerDates,
  headerJson,
  headerList,
  parseHeaderJson,
  parseScalar,
  scalarText,
  splitHeaderDates,
  splitHeaderList,
} from "../../src/protocol/scalars.ts";

const TIME = new Date("2024-02-29T12:34:56Z");

for (
  const [type, text, value] of [
    ["string", " a ", " a "],
    ["string", "", ""],
    ["boolean", "true", true],
    ["boolean", " FALSE\n", false],
    ["boolean", "1", undefined],
    ["boolean", "", undefined],
    ["integer", "\n 5 ", 5],
    ["integer", "-7", -7],
    ["integer", "", undefined],
    ["integer", "0x10", undefined],
    ["integer", "1.5", undefined],
    ["long", "5497558138880", 5_497_558_138_880],
    ["double", "1.5e3", 1_500],
    ["double", ".5", 0.5],
    ["float", "NaN", NaN],
    ["float", "-Infinity", -Infinity],
    ["float", "inf", undefined],
    ["blob", "dmFsdWU=", utf8("value")],
    ["blob", "", utf8("")],
    ["blob", "*", undefined],
    ["timestamp", "2024-02-29T12:34:56.000Z", TIME],
    ["timestamp", "2024-02-29T12:34:56Z", TIME],
    ["timestamp", "2024-12-31T23:59:59.999Z", new Date(1_735_689_599_999)],
    ["timestamp", "1900-03-01T00:00:00Z", new Date(-2_203_891_200_000)],
    ["timestamp", "2000-01-01T00:00:00.001Z", new Date(946_684_800_001)],
    ["timestamp", "2023-02-29T12:34:56Z", undefined],
    ["timestamp", "Thu, 29 Feb 2023 12:34:56 GMT", undefined],
    ["timestamp", "Thu, 29 Fab 2024 12:34:56 GMT", undefined],
    ["timestamp", "Thu, 2x Feb 2024 12:34:56 GMT", undefined],
    ["timestamp", "Thu, 29 Feb 2024x12:34:56 GMT", undefined],
    ["timestamp", "2024-02-29T1x:34:56Z", undefined],
    ["timestamp", "2024-02-29T12:34:56.7x9Z", undefined],
    ["timestamp", "2x24-02-29T12:34:56Z", undefined],
    ["timestamp", "20 4-02-29T12:34:56Z", undefined],
    ["timestamp", "123, 29 Feb 2024 12:34:56 GMT", undefined],
    ["timestamp", "thu, 29 feb 2024 12:34:56 gmt", TIME],
    ["timestamp", "2023-04-31T12:34:56Z", undefined],
    ["timestamp", "2024-02-29T24:34:56Z", undefined],
    ["timestamp", "2024-02-2xT12:34:56Z", undefined],
    ["timestamp", "2024-02-29T12:34:56.00xZ", undefined],
    ["long", "123456789012345", 123_456_789_012_345],
    ["long", "9007199254740991", 9_007_199_254_740_991],
    ["timestamp", "Thu, 29 Feb 2024 12:34:56 GMT", TIME],
    ["timestamp", "1709210096", TIME],
    ["timestamp", "next week", undefined],
  ] as const
) {
  Deno.test(`parseScalar reads ${JSON.stringify(text)} as ${type}`, () => {
    assertEquals(parseScalar(type, text), value);
  });
}

Deno.test("parseScalar reads each day as Date does", () => {
  for (let day = -60_000; day < 40_000; day += 17) {
    const time = new Date(day * 86_400_000 + (day & 0xffff) * 1_001);

    assertEquals(parseScalar("timestamp", time.toISOString()), time);
    const whole = new Date(Math.floor(time.getTime() / 1_000) * 1_000);
    assertEquals(parseScalar("timestamp", time.toUTCString()), whole);
  }
});

Deno.test("scalarText writes times in the form asked for", () => {
  assertEquals(scalarText("timestamp", TIME, "epoch"), "1709210096");
  assertEquals(
    scalarText("timestamp", TIME, "iso8601"),
    "2024-02-29T12:34:56Z",
  );
  assertEquals(
    scalarText("timestamp", TIME, "http-date"),
    "Thu, 29 Feb 2024 12:34:56 GMT",
  );
});

Deno.test("scalarText writes the other types", () => {
  const written = ([
    ["blob", utf8("value")],
    ["blob", "value"],
    ["boolean", false],
    ["double", -Infinity],
    ["integer", 0],
    ["string", ""],
  ] satisfies [ScalarType, unknown][])
    .map(([type, value]) => scalarText(type, value, "iso8601"));

  assertEquals(written, [
    "dmFsdWU=",
    "dmFsdWU=",
    "false",
    "-Infinity",
    "0",
    "",
  ]);
});

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
