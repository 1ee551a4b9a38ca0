/**
 * What providers read in files: sections of the config files, and files of their
 * own, such as tokens and caches.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { ConfigSection, FileState, ProfileSet } from "../ports/config.ts";
import type { Found, System } from "../ports/system.ts";
import { failure, type Resolution } from "./chain.ts";
import { type JsonObject, readObject } from "./exchange.ts";

/** A profile by name, and the files it may stand in. */
export interface ProfileDeps {
  /** What the files say. */
  readonly profiles: ProfileSet;
  /** Name of the profile. */
  readonly profile: string;
}

/**
 * The text of a key.
 *
 * @param section The section, if there is one.
 * @param key The key.
 * @returns The text, or `undefined` where it is not set. An empty text is a text.
 * @throws {ConfigError} If the key holds a block.
 */
export function textIn(
  section: ConfigSection | undefined,
  key: string,
): string | undefined {
  const value = section?.values[key];
  if (section === undefined || value === undefined) return undefined;
  if (typeof value === "string") return value;
  throw new ConfigError(
    "InvalidConfigError",
    `Cannot use ${key} in ${
      locationText(section, key)
    }: it must be one value, found a block of settings`,
  );
}

/**
 * Where a key stands, for texts: path and line.
 *
 * @param section The section.
 * @param key The key; where it is not set, the section's own line counts.
 */
export function locationText(section: ConfigSection, key: string): string {
  const { file, line } = section.locations[key] ?? section.location;
  return `"${file}" line ${line}`;
}

/**
 * Why a profile does not put a provider to use: a key is not set, or a file may
 * not be read.
 *
 * @param deps The profile.
 * @param keys The keys that would.
 */
export function notInProfile(
  { profiles, profile }: ProfileDeps,
  ...keys: readonly string[]
): Resolution {
  const flags = [profiles.files.config, profiles.files.credentials]
    .flatMap(missingFlags);
  if (flags.length > 0) return { kind: "denied", flags: [...new Set(flags)] };
  return {
    kind: "absent",
    why: profiles.profiles.has(profile)
      ? `profile "${profile}" does not set ${keys.join(" or ")}`
      : `there is no profile "${profile}"`,
  };
}

/**
 * Why one of the files has no such section or key.
 *
 * @param state What became of the file.
 * @param why What it lacks.
 */
export function notInFile(state: FileState, why: string): Resolution {
  const flags = missingFlags(state);
  if (flags.length > 0) return { kind: "denied", flags };
  if (state.kind === "homeless") {
    return { kind: "absent", why: "the home folder is not known" };
  }
  return {
    kind: "absent",
    why: state.kind === "absent"
      ? `there is no file "${state.path}"`
      : `${why} in "${state.path}"`,
  };
}

function missingFlags(state: FileState): readonly string[] {
  return "flags" in state ? state.flags : [];
}

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
