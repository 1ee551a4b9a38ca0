import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { ScalarType } from "../../src/ports/schema.ts";
import { parseScalar, scalarText } from "../../src/protocol/scalars.ts";

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
    ["timestamp", "Thu, 29 Feb 2024 12:34:56 GMT", TIME],
    ["timestamp", "1709210096", TIME],
    ["timestamp", "next week", undefined],
  ] as const
) {
  Deno.test(`parseScalar reads ${JSON.stringify(text)} as ${type}`, () => {
    assertEquals(parseScalar(type, text), value);
  });
}

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
