/**
 * What the config files say, and which profile of them counts.
 *
 * @module
 */
import {
  chooseProfile,
  type ChosenProfile,
  loadProfiles,
} from "../config/profiles.ts";
import type { ProfileSet } from "../ports/config.ts";
import type { System } from "../ports/system.ts";

/** What the files say, and which profile of them counts. */
export interface Setup {
  /** Both files. */
  readonly profiles: ProfileSet;
  /** The profile that counts. */
  readonly profile: ChosenProfile;
}

/**
 * Reads the config files and chooses a profile.
 *
 * @param system Where the files are.
 * @param profile The profile that code asks for.
 * @throws {ConfigError} If a file cannot be read or there is no such profile.
 */
export async function readSetup(
  system: System,
  profile: string | undefined,
): Promise<Setup> {
  const profiles = await loadProfiles(system);
  return { profiles, profile: chooseProfile(profiles, system, profile) };
}
