import { assert } from "@std/assert";
import { storesTable } from "../../tools/docs/stores_table.ts";

Deno.test("docs/other-stores.md shows STORES as it is", async () => {
  const page = await Deno.readTextFile(
    new URL("../../docs/other-stores.md", import.meta.url),
  );
  const rows = page.split("\n").map(plain);

  for (const row of storesTable().split("\n").slice(2)) {
    assert(rows.includes(plain(row)), `the page lacks: ${row}`);
  }
});

/** A row without the blanks that make it a picture of a table. */
function plain(row: string): string {
  return row.replaceAll(/ +/g, " ").trim();
}
