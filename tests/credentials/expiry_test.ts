import { assertEquals } from "@std/assert";
import { readExpiry } from "../../src/credentials/expiry.ts";

Deno.test("readExpiry reads the forms of ISO 8601 that sources write", () => {
  const one = "2024-02-29T13:00:00.000Z";
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    ["2024-02-29T13:00:00Z", one],
    ["2024-02-29T13:00:00UTC", one],
    [" 2024-02-29T13:00:00.000000Z ", one],
    ["2024-02-29 14:00:00+01:00", one],
    ["2024-02-29T08:00:00-0500", one],
    ["2024-02-29T13:00Z", one],
    ["2024-02-29T13:00:00", undefined],
    ["2024-13-29T13:00:00Z", undefined],
    ["1709211600", undefined],
    ["", undefined],
    [1_709_211_600, undefined],
    [null, undefined],
  ];

  for (const [text, expected] of cases) {
    assertEquals(readExpiry(text)?.toISOString(), expected, `${text}`);
  }
});
