/**
 * Bundles entries on their own and fails where one is larger than it may be,
 * so that no part quietly comes to load another.
 *
 * @module
 */

/**
 * What is bundled, and how many bytes each may have with all that it loads at
 * its start, minified and gzipped.
 */
const LIMITS: Readonly<Record<string, number>> = {
  "src/signing/mod.ts": 7_680,
  "tools/bench/one_get.ts": 58_400,
};

/** A file of a bundle, and the files that it imports. */
interface Chunk {
  readonly size: number;
  readonly atOnce: readonly string[];
  readonly later: readonly string[];
}

type Bundle = ReadonlyMap<string, Chunk>;

const root = new URL("..", import.meta.url);
let problems = 0;

for (const [path, limit] of Object.entries(LIMITS)) {
  const bundle = await bundled(path);
  const entry = path.slice(path.lastIndexOf("/") + 1).replace(/ts$/, "js");
  const started = reached(bundle, [entry]);
  const size = bundle.has(entry) ? sum(bundle, started) : Infinity;
  if (size > limit) problems++;
  console.log(`bundle: ${path} has ${size} bytes of ${limit}`);
  if (started.size < 2) continue;
  const md5 = [...bundle.keys()].filter((name) => name.startsWith("md5-"));
  const packages = md5.flatMap((name) => bundle.get(name)?.later ?? []);
  const withMd5 = reached(bundle, [...started, ...md5, ...packages]);
  console.log(
    `  with MD5's package ${sum(bundle, withMd5)}, ` +
      `with all that it may load ${sum(bundle, bundle.keys())}`,
  );
}

if (problems > 0) Deno.exit(1);

async function bundled(entry: string): Promise<Bundle> {
  const directory = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command("deno", {
      args: [
        "bundle",
        "--quiet",
        "--minify",
        "--code-splitting",
        `--outdir=${directory}`,
        entry,
      ],
      cwd: root,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const chunks = new Map<string, Chunk>();
    for await (const { name } of Deno.readDir(directory)) {
      chunks.set(name, await chunkOf(`${directory}/${name}`));
    }
    return chunks;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function chunkOf(path: string): Promise<Chunk> {
  const code = await Deno.readTextFile(path);
  const gzip = new CompressionStream("gzip");
  const stream = new Blob([code]).stream().pipeThrough(gzip);
  return {
    size: (await new Response(stream).bytes()).length,
    atOnce: namesIn(code, /(?:from|import)"\.\/([^"]+)"/g),
    later: namesIn(code, /import\("\.\/([^"]+)"\)/g),
  };
}

function namesIn(code: string, imports: RegExp): string[] {
  return Array.from(code.matchAll(imports), ([, name = ""]) => name);
}

/** Some files and all that is loaded with them. */
function reached(bundle: Bundle, names: readonly string[]): Set<string> {
  const found = new Set(names);
  for (const name of found) {
    bundle.get(name)?.atOnce.forEach((one) => found.add(one));
  }
  return found;
}

function sum(bundle: Bundle, names: Iterable<string>): number {
  return Array.from(names, (name) => bundle.get(name)?.size ?? 0)
    .reduce((total, size) => total + size, 0);
}
