/**
 * Bundles entries on their own and fails where one is larger than it may be,
 * so that no part quietly comes to load another.
 *
 * @module
 */

/** The entries, and how many bytes each may have, minified and gzipped. */
const LIMITS: Readonly<Record<string, number>> = {
  "src/signing/mod.ts": 4_096,
};

const root = new URL("..", import.meta.url);
let problems = 0;

for (const [entry, limit] of Object.entries(LIMITS)) {
  const size = (await gzipped(await bundled(entry))).length;
  console.log(`bundle: ${entry} has ${size} bytes of ${limit}`);
  if (size > limit) problems++;
}

if (problems > 0) Deno.exit(1);

async function bundled(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: ["bundle", "--quiet", "--minify", entry],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return stdout;
}

async function gzipped(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}
