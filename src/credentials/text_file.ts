/**
 * Files that a source of credentials depends on.
 *
 * @module
 */
import type { Found, System } from "../ports/system.ts";
import { failure } from "./failure.ts";

/**
 * Reads a text file.
 *
 * @param system Where it is.
 * @param path Its path.
 * @param source Name of the provider that asks.
 * @throws {CredentialsError} If it is there and cannot be read.
 */
export async function readTextFile(
  system: Pick<System, "readText">,
  path: string,
  source: string,
): Promise<Found<string>> {
  try {
    return await system.readText(path);
  } catch (cause) {
    const why = cause instanceof TypeError
      ? "it is not UTF-8 text"
      : "the system refused it";
    throw failure(
      source,
      "CredentialRetrievalError",
      `"${path}" cannot be read: ${why}`,
      cause,
    );
  }
}

/**
 * Reads a text file that has to be there.
 *
 * @param system Where it is.
 * @param path Its path.
 * @param source Name of the provider that asks.
 * @throws {CredentialsError} If it cannot be read.
 */
export async function needTextFile(
  system: Pick<System, "readText">,
  path: string,
  source: string,
): Promise<string> {
  const found = await readTextFile(system, path, source);
  if (found.kind === "found") return found.value;
  const why = found.kind === "denied"
    ? `it may not be read; run with ${found.flag}`
    : "there is no such file";
  throw failure(
    source,
    "CredentialRetrievalError",
    `"${path}" cannot be read: ${why}`,
  );
}
