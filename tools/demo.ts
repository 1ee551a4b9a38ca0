/**
 * Shows in a few lines what the library does, at a server of its own or at any
 * other: `deno task demo`, `deno task demo --endpoint URL`.
 *
 * @module
 */
import { setStage, USAGE } from "./demo/stage.ts";
import { tell } from "./demo/story.ts";

if (Deno.args.includes("--help")) {
  console.log(USAGE);
  Deno.exit(0);
}
try {
  await using stage = await setStage(Deno.args);
  await tell(stage, (line) => console.log(line));
} catch (error) {
  if (!(error instanceof SyntaxError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  Deno.exit(2);
}
