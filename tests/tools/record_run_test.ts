import { assertEquals } from "@std/assert";
import { withResults } from "../../tools/record_run.ts";

const FACTS = { day: "2026-11-29", deno: "2.9.6" };

Deno.test("withResults replaces the rows of parts that ran, and keeps the others", () => {
  const page = "before\n<!-- full run -->\n\n<!-- end -->\nafter\n";

  const first = withResults(
    page,
    "run\tok\t300\t10 passed | 0 failed\nclients\tFAILED\t20\t\n",
    FACTS,
  );
  const second = withResults(first, "clients\tok\t21\t9 of 9\n", FACTS);

  assertEquals(second.split("\n"), [
    "before",
    "<!-- full run -->",
    "",
    "| part | day | Deno | result | seconds | counts |",
    "| --- | --- | --- | --- | --- | --- |",
    "| `run` | 2026-11-29 | 2.9.6 | ok | 300 | 10 passed, 0 failed |",
    "| `clients` | 2026-11-29 | 2.9.6 | ok | 21 | 9 of 9 |",
    "",
    "<!-- end -->",
    "after",
    "",
  ]);
});
