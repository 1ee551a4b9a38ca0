import { assertEquals, assertThrows } from "@std/assert";
import { strictText, utf8 } from "../../src/foundation/bytes.ts";

Deno.test("strictText gives back what utf8 has made, a byte-order mark and U+FFFD too", () => {
  const texts = [
    "",
    "plain",
    "\uFEFFmarked",
    "é, €, 😀",
    "\uFFFD",
    "a\uFFFD€\u0000",
    `${"x".repeat(70_000)}ß`,
  ];
  for (const text of texts) assertEquals(strictText(utf8(text)), text);
});

Deno.test("strictText refuses bytes that are no UTF-8", () => {
  const wrong = [
    [0xff],
    [0x61, 0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [...utf8("\uFFFD"), 0x80],
  ];
  for (const bytes of wrong) {
    assertThrows(() => strictText(Uint8Array.from(bytes)), TypeError);
  }
});
