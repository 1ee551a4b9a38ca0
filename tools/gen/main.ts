/**
 * Writes the generated files of the services, or compares them with what is
 * there.
 *
 * ```text
 * deno task gen            write
 * deno task gen:check      compare; fails where something differs
 * ```
 *
 * @module
 */
import type { Corrections } from "./corrections.ts";
import { differences, formatted } from "./files.ts";
import { loadModel } from "./load.ts";
import { printClient, printEntry } from "./print_client.ts";
import { printOperations } from "./print_operations.ts";
import { printTypes } from "./print_types.ts";
import { s3Corrections } from "./s3_corrections.ts";
import { serviceFrom } from "./service.ts";
import { stsCorrections } from "./sts_corrections.ts";

const MODELS = new URL("../../../shared/models/", import.meta.url);
const SERVICES = new URL("../../src/services/", import.meta.url);

/** The files of one service, by path below `src/services`. */
export async function generate(
  corrections: Corrections,
  models: URL = MODELS,
): Promise<ReadonlyMap<string, string>> {
  const files = await loadModel(new URL(`${corrections.model}/`, models));
  const service = serviceFrom(files, corrections);
  const folder = corrections.className.toLowerCase();
  const types = printTypes(service);
  const texts = new Map([
    [`${folder}/generated/types.ts`, types],
    [`${folder}/generated/operations.ts`, printOperations(service)],
    [`${folder}/generated/client.ts`, printClient(service)],
    [`${folder}/mod.ts`, printEntry(service, types)],
  ]);
  return await formatted(texts);
}

async function main(check: boolean): Promise<number> {
  if (!await exists(MODELS)) {
    console.log(`gen: ignored, as there are no models in ${MODELS.pathname}`);
    return check ? 0 : 1;
  }
  const problems: string[] = [];
  for (const corrections of [s3Corrections, stsCorrections]) {
    const files = await generate(corrections);
    if (check) problems.push(...await differences(files, SERVICES));
    else await write(files);
  }
  for (const problem of problems) console.error(problem);
  if (check) console.log(`gen: ${problems.length} files differ`);
  return problems.length > 0 ? 1 : 0;
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    const file = new URL(path, SERVICES);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
}

async function exists(path: URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args.includes("--check")));
