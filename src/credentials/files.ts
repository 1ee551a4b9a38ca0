/**
 * Files that a source of credentials depends on.
 *
 * @module
 */
import type { Found, System } from "../ports/system.ts";
import { type JsonObject, readObject } from "./exchange.ts";
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

/** A file that is there and holds no JSON object. */
interface Unreadable {
  /** Tells it apart from what a system answers. */
  readonly kind: "unreadable";
}

/**
 * Reads a JSON file.
 *
 * @param system Where it is.
 * @param path Its path.
 * @returns The object in it, or why there is none.
 */
export async function readJsonFile(
  system: Pick<System, "readText">,
  path: string,
): Promise<Found<JsonObject> | Unreadable> {
  let found;
  try {
    found = await system.readText(path);
  } catch {
    // Not UTF-8, or refused by the disk: no token to be had from it either way.
    return { kind: "unreadable" };
  }
  if (found.kind !== "found") return found;
  const value = readObject(found.value);
  return value === undefined
    ? { kind: "unreadable" }
    : { kind: "found", value };
}

/** Why a file could not be written. */
interface Unwritten {
  /** Why, in words. */
  readonly why: string;
  /** The flag that would permit it. */
  readonly needs?: string;
}

/**
 * Writes a JSON file that only its owner can read. A disk that cannot be written,
 * as in many containers, is no reason to give up what was to be kept.
 *
 * @param system Where it is to be.
 * @param path Its path.
 * @param value What is to be in it.
 * @param folder Makes its folder where that is missing. Default: does not.
 * @returns Why it was not written; `undefined` where it was.
 */
export async function writeJsonFile(
  system: Pick<System, "writePrivate">,
  path: string,
  value: JsonObject,
  folder?: "make",
): Promise<Unwritten | undefined> {
  try {
    const text = JSON.stringify(value);
    const written = await system.writePrivate(path, text, folder);
    switch (written.kind) {
      case "found":
        return undefined;
      case "absent":
        return { why: "its folder is not there" };
      case "denied":
        return { why: "it is not permitted", needs: written.flag };
    }
  } catch (error) {
    return { why: error instanceof Error ? error.name : "the system refused" };
  }
}

/**
 * Names of fields that a JSON object lacks; an empty text counts as lacking.
 *
 * @param object The object.
 * @param names The fields.
 */
export function missingTexts(
  object: JsonObject,
  names: readonly string[],
): readonly string[] {
  return names.filter((name) => {
    const value = object[name];
    return typeof value !== "string" || value === "";
  });
}
