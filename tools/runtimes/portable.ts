/**
 * Which tests of the suite run elsewhere than on Deno, found by what they use,
 * and the bundles of them: each test file unchanged, with all that it imports in
 * one file, as users bundle programs. runner.mjs runs these.
 *
 * @module
 */

/** A module of the tests by its path: JavaScript without types and comments. */
export type Modules = ReadonlyMap<string, string>;

/** A test file that does not run elsewhere. */
export interface LeftOut {
  readonly path: string;
  /** What it needs, or that it tests something else. */
  readonly reason: string;
  /** The module that needs it: the file itself, or one that it imports. */
  readonly where: string;
}

/** What runs elsewhere, and what does not. */
export interface Choice {
  readonly portable: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

const ROOT = new URL("../../", import.meta.url);

/** Pinned; installed by whoever calls. */
export const ESBUILD = "esbuild@0.25.10";

/** A test on its own: runner.mjs leaves out those that need Deno. */
const TEST = /^Deno\.test\((?:.*\);$|[\s\S]*?^\}\);$)/gm;

/** What a module says that needs Deno, or this repository beside it. */
const NEEDS =
  /\bDeno(?!\.test\b)(?:\.\w+|\w*)|\bimport\.meta|\bLocalAws\.start/;

/** What Chromium has not, beside that. */
const NEEDS_MORE =
  /\b(?:from|import) "node:\w+"|^import .*"node:\w+"|\bReadableStream\.from\b/m;

/**
 * Sorts test files. One is left out if it, or a module of the tests that it
 * imports, needs Deno outside of single tests, belongs to a tool, or imports
 * nothing of the library.
 *
 * @param modules All modules below `tests`, by their paths.
 * @param isBrowser Whether what Chromium lacks counts as missing.
 */
export function choose(modules: Modules, isBrowser = false): Choice {
  const portable: string[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of [...modules.keys()].sort()) {
    if (!path.endsWith("_test.ts")) continue;
    const found = reasonAgainst(modules, path, isBrowser);
    if (found === undefined) portable.push(path);
    else leftOut.push({ path, ...found });
  }
  return { portable, leftOut };
}

function reasonAgainst(
  modules: Modules,
  path: string,
  isBrowser: boolean,
): Omit<LeftOut, "path"> | undefined {
  const graph = reached(modules, path);
  for (const member of graph) {
    if (member.startsWith("tools/")) {
      return { reason: "tests a tool", where: member };
    }
    const code = modules.get(member)?.replace(TEST, "") ?? "";
    const [needed] = NEEDS.exec(code) ??
      (isBrowser ? NEEDS_MORE.exec(code) : null) ?? [];
    if (needed !== undefined) {
      return { reason: needed.replace(/^.* /, ""), where: member };
    }
  }
  return [...graph].some((member) => /^(?:src\/|mod\.ts)/.test(member))
    ? undefined
    : { reason: "tests nothing of src", where: path };
}

/** The module, and all that it imports, as far as the imports of tests go. */
function reached(modules: Modules, path: string): Set<string> {
  const found = new Set([path]);
  for (const member of found) {
    const code = modules.get(member) ?? "";
    for (
      const [, specifier = ""] of code.matchAll(
        /(?:\bfrom|\bimport\(?)\s*"(\.[^"]+)"/g,
      )
    ) {
      found.add(new URL(specifier, `file:///${member}`).pathname.slice(1));
    }
  }
  return found;
}

/**
 * The modules below `tests`, as `choose` takes them.
 *
 * @param esbuild Path of the program.
 * @param folder Where files may be written.
 */
export async function testModules(
  esbuild: string,
  folder: string,
): Promise<Modules> {
  const paths: string[] = [];
  await findTests("tests/", paths);
  await run(esbuild, [
    ...paths,
    `--outdir=${folder}`,
    "--outbase=.",
    "--target=esnext",
  ]);
  const modules = new Map<string, string>();
  for (const path of paths) {
    const file = `${folder}/${path.replace(/\.ts$/, ".js")}`;
    modules.set(path, await Deno.readTextFile(file));
  }
  return modules;
}

async function findTests(folder: string, paths: string[]): Promise<void> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    if (isDirectory) await findTests(`${folder}${name}/`, paths);
    else if (name.endsWith(".ts")) paths.push(folder + name);
  }
}

/**
 * Bundles test files, each alone, so that none sees what another has set in a
 * module. `Deno.test(` becomes `iniaTest(`: a global `Deno` would be taken for
 * the runtime.
 *
 * @returns The paths of the bundles.
 */
export async function bundleTests(
  esbuild: string,
  paths: readonly string[],
  folder: string,
  target: "node22" | "chrome120",
): Promise<string[]> {
  await run(esbuild, [
    ...paths,
    "--bundle",
    "--format=esm",
    `--platform=${target === "node22" ? "node" : "browser"}`,
    "--external:node:*",
    `--target=${target}`,
    `--outdir=${folder}`,
    "--outbase=.",
    "--out-extension:.js=.mjs",
    ...await aliases(),
  ]);
  const bundles: string[] = [];
  for (const path of paths) {
    const bundle = `${folder}/${path.replace(/\.ts$/, ".mjs")}`;
    const code = await Deno.readTextFile(bundle);
    await Deno.writeTextFile(
      bundle,
      code.replaceAll(/\bDeno\.test\(/g, "iniaTest("),
    );
    bundles.push(bundle);
  }
  return bundles;
}

/** Where the `@std` packages lie: the workspace members of `deno.json`. */
async function aliases(): Promise<string[]> {
  const { workspace } = await manifest("deno.json");
  const found: string[] = [];
  for (const member of workspace ?? []) {
    const { name, exports = {} } = await manifest(`${member}/deno.json`);
    for (const [entry, file] of Object.entries(exports)) {
      found.push(`--alias:${name}${entry.slice(1)}=${member}/${file.slice(2)}`);
    }
  }
  return found;
}

/** What is read of a `deno.json`. */
interface Manifest {
  readonly name?: string;
  readonly workspace?: readonly string[];
  readonly exports?: Readonly<Record<string, string>>;
}

async function manifest(path: string): Promise<Manifest> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: ["--log-level=warning", ...args],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
