/**
 * Reads the files of a service model.
 *
 * @module
 */
import type { ServiceModel } from "./model.ts";
import type { ModelFiles } from "./service.ts";

/**
 * Reads the files of one version of a model, with what the SDKs add to them.
 *
 * @param folder The folder of the version.
 */
export async function loadModel(folder: URL): Promise<ModelFiles> {
  const read = async (name: string): Promise<unknown> =>
    merged(
      await readJson(new URL(`${name}.json`, folder)),
      await readJson(new URL(`${name}.sdk-extras.json`, folder)),
    );
  // The files are what their formats say; the tests of the tables would notice.
  const model = await read("service-2") as ServiceModel;
  const { pagination } = await read("paginators-1") as Partial<ModelFiles>;
  const { waiters } = await read("waiters-2") as Partial<ModelFiles>;
  return { model, pagination: pagination ?? {}, waiters: waiters ?? {} };
}

/** A file's value; an empty object where there is no such file. */
async function readJson(file: URL): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Lays the `merge` part of the extras over a value. */
function merged(base: unknown, extras: unknown): unknown {
  return isObject(extras) ? overlaid(base, extras.merge ?? {}) : base;
}

function overlaid(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const entries = Object.entries(over)
    .map(([key, value]) => [key, overlaid(base[key], value)]);
  return { ...base, ...Object.fromEntries(entries) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
