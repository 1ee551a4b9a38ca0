import {
  shellWords,
  windowsWords,
} from "../../src/foundation/command_words.ts";
import { assertEquals } from "@std/assert";

for (
  const [line, words] of [
    ["", []],
    [" \t\r\n", []],
    ["a  b\tc", ["a", "b", "c"]],
    ["a\u00a0b", ["a\u00a0b"]],
    ["'a b'\"c d\"e", ["a bc de"]],
    ["'' \"\"", ["", ""]],
    ["a\\ b \\'c", ["a b", "'c"]],
    ["'a\\'", ["a\\"]],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    ["a#b # c", ["a#b", "#", "c"]],
    ["$HOME *", ["$HOME", "*"]],
    ["'a", undefined],
    ['"a\\"', undefined],
    ["a\\", undefined],
  ] as const
) {
  Deno.test(`shellWords reads ${JSON.stringify(line)}`, () => {
    assertEquals(shellWords(line), words);
  });
}

Deno.test("windowsWords splits as programs on Windows do", () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ["C:\\tools\\get.exe --profile dev", [
      "C:\\tools\\get.exe",
      "--profile",
      "dev",
    ]],
    ['"C:\\Program Files\\get.exe" a', ["C:\\Program Files\\get.exe", "a"]],
    ['a\\"b c', ['a"b', "c"]],
    ['a\\\\"b c" d', ["a\\b c", "d"]],
    ['a\\\\\\"b', ['a\\"b']],
    ['"" x', ["", "x"]],
    ['a "b c"d', ["a", "b cd"]],
    ["a\tb  c", ["a", "b", "c"]],
    ["a\\\\ b\\\\", ["a\\\\", "b\\\\"]],
    ['"a\\\\" b', ["a\\", "b"]],
    ["'a b'", ["'a", "b'"]],
    ["  ", []],
    ['"open', undefined],
  ];

  for (const [line, words] of cases) {
    assertEquals(windowsWords(line), words, line);
  }
});
