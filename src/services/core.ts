/**
 * What every client checks when it is made.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";

/**
 * Refuses what is no core, such as the settings that clients of other libraries
 * are made with.
 *
 * @param name Name of the client's class.
 * @param core What the client was given.
 * @throws {ConfigError} `"NotACore"`, with the way to make a client.
 */
export function checkCore(name: string, core: ClientCore): ClientCore {
  // Programs that nobody type-checks may give anything, or nothing.
  const given: Partial<ClientCore> | undefined = core;
  if (typeof given?.call === "function") return core;
  throw new ConfigError(
    "NotACore",
    `Cannot make a client with new ${name}(...): use client(${name}, options), or session.client(${name}, options)`,
  );
}
