import { assert, assertEquals } from "@std/assert";
import { type Seen, tablesOf } from "../../../tools/runtimes/page.ts";

const ROOT = new URL("../../../", import.meta.url);
const SEEN: Seen = JSON.parse(
  await Deno.readTextFile(new URL("tools/runtimes/seen.json", ROOT)),
);

Deno.test("docs/runtimes.md shows what was seen", async () => {
  const page = await Deno.readTextFile(new URL("docs/runtimes.md", ROOT));
  const rows = page.split("\n").map(plain);

  for (const table of Object.values(tablesOf(SEEN))) {
    for (const row of table.split("\n").filter((_, at) => at !== 1)) {
      assert(rows.includes(plain(row)), `the page lacks: ${row}`);
    }
  }
  const shown = rows.filter((row) => row.startsWith("| ") && !isRule(row));
  const made = Object.values(tablesOf(SEEN)).flatMap((table) =>
    table.split("\n").map(plain).filter((row) => !isRule(row))
  );
  assertEquals(shown.length, made.length);
});

Deno.test("what was seen is all that abilities.mjs tries, on every runtime", async () => {
  const program = await Deno.readTextFile(
    new URL("tools/runtimes/abilities.mjs", ROOT),
  );
  const [trials = ""] = /^const TRIALS = \{[\s\S]*?^\};/m.exec(program) ?? [];
  const names = [...trials.matchAll(/^ {2}"([^"]+)":/gm)]
    .map(([, name = ""]) => name);

  assert(names.length > 10);
  assertEquals(Object.keys(SEEN.abilities).toSorted(), names.toSorted());
  for (const found of Object.values(SEEN.abilities)) {
    assertEquals(Object.keys(found).toSorted(), [
      "bun",
      "chromium",
      "deno",
      "node22",
      "node24",
    ]);
  }
});

/** A row without the blanks that make it a picture of a table. */
function plain(row: string): string {
  return row.replaceAll(/ +/g, " ").trim();
}

function isRule(row: string): boolean {
  return /^\|[ |-]+\|$/.test(row);
}
