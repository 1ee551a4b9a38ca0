import { assertEquals } from "@std/assert";

// Deno notes each permission that a program needs, also where the program takes
// a refusal in silence. The last line proves that it does.
Deno.test("an import reads, sends and asks for nothing", async () => {
  const root = new URL("../", import.meta.url);
  const { exports }: { readonly exports: Readonly<Record<string, string>> } =
    JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const folder = await Deno.makeTempDir();
  try {
    const program = Object.values(exports)
      .map((path) =>
        `await import(${JSON.stringify(new URL(path, root).href)});`
      );
    program.push('try { Deno.env.get("LAST"); } catch { /* is refused */ }');
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
      env: { DENO_AUDIT_PERMISSIONS: `${folder}/audit.jsonl` },
    }).output();

    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stderr), "");
    assertEquals([success, decoder.decode(stdout)], [true, ""]);
    const audit = await Deno.readTextFile(`${folder}/audit.jsonl`);
    assertEquals(
      audit.trim().split("\n").map((line) => JSON.parse(line)).map((
        { permission, value },
      ) => [permission, value]),
      [["env", "LAST"]],
    );
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
