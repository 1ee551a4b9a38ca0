/**
 * What a script may read on Deno. A permission is looked up before it is used,
 * so nothing prompts; what is not permitted names the flag that would.
 *
 * @module
 */
import { pathOf } from "../foundation/paths.ts";
import type { Found } from "../ports/system.ts";

/** "prompt" is no: the script's user was not asked, and is not to be. */
export function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** The answer to what only a flag would permit. */
export function denied(flag: string): Found<never> {
  return { kind: "denied", flag };
}

/** Reads a path, if that is permitted. */
export async function reading<T>(
  path: string | URL,
  read: () => Promise<T>,
): Promise<Found<T>> {
  const flag = `--allow-read=${pathOf(path)}`;
  if (!granted({ name: "read", path })) return denied(flag);
  return await found(flag, read);
}

/** Gets what a flag permits. */
export async function found<T>(
  flag: string,
  get: () => Promise<T>,
): Promise<Found<T>> {
  try {
    return { kind: "found", value: await get() };
  } catch (error) {
    // Deno guards some files beyond the flag for their path.
    if (error instanceof Deno.errors.NotCapable) return denied(flag);
    if (isMissing(error)) return { kind: "absent" };
    throw error;
  }
}

/** A folder is no file, and a path through a file leads nowhere. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.IsADirectory ||
    error instanceof Deno.errors.NotADirectory;
}
