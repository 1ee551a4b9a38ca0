import { assertEquals } from "@std/assert";
import { TimeoutError } from "../../src/foundation/errors.ts";
import { timelineWords } from "../../src/foundation/timeline.ts";

Deno.test("timelineWords tells what was reached, in order", () => {
  const words = timelineWords({
    firstByteMs: 12.2,
    sentMs: 0,
    waitedMs: 1_500,
  });

  assertEquals(
    words,
    "waited 1500 ms between attempts, handed over after 0 ms, first byte after 13 ms",
  );
  assertEquals(timelineWords({}), "");
});

Deno.test("TimeoutError tells how far the attempt came, once", () => {
  const error = new TimeoutError("read", 40, "Cannot wait", {
    maybeSent: true,
  });

  error.place({ sentMs: 1 });
  error.place({ sentMs: 2, queuedMs: 5 });

  assertEquals(error.timeline, { sentMs: 2, queuedMs: 5 });
  assertEquals(
    error.message,
    "Cannot wait; queued for 5 ms, handed over after 2 ms",
  );
  assertEquals(error.stack?.split("\n")[0], `TimeoutError: ${error.message}`);
});
