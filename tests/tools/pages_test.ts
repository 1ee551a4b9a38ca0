import { assert, assertEquals } from "@std/assert";
import { errorTables, exportedClasses } from "../../tools/docs/error_tables.ts";
import { peersTable } from "../../tools/docs/peers_table.ts";
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

Deno.test("docs/errors.md shows the classes, kinds, reasons and advice as they are", async () => {
  const page = await Deno.readTextFile(
    new URL("../../docs/errors.md", import.meta.url),
  );
  const tables = page.split("\n\n").map((text) =>
    text.split("\n").map(plain).filter((row) => !/^\|[ |-]+\|$/.test(row))
  );

  for (const [name, table] of Object.entries(errorTables())) {
    const rows = table.split("\n").filter((_, index) => index !== 1)
      .map(plain);
    const [head = ""] = rows;
    const found = tables.find((there) => there[0] === head);
    assertEquals(found, rows, name);
  }
});

Deno.test("docs/errors.md has a row for every class of errors", () => {
  const rows = errorTables().classes?.split("\n").slice(2) ?? [];
  const named = rows.map((row) => /`(\w+)`/.exec(row)?.[1] ?? "");

  assertEquals(named.toSorted(), exportedClasses().toSorted());
});

Deno.test("the README has the figures of docs/performance.md", async () => {
  const [readme = "", performance = ""] = await Promise.all(
    ["README.md", "docs/performance.md"].map((path) =>
      Deno.readTextFile(new URL(`../../${path}`, import.meta.url))
    ),
  );
  const rows = readme.split("\n").map(plain);

  for (const row of peersTable(performance).split("\n").slice(2)) {
    assert(rows.includes(plain(row)), `run deno task docs:peers: ${row}`);
  }
});

/** A row without the blanks that make it a picture of a table. */
function plain(row: string): string {
  return row.replaceAll(/ +/g, " ").trim();
}
