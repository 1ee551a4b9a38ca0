import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type IniSection, parseIni } from "../../src/config/ini.ts";
import { ConfigError } from "../../src/foundation/errors.ts";

/** Values as plain data, without lines. */
function plain(sections: readonly IniSection[]): unknown {
  return sections.map(({ name, values }) => [
    name,
    ...[...values].map(([key, { value }]) => [
      key,
      typeof value === "string" ? value : [...value],
    ]),
  ]);
}

Deno.test("parseIni keeps what an INI reader would turn into something else", () => {
  const text = [
    "[p]",
    "id = 012345678901",
    "yes = true",
    'quoted = "a b"',
    "empty =",
    "//key = v",
    "1 = one",
    "__proto__ = plain",
    "long = a\u2028b %41 ] # ; \u{1F600}",
  ].join("\n");

  assertEquals(plain(parseIni(text, "f")), [[
    "p",
    ["id", "012345678901"],
    ["yes", "true"],
    ["quoted", '"a b"'],
    ["empty", ""],
    ["//key", "v"],
    ["1", "one"],
    ["__proto__", "plain"],
    ["long", "a\u2028b %41 ] # ; \u{1F600}"],
  ]]);
});

Deno.test("parseIni keeps sections in their order, odd names included", () => {
  const text =
    "[2]\n[1]\n[[x]\n[a]b] # c\n[__proto__]\n[constructor]\n[a\u2028]";

  const names = parseIni(text, "f").map(({ name }) => name);

  assertEquals(names, [
    "2",
    "1",
    "[x",
    "a]b",
    "__proto__",
    "constructor",
    "a\u2028",
  ]);
});

Deno.test("parseIni tells the line of every value", () => {
  const text =
    "# c\r\n[p]\r\n\r\nregion = x\r\ns3 =\r\n\r\n  a = 1\r\n  b = 2\r\nlast = y";

  const [section] = parseIni(text, "f");

  assertEquals(section, {
    name: "p",
    line: 2,
    values: new Map([
      ["region", { line: 4, value: "x" }],
      ["s3", {
        line: 7,
        value: new Map([["a", "1"], ["b", "2"]]),
        lines: new Map([["a", 7], ["b", 8]]),
      }],
      ["last", { line: 9, value: "y" }],
    ]),
  });
});

Deno.test("parseIni shares the values of [DEFAULT] with all sections", () => {
  const text =
    "[DEFAULT]\nregion = x\n[a]\nregion = y\n[b]\n[DEFAULT]\nk = v\n";

  assertEquals(plain(parseIni(text, "f")), [
    ["a", ["region", "y"], ["k", "v"]],
    ["b", ["region", "x"], ["k", "v"]],
  ]);
});

for (
  const [what, text, line, problem] of [
    ["a key before any section", "\n a = 1\n", 2, "there is no section"],
    ["a byte-order mark", "\uFEFF[p]\n", 1, "byte-order mark"],
    ["a line without a delimiter", "[p]\nword\n", 2, "neither a section"],
    ["a value without a key", "[p]\n= 1\n", 2, "there is no key"],
    ["a key twice", "[p]\na=1\nA=2\n", 3, 'key "a" stands already on line 2'],
    ["a section twice", "[p]\n[q]\n[p]\n", 3, "already on line 1"],
    ["a block's line without =", "[p]\ns3 =\n  a : 1\n", 3, 'block "s3"'],
  ] as const
) {
  Deno.test(`parseIni refuses ${what}, naming path and line`, () => {
    const error = assertThrows(() => parseIni(text, "/a/config"), ConfigError);

    assertEquals(error.code, "ConfigParseError");
    assertMatch(error.message, new RegExp(`"/a/config", line ${line}: `));
    assertMatch(error.message, new RegExp(problem));
  });
}

Deno.test("parseIni shows no line of the file in an error", () => {
  const error = assertThrows(
    () => parseIni("[p]\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "f"),
    ConfigError,
  );

  assertEquals(error.message.includes("wJalr"), false);
});

Deno.test("parseIni reads a value of a million spaces without delay", () => {
  const spaces = " ".repeat(1_000_000);

  const [section] = parseIni(`[p]\na = x${spaces}y\n`, "f");

  assertEquals(section?.values.get("a")?.value, `x${spaces}y`);
});
