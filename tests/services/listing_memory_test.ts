import { assert, assertEquals } from "@std/assert";
import {
  HEAP_LIMIT,
  measureListing,
  pagesKept,
} from "../../tools/bench/listing.ts";

const MIB = 1_024 * 1_024;

for (const by of ["pages", "items"] as const) {
  Deno.test(`a walk through the ${by} of a listing keeps no page while it gets the next`, async () => {
    assertEquals(await pagesKept(by), 0);
  });
}

for (const transport of ["fetch", "socket"] as const) {
  Deno.test(`a long listing holds no more at its end than at page 10 (${transport})`, async () => {
    const { keys, early, late, growth } = await measureListing(transport, 40);

    assertEquals(keys, 40_000);
    assert(
      late - early < HEAP_LIMIT,
      `the heap has grown from ${early} to ${late} bytes`,
    );
    // V8 lets garbage lie as it likes; forty pages kept would be 25 MiB more.
    assert(growth < 40 * MIB, `the process has grown by ${growth} bytes`);
  });
}
