/**
 * Which profile counts.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { joinFlags } from "../foundation/setting_values.ts";
import { nearestName } from "../foundation/options.ts";
import type {
  ConfigSection,
  FileState,
  ProfileSet,
  SettingSource,
} from "../ports/config.ts";
import type { System } from "../ports/system.ts";

/** The profile that counts. */
export interface ChosenProfile {
  /** Its name. */
  readonly name: string;
  /** Where it was chosen. */
  readonly source: SettingSource;
  /** What it says; absent where nobody chose one and there is no `default`. */
  readonly section?: ConfigSection;
  /** Flags without which the variables that choose could not be looked at. */
  readonly denied: readonly string[];
}

/** The variables that choose a profile; the first that is set wins. */
const VARIABLES = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/** What counts where nothing chooses. */
const USUAL = "default";

/**
 * Finds the profile that counts: the one given in code, else the one that the
 * environment names, else `default`, which need not exist.
 *
 * @param profiles What the files say.
 * @param system Whose environment counts.
 * @param given The name given in code.
 * @throws {ConfigError} `"ProfileNotFound"` if the chosen profile is in neither
 * file, or if it was given in code and a file may not be read.
 */
export function chooseProfile(
  profiles: ProfileSet,
  system: System,
  given?: string,
): ChosenProfile {
  const choice = choose(system, given);
  const section = profiles.profiles.get(choice.name);
  if (choice.source.kind === "code") refuseDenied(choice, profiles);
  if (section !== undefined) return { ...choice, section };
  if (choice.source.kind === "default") return choice;
  throw new ConfigError("ProfileNotFound", notFound(choice, profiles));
}

function choose(system: System, given: string | undefined): ChosenProfile {
  if (given !== undefined) {
    const source = { kind: "code", owner: "session", name: "profile" } as const;
    return { name: given, source, denied: [] };
  }
  const denied: string[] = [];
  for (const name of VARIABLES) {
    const found = system.env(name);
    if (found.kind === "denied") denied.push(found.flag);
    if (found.kind === "found") {
      return { name: found.value, source: { kind: "env", name }, denied };
    }
  }
  return { name: USUAL, source: { kind: "default" }, denied };
}

/** With half of what the profile says, another identity could be found. */
function refuseDenied({ name }: ChosenProfile, { files }: ProfileSet): void {
  const flags = [files.config, files.credentials].flatMap(missingFlags);
  if (flags.length === 0) return;
  throw new ConfigError(
    "ProfileNotFound",
    `Cannot use profile "${name}": its files may not be read; run with ${
      joinFlags(flags)
    }`,
  );
}

function notFound(choice: ChosenProfile, profiles: ProfileSet): string {
  const names = [...profiles.profiles.keys()];
  const like = nearestName(choice.name, names);
  const by = choice.source.kind === "env"
    ? `, which ${choice.source.name} names`
    : "";
  const list = names.length === 0
    ? "there are no profiles"
    : `the profiles are ${names.map((name) => `"${name}"`).join(", ")}`;
  const { config, credentials } = profiles.files;
  return `Cannot find profile "${choice.name}"${by}: ${list}${
    like === undefined ? "." : `; did you mean "${like}"?`
  } Looked in ${told(config, "the config file")} and ${
    told(credentials, "the credentials file")
  }`;
}

function told(state: FileState, what: string): string {
  const path = state.path === undefined ? what : `"${state.path}"`;
  const flags = missingFlags(state);
  if (flags.length > 0) return `${path} (not permitted: ${joinFlags(flags)})`;
  if (state.kind === "homeless") return `${what} (HOME is not set)`;
  return state.kind === "absent" ? `${path} (not there)` : path;
}

function missingFlags(state: FileState): readonly string[] {
  return "flags" in state ? state.flags : [];
}
