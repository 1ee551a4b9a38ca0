import { assertEquals } from "@std/assert";
import { DIFFERENCES } from "./both_transports.ts";

Deno.test("each difference between the transports is that of a test", async () => {
  const texts = await textsBelow(new URL(".", import.meta.url));
  const unknown = Object.entries(DIFFERENCES).filter(([name, [which]]) => {
    const text = texts.find((text) =>
      text.includes(`overBoth("${name}"`) ||
      text.includes(`overBoth(\n  "${name}"`)
    );
    return which === "both" ? !text?.includes("isSocket()") : !text;
  });

  assertEquals(unknown.map(([name]) => name), []);
});

/** The texts of all test files in a folder and below it. */
async function textsBelow(folder: URL): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) texts.push(...await textsBelow(url));
    else if (name.endsWith("_test.ts")) {
      texts.push(await Deno.readTextFile(url));
    }
  }
  return texts;
}
