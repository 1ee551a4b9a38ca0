/**
 * The examples of the entries, which editors and the registry show: each entry
 * with code has one, and each is a program that runs.
 *
 * @module
 */
import { assert } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { type Block, blocksOf } from "../tools/docs/page.ts";
import { runBlock } from "../tools/docs/run_block.ts";

const ROOT = new URL("../", import.meta.url);

/** What a first program is run with. */
const FLAGS =
  "<!-- run: --allow-net=127.0.0.1 --allow-env --allow-read --allow-write=$HOME --allow-sys -->";

/** Entries that are types alone. */
const WITHOUT_CODE = ["./ports"];

/** The examples in the text about an entry. */
function examplesOf(path: string): readonly Block[] {
  const [comment = ""] = /\/\*\*[\s\S]*?\*\//
    .exec(Deno.readTextFileSync(new URL(path, ROOT))) ?? [];
  const text = comment.replaceAll(/^ \* ?/gm, "");
  const [, ...examples] = text.split(/^@example /m);
  return examples.flatMap((example) => blocksOf(path, `${FLAGS}\n${example}`));
}

for (const [entry, path] of Object.entries(manifest.exports)) {
  if (WITHOUT_CODE.includes(entry)) continue;
  Deno.test(`the example of ${entry} runs`, async () => {
    const blocks = examplesOf(path);
    assert(blocks.length > 0, "it has no example");
    const cache = await Deno.makeTempDir();
    try {
      for (const block of blocks) {
        const problem = await runBlock(block, cache);
        assert(problem === undefined, problem);
      }
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  });
}
