import { assertEquals } from "@std/assert";
import { ByteCounter } from "../../src/transport/byte_counter.ts";

Deno.test("ByteCounter counts towards the length that is named", () => {
  const tally = new ByteCounter("10");
  tally.received += 4;

  assertEquals(`${tally}`, "4 of 10 bytes");
  assertEquals(tally.isShort, true);

  tally.received += 6;
  assertEquals(tally.isShort, false);
});

Deno.test("ByteCounter expects nothing where no length is named", () => {
  for (const field of [undefined, "", "-1", "1e3", "ten"]) {
    const tally = new ByteCounter(field);

    assertEquals(tally.expected, undefined);
    assertEquals(tally.isShort, false);
    assertEquals(`${tally}`, "0 bytes");
  }
});
