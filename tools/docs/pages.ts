/**
 * The pages of the documentation.
 *
 * @module
 */
import { type Block, blocksOf } from "./page.ts";

const ROOT = new URL("../../", import.meta.url);

/** All blocks of README.md and docs/*.md that run, by page. */
export function readPages(): ReadonlyMap<string, readonly Block[]> {
  const names = ["README.md"];
  for (const { name } of Deno.readDirSync(new URL("docs", ROOT))) {
    if (name.endsWith(".md")) names.push(`docs/${name}`);
  }
  return new Map(
    names.sort().map((name) => [
      name,
      blocksOf(name, Deno.readTextFileSync(new URL(name, ROOT))),
    ]),
  );
}
