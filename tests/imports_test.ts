import { assertEquals } from "@std/assert";

Deno.test("an import reads, sends and asks for nothing", async () => {
  const root = new URL("../", import.meta.url);
  const { exports }: { readonly exports: Readonly<Record<string, string>> } =
    JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const folder = await Deno.makeTempDir();
  try {
    const program = Object.values(exports)
      .map((path) => `import ${JSON.stringify(new URL(path, root).href)};`);
    await Deno.writeTextFile(`${folder}/all.ts`, program.join("\n"));
    const { success, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        `--config=${new URL("deno.json", root).pathname}`,
        `${folder}/all.ts`,
      ],
    }).output();

    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stderr), "");
    assertEquals([success, decoder.decode(stdout)], [true, ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no code is made of text", async () => {
  const found: string[] = [];
  const look = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const url = new URL(isDirectory ? `${name}/` : name, folder);
      if (isDirectory) await look(url);
      else if (/\b(?:eval|Function)\(/.test(await Deno.readTextFile(url))) {
        found.push(url.pathname);
      }
    }
  };
  await look(new URL("../src/", import.meta.url));

  assertEquals(found, []);
});
