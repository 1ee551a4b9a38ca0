import { readPages } from "../tools/docs/pages.ts";
import { runBlock } from "../tools/docs/run_block.ts";

for (const [page, blocks] of readPages()) {
  if (blocks.length === 0) continue;
  Deno.test(`every block of ${page} runs with the permissions of its page`, async () => {
    const cache = await Deno.makeTempDir();
    try {
      for (const block of blocks) {
        const problem = await runBlock(block, cache);
        if (problem !== undefined) throw new Error(`${block.place} ${problem}`);
      }
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  });
}
