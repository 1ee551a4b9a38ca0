/**
 * Formats generated files and compares them with those that are there.
 *
 * @module
 */

/** Texts as `deno fmt` writes them, with the settings of this repository. */
export async function formatted(
  texts: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(
    [...texts].map(async ([path, text]) => [path, await fmt(text)] as const),
  );
  return new Map(entries);
}

/**
 * Tells which files differ from what they should be, and where.
 *
 * @param files The texts as they should be, by path.
 * @param root What the paths are relative to.
 * @returns A sentence per file that differs.
 */
export async function differences(
  files: ReadonlyMap<string, string>,
  root: URL,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [path, expected] of files) {
    const found = await readIfThere(new URL(path, root));
    if (found === expected) continue;
    problems.push(
      found === undefined
        ? `${path} is missing: run deno task gen`
        : `${path} is out of date: ${
          firstDifference(found, expected)
        }; run deno task gen`,
    );
  }
  return problems;
}

function firstDifference(found: string, expected: string): string {
  const foundLines = found.split("\n");
  const expectedLines = expected.split("\n");
  const index = expectedLines.findIndex((line, at) => line !== foundLines[at]);
  const at = index < 0 ? expectedLines.length : index;
  return `line ${at + 1} is ${quoted(foundLines[at])}, the model gives ${
    quoted(expectedLines[at])
  }`;
}

function quoted(line: string | undefined): string {
  return line === undefined ? "absent" : JSON.stringify(line.trim());
}

async function readIfThere(file: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function fmt(text: string): Promise<string> {
  const process = new Deno.Command("deno", {
    args: ["fmt", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = new Blob([text]).stream().pipeTo(process.stdin);
  const { success, stdout, stderr } = await process.output();
  await input;
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `Cannot format a generated file: ${new TextDecoder().decode(stderr)}`,
  );
}
