/**
 * Builds the npm package of the same source: ESM and types for every entry of
 * `deno.json`, the `@std` packages inside, no dependency. docs/decisions/0034
 * says why so.
 *
 * ```sh
 * deno task build:npm [folder]
 * ```
 *
 * @module
 */
const ROOT = new URL("../", import.meta.url);

/** The files beside the code that npm's package has. */
const PAGES = ["README.md", "CHANGELOG.md", "LICENSE"];

/** What is read of `deno.json`. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
}

/**
 * Writes the package into a folder.
 *
 * @param folder Where; what lies there is removed.
 */
export async function buildNpm(folder: string): Promise<void> {
  const manifest: Manifest = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  await run("deno", [
    "bundle",
    "--quiet",
    "--code-splitting",
    `--outdir=${folder}`,
    ...Object.values(manifest.exports),
  ]);
  await addTypes(folder);
  for (const page of PAGES) {
    await Deno.copyFile(new URL(page, ROOT), `${folder}/${page}`);
  }
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify(packageOf(manifest), undefined, 2) + "\n",
  );
}

/** Deno's own package has the declarations, with their comments. */
async function addTypes(folder: string): Promise<void> {
  const packed = await Deno.makeTempDir();
  try {
    const archive = `${packed}/packed.tgz`;
    await run("deno", [
      "pack",
      "--quiet",
      "--allow-dirty",
      "--no-source-maps",
      `--output=${archive}`,
    ]);
    await run("tar", ["-xzf", archive, "-C", packed]);
    await copyTypes(`${packed}/package`, folder);
  } finally {
    await Deno.remove(packed, { recursive: true });
  }
}

async function copyTypes(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) await copyTypes(source, target);
    else if (name.endsWith(".d.ts")) {
      await Deno.mkdir(to, { recursive: true });
      await Deno.copyFile(source, target);
    }
  }
}

function packageOf(
  { name, version, license, exports }: Manifest,
): Record<string, unknown> {
  const entries = Object.entries(exports).map(([entry, path]) => {
    const stem = path.replace(/\.ts$/, "");
    return [entry, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  return {
    name,
    version,
    description: "S3 and STS for scripts, for people who know boto3",
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=22" },
    exports: {
      ...Object.fromEntries(entries),
      "./package.json": "./package.json",
    },
  };
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
  }).output();
  if (!success) {
    throw new Error(
      `${command} ${args[0]} failed: ${new TextDecoder().decode(stderr)}`,
    );
  }
}

if (import.meta.main) {
  const [folder = new URL("npm", ROOT).pathname] = Deno.args;
  await buildNpm(folder);
  console.log(`npm: the package is in ${folder}`);
}
