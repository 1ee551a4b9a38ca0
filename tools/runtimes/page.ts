/**
 * The tables of docs/runtimes.md, from what tools/runtimes.ts has seen.
 *
 * @module
 */

/** What was seen, as runtimes/seen.json has it. */
export interface Seen {
  /** The day. */
  readonly date: string;
  /** The version of each runtime. */
  readonly versions: Record<string, string>;
  /** How the portable tests went. */
  readonly tests: Record<string, {
    readonly files: number;
    readonly passed: number;
    readonly failed: number;
    /** How many tests were left out, by what they need. */
    readonly leftOut: Readonly<Record<string, number>>;
  }>;
  /** What each has: `"yes"`, or what came instead. */
  readonly abilities: Record<string, Record<string, string>>;
}

/** How runtimes are called on the page, in the order of its columns. */
const NAMES: Readonly<Record<string, string>> = {
  deno: "Deno",
  node22: "Node 22",
  node24: "Node 24",
  bun: "Bun",
  chromium: "Chromium",
};

/** What stands in a cell for what came instead of an ability. */
const WORDS: Readonly<Record<string, string>> = {
  yes: "yes",
  refused: "refused",
  decompressed: "no: `fetch` decompresses them",
};

/** Where a table begins and ends on the page. */
const MARKS = /(<!-- seen: (\w+) -->\n)[\s\S]*?(\n<!-- end -->)/g;

/** The tables in Markdown, by their names. */
export function tablesOf(seen: Seen): Readonly<Record<string, string>> {
  const columns = Object.keys(NAMES);
  const head = ["", ...columns.map((column) => NAMES[column] ?? "")];
  const abilities = Object.entries(seen.abilities).map(([ability, found]) => [
    ability,
    ...columns.map((column) => cell(found[column])),
  ]);
  const versions = columns.map((column) =>
    seen.versions[column]?.replace(/^[A-Za-z ]+/, "") ?? ""
  );
  const tests = (
    text: (found: Seen["tests"][string]) => string,
  ): string[] =>
    columns.map((column) => {
      const found = seen.tests[column];
      if (found !== undefined) return text(found);
      return column === "deno" ? "the suite" : "";
    });
  return {
    abilities: table([head, ...abilities]),
    tests: table([
      head,
      ["version", ...versions],
      ["test files", ...tests(({ files }) => `${files}`)],
      ["tests passed", ...tests(({ passed }) => `${passed}`)],
      ["failed", ...tests(({ failed }) => `${failed}`)],
      [
        "left out: need Deno",
        ...tests(({ leftOut }) =>
          `${Object.values(leftOut).reduce((sum, count) => sum + count, 0)}`
        ),
      ],
    ]),
  };
}

/** The page with its tables replaced. */
export function withTables(
  page: string,
  tables: Readonly<Record<string, string>>,
): string {
  return page.replace(
    MARKS,
    (_, begin: string, name: string, end: string) =>
      `${begin}\n${tables[name] ?? ""}\n${end}`,
  );
}

function cell(found: string | undefined): string {
  if (found === undefined) return "?";
  return WORDS[found] ?? "no";
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  return [head, head.map(() => "---"), ...rest]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
