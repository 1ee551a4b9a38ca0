import { assertEquals } from "@std/assert";
import { windowsWords } from "../../src/foundation/windows_words.ts";

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
