import { assertEquals } from "@std/assert";
import { Tally } from "../../src/transport/tally.ts";

Deno.test("Tally counts towards the length that is named", () => {
  const tally = new Tally("10");
  tally.received += 4;

  assertEquals(`${tally}`, "4 of 10 bytes");
  assertEquals(tally.isShort, true);

  tally.received += 6;
  assertEquals(tally.isShort, false);
});

Deno.test("Tally expects nothing where no length is named", () => {
  for (const field of [undefined, "", "-1", "1e3", "ten"]) {
    const tally = new Tally(field);

    assertEquals(tally.expected, undefined);
    assertEquals(tally.isShort, false);
    assertEquals(`${tally}`, "0 bytes");
  }
});
