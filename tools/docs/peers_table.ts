/**
 * The README's table of peers, from the figures of docs/performance.md: each row
 * with the command that measures it.
 *
 * ```sh
 * deno task docs:peers   # writes it into README.md
 * ```
 *
 * @module
 */
const ROOT = new URL("../../", import.meta.url);

/** How the rows of docs/performance.md begin, and what measures each. */
const COMMANDS: readonly (readonly [row: string, name: string])[] = [
  ["GET 1 KiB", "get"],
  ["PUT 1 KiB", "put"],
  ["presigned URL", "presign"],
  ["`signRequest`", "sign"],
  ["list of 1 000 keys", "list"],
  ["cold start", "cold"],
  ["upload in parts", "upload"],
  ["stream", "stream"],
  ["download to a file", "download"],
];

/** Where the table stands in README.md. */
const MARKS = /(<!-- peers -->\n)[\s\S]*?(\n<!-- end -->)/;

/**
 * The table in Markdown.
 *
 * @param performance The text of docs/performance.md.
 * @throws {Error} If a row is not there.
 */
export function peersTable(performance: string): string {
  const rows = performance.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const head = [
    "CPU, of bare `fetch`",
    "here, on `fetch`",
    "best JavaScript peer on Deno",
    "others",
    "`deno task`",
  ];
  const made = COMMANDS.map(([start, name]) => {
    const [title = "", own = "", , peer = "", others = ""] =
      rows.find(([title = ""]) => title.startsWith(start)) ?? [];
    if (title === "") throw new Error(`docs/performance.md has no ${start}`);
    return [title, own, peer, others, `\`bench:peers ${name}\``];
  });
  return [head, head.map(() => "---"), ...made]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The README with the table replaced. */
export function withPeers(readme: string, table: string): string {
  return readme.replace(
    MARKS,
    (_, begin: string, end: string) => `${begin}\n${table}\n${end}`,
  );
}

if (import.meta.main) {
  const performance = new URL("docs/performance.md", ROOT);
  const readme = new URL("README.md", ROOT);
  await Deno.writeTextFile(
    readme,
    withPeers(
      await Deno.readTextFile(readme),
      peersTable(await Deno.readTextFile(performance)),
    ),
  );
}
