import { assertAlmostEquals, assertEquals } from "@std/assert";
import { SendRate } from "../../src/retry/send_rate.ts";

Deno.test("SendRate drops to seven tenths when the service throttles", () => {
  const rate = new SendRate(0);

  assertEquals(rate.cut(10, 7), 7);
});

Deno.test("SendRate is back at the old rate after its plateau time", () => {
  const rate = new SendRate(0);
  rate.cut(10, 7);

  const grown = rate.grown(7 + rate.plateauSeconds);

  assertAlmostEquals(grown, 10);
});

Deno.test("SendRate lingers below the old rate and then goes above", () => {
  const rate = new SendRate(0);
  rate.cut(10, 0);

  const grown = [0, 1, 2, 3, 4].map((at) => rate.grown(at));

  assertEquals(grown, grown.toSorted((a, b) => a - b));
  assertEquals(grown.map((value) => value > 10), [
    false,
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("SendRate stands still where nothing was sent", () => {
  const rate = new SendRate(0);

  const cut = rate.cut(0, 5);

  assertEquals([cut, rate.plateauSeconds, rate.grown(5)], [0, 0, 0]);
});
