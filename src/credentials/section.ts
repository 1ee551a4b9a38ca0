/**
 * What providers read in the config files.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { ConfigSection, FileState, ProfileSet } from "../ports/config.ts";
import type { Resolution } from "./chain.ts";

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
      placeOf(section, key)
    }: it must be one value, found a block of settings`,
  );
}

/**
 * Where a key stands, for texts: path and line.
 *
 * @param section The section.
 * @param key The key; where it is not set, the section's own line counts.
 */
export function placeOf(section: ConfigSection, key: string): string {
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
