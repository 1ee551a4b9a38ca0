import { assertEquals } from "@std/assert";
import { shellWords } from "../../src/foundation/shell_words.ts";

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
