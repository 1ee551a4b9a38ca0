/**
 * Runs every block of README.md and docs/*.md as a program of its own:
 * `deno task docs:run`, or only those of one page: `deno task docs:run README`.
 *
 * @module
 */
import { readPages } from "./docs/pages.ts";
import { runBlock } from "./docs/run_block.ts";

const [wanted = ""] = Deno.args;
const cache = await Deno.makeTempDir({ prefix: "inia-docs-" });
let failures = 0;
try {
  for (const [page, blocks] of readPages()) {
    if (!page.includes(wanted)) continue;
    for (const block of blocks) {
      const problem = await runBlock(block, cache);
      if (problem !== undefined) failures++;
      console.log(`${block.place} ${problem ?? "ok"}`);
    }
  }
} finally {
  await Deno.remove(cache, { recursive: true });
}
if (failures > 0) Deno.exit(1);
