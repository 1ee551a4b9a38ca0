/**
 * The permissions that a program needs, for whoever asks.
 *
 * @module
 */
import type { SessionOptions } from "./options.ts";

/**
 * Finds the flags that a program needs for a session: looks for credentials once,
 * with all permissions, and tells what was used on the way. So it has to run where
 * the program will, with `-A`, and costs what the source in use costs.
 *
 * @example Usage
 * ```ts ignore
 * const flags = await permissionsFor({ profile: "dev" }, [
 *   "photos.s3.eu-west-1.amazonaws.com",
 * ]);
 * console.log(`deno run ${flags.join(" ")} main.ts`);
 * ```
 *
 * @param options The session's options.
 * @param hosts The hosts of the services that the program calls.
 * @returns The flags, one for each kind of permission.
 * @throws {CredentialsError | ConfigError} If there are no credentials.
 */
export async function permissionsFor(
  options: SessionOptions,
  hosts: readonly string[] = [],
): Promise<readonly string[]> {
  const { foundPermissions } = await import("./permissions.ts");
  return await foundPermissions(options, hosts);
}
