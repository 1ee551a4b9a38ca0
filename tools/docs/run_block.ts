/**
 * Runs one block of a page as a user would: as a program of its own, with the
 * permissions that the page states and no others.
 *
 * @module
 */
import type { Block } from "./page.ts";
import { setScene } from "./scene.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/**
 * Runs a block.
 *
 * @param block The block.
 * @param cache Folder where Deno keeps what it has compiled.
 * @param limitMs After so many milliseconds it counts as hanging.
 * @returns What went wrong, or `undefined`.
 */
export async function runBlock(
  block: Block,
  cache: string,
  limitMs = 30_000,
): Promise<string | undefined> {
  await using scene = await setScene();
  const file = `${scene.folder}/block.ts`;
  await Deno.writeTextFile(file, block.code);
  const home = (flag: string): string => flag.replace("$HOME", scene.folder);
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--quiet",
      `--config=${CONFIG}`,
      ...block.flags.map(home),
      file,
    ],
    cwd: scene.folder,
    clearEnv: true,
    env: { ...scene.env, DENO_DIR: cache, NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(limitMs),
  });
  const { success, signal, stdout, stderr } = await command.output();
  if (success) return undefined;
  const verdict = signal === null
    ? `failed with ${block.flags.join(" ") || "no permission"}`
    : `did not end within ${limitMs} ms`;
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  return [verdict, said, complained].filter((text) => text !== "").join("\n");
}
