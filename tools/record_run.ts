/**
 * Writes the results of .ci/full into docs/testing.md: a row for each part, with
 * the day, the version of Deno and what the part counted. Rows of parts that did
 * not run stay.
 *
 * ```sh
 * deno run --allow-read --allow-write=docs tools/record_run.ts results.tsv
 * ```
 *
 * A line of the file has the part, its state, its seconds and its counts, with
 * tabs between.
 *
 * @module
 */

/** Where the table stands on the page. */
const MARKS = /(<!-- full run -->\n)([\s\S]*?)(\n<!-- end -->)/;

const HEAD = "| part | day | Deno | result | seconds | counts |";

/** What a run was made on. */
export interface RunFacts {
  /** The day, as in `2026-11-29`. */
  readonly day: string;
  /** The version of Deno. */
  readonly deno: string;
}

/**
 * The page with new rows.
 *
 * @param page The text of docs/testing.md.
 * @param results Lines of parts, as .ci/full writes them.
 * @param facts What they were made on.
 */
export function withResults(
  page: string,
  results: string,
  { day, deno }: RunFacts,
): string {
  return page.replace(MARKS, (_, begin: string, there: string, end: string) => {
    const rows = new Map<string, string>();
    for (const line of there.split("\n").filter((line) => /^\| `/.test(line))) {
      rows.set(/`([\w-]+)`/.exec(line)?.[1] ?? "", line);
    }
    for (const line of results.trim().split("\n")) {
      const [part = "", state = "", seconds = "", counts = ""] = line
        .split("\t");
      const told = counts.replaceAll(" |", ",");
      const cells = [`\`${part}\``, day, deno, state, seconds, told];
      rows.set(part, `| ${cells.join(" | ")} |`);
    }
    const rule = HEAD.replaceAll(/[^|]+/g, " --- ");
    return `${begin}\n${[HEAD, rule, ...rows.values()].join("\n")}\n${end}`;
  });
}

if (import.meta.main) {
  const [file = ""] = Deno.args;
  const page = new URL("../docs/testing.md", import.meta.url);
  await Deno.writeTextFile(
    page,
    withResults(
      await Deno.readTextFile(page),
      await Deno.readTextFile(file),
      {
        day: new Date().toISOString().slice(0, 10),
        deno: Deno.version.deno,
      },
    ),
  );
}
