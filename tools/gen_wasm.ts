/**
 * Compiles `tools/wasm` by AssemblyScript into
 * `src/foundation/generated/wasm.ts`.
 *
 * Usage: `deno task gen:wasm [--check]`; `--check` compares and writes nothing.
 * npm brings the compiler.
 *
 * @module
 */

const COMPILER = "assemblyscript@0.28.20";
const TARGET = new URL("../src/foundation/generated/wasm.ts", import.meta.url);

/** What is compiled, and where its tables begin: behind its other memory. */
const MODULES = [
  ["XXHASH", "xxhash.as.ts", 0],
  ["DIGESTS", "digests.as.ts", 69_632],
] as const;

const folder = await Deno.makeTempDir();
try {
  let text =
    `/**\n * Made by \`deno task gen:wasm\` from \`tools/wasm\`; not to be edited.\n *\n * @module\n */\n`;
  for (const [name, source, tables] of MODULES) {
    const bytes = await compile(source, tables);
    text +=
      `\n/** WebAssembly of \`tools/wasm/${source}\`, in base64. */\nexport const ${name} =\n  "${bytes.toBase64()}";\n`;
  }
  if (Deno.args[0] !== "--check") {
    await Deno.writeTextFile(TARGET, text);
  } else if (await Deno.readTextFile(TARGET) !== text) {
    console.error("src/foundation/generated/wasm.ts differs: run gen:wasm");
    Deno.exit(1);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function compile(
  source: string,
  tables: number,
): Promise<Uint8Array<ArrayBuffer>> {
  await Deno.copyFile(
    new URL(`wasm/${source}`, import.meta.url),
    `${folder}/${source}`,
  );
  const { success, stderr } = await new Deno.Command("npm", {
    args: [
      "exec",
      "--yes",
      `--package=${COMPILER}`,
      "--",
      ...["asc", source, "--outFile", "out.wasm", "--runtime", "stub"],
      ...["--optimizeLevel", "3", "--shrinkLevel", "1", "--noAssert"],
      ...["--initialMemory", "2", "--memoryBase", String(tables)],
      ...["--enable", "simd", "--enable", "bulk-memory"],
    ],
    cwd: folder,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return await Deno.readFile(`${folder}/out.wasm`);
}
