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
import { printErrors } from "./print_errors.ts";
import { printListings } from "./print_listings.ts";
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
  models: URL,
): Promise<ReadonlyMap<string, string>> {
  const files = await loadModel(new URL(`${corrections.model}/`, models));
  const service = serviceFrom(files, corrections);
  const folder = corrections.className.toLowerCase();
  const types = printTypes(service);
  const errors = printErrors(service);
  const texts = new Map([
    [`${folder}/generated/types.ts`, types],
    [`${folder}/generated/operations.ts`, printOperations(service)],
    [`${folder}/generated/client.ts`, printClient(service)],
    [`${folder}/generated/errors.ts`, errors],
    [`${folder}/mod.ts`, printEntry(service, types, errors)],
  ]);
  const listings = printListings(service);
  if (listings !== undefined) {
    texts.set(`${folder}/generated/listings.ts`, listings);
  }
  return await formatted(texts);
}

/** What to do, and where. */
export interface Task {
  /** Compare instead of writing. */
  readonly check: boolean;
  /** Folder of the models. */
  readonly models: URL;
  /** Folder of the services. */
  readonly services: URL;
}

/**
 * Writes or compares the files of all services.
 *
 * @returns What to tell, and whether all is well.
 */
export async function run(
  { check, models, services }: Task,
): Promise<{ readonly lines: readonly string[]; readonly ok: boolean }> {
  if (!await exists(models)) {
    const line = `gen: ignored, as there are no models in ${models.pathname}`;
    return { lines: [line], ok: check };
  }
  const problems: string[] = [];
  for (const corrections of [s3Corrections, stsCorrections]) {
    const files = await generate(corrections, models);
    if (check) problems.push(...await differences(files, services));
    else await write(files, services);
  }
  const last = check
    ? `gen: ${problems.length} files differ`
    : "gen: all files written";
  return { lines: [...problems, last], ok: problems.length === 0 };
}

async function write(
  files: ReadonlyMap<string, string>,
  services: URL,
): Promise<void> {
  for (const [path, text] of files) {
    const file = new URL(path, services);
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

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  const { lines, ok } = await run({
    check,
    models: MODELS,
    services: SERVICES,
  });
  console.log(lines.join("\n"));
  if (!ok) Deno.exit(1);
}
