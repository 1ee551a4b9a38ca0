/**
 * The service models, which stand beside the repository and not in it.
 *
 * @module
 */

/** The folder of the models. */
export const MODELS = new URL("../../../shared/models/", import.meta.url);

/** Whether there are any. */
export const modelsAreThere = isThere(MODELS);

function isThere(folder: URL): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
