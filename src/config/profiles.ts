/**
 * The profiles of the config files, and the one that counts.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { joinFlags, nearestName } from "../foundation/options.ts";
import { expandPath } from "../foundation/paths.ts";
import type {
  ConfigSection,
  FileState,
  ProfileSet,
  SettingSource,
} from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import type { ConfigText } from "./ini.ts";

/**
 * Reads what the two files say. A file that is not there is an empty one; so is
 * one that may not be read, which the result tells.
 *
 * @param system Where the files are.
 * @throws {ConfigError} `"ConfigParseError"` if a file is there and cannot be read.
 */
export async function loadProfiles(system: System): Promise<ProfileSet> {
  const [config, credentials] = await Promise.all([
    load(system, "AWS_CONFIG_FILE", "~/.aws/config"),
    load(system, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
  ]);
  // Most machines in a cloud have neither file.
  if (config.text === "" && credentials.text === "") {
    return {
      profiles: NO_SECTIONS,
      ssoSessions: NO_SECTIONS,
      services: NO_SECTIONS,
      others: NO_SECTIONS,
      configFile: NO_SECTIONS,
      credentialsFile: NO_SECTIONS,
      files: { config: config.state, credentials: credentials.state },
    };
  }
  const { profilesFrom } = await import("./ini.ts");
  return profilesFrom(config, credentials);
}

const NO_SECTIONS: ReadonlyMap<string, ConfigSection> = new Map();

async function load(
  system: System,
  variable: string,
  fallback: string,
): Promise<ConfigText> {
  const named = system.env(variable);
  const { path, denied } = expandPath(
    named.kind === "found" ? named.value : fallback,
    system,
  );
  const flags = named.kind === "denied" ? [named.flag, ...denied] : denied;
  if (path === undefined) {
    return { state: { kind: "homeless", flags }, text: "" };
  }
  const found = await read(system, path);
  if (found.kind === "found") {
    return { state: { kind: "found", path }, text: found.value };
  }
  if (found.kind === "denied") {
    return {
      state: { kind: "denied", path, flags: [...flags, found.flag] },
      text: "",
    };
  }
  // The variable that may not be read could name a file that is there.
  return flags.length > 0
    ? { state: { kind: "denied", path, flags }, text: "" }
    : { state: { kind: "absent", path }, text: "" };
}

async function read(
  system: System,
  path: string,
): ReturnType<System["readText"]> {
  try {
    return await system.readText(path);
  } catch (cause) {
    const why = cause instanceof TypeError
      ? "it is not UTF-8 text"
      : "the system refused it";
    throw new ConfigError(
      "ConfigParseError",
      `Cannot read config file "${path}": ${why}`,
      { cause },
    );
  }
}

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
const DEFAULT_PROFILE = "default";

/**
 * Finds the profile that counts: the one given in code, else the one that the
 * environment names, else `default`, which need not exist.
 *
 * @param profiles What the files say.
 * @param system Whose environment counts.
 * @param explicit The name given in code.
 * @throws {ConfigError} `"ProfileNotFound"` if the chosen profile is in neither
 * file, or if it was given in code and a file may not be read.
 */
export function chooseProfile(
  profiles: ProfileSet,
  system: System,
  explicit?: string,
): ChosenProfile {
  const choice = choose(system, explicit);
  const section = profiles.profiles.get(choice.name);
  if (choice.source.kind === "code") refuseDenied(choice, profiles);
  if (section !== undefined) return { ...choice, section };
  if (choice.source.kind === "default") return choice;
  throw new ConfigError(
    "ProfileNotFound",
    "blind" in system && system.blind
      ? `Cannot find profile "${choice.name}": config files are not on this runtime; give region, credentials and other settings as options`
      : notFound(choice, profiles),
  );
}

function choose(system: System, explicit: string | undefined): ChosenProfile {
  if (explicit !== undefined) {
    const source = { kind: "code", owner: "session", name: "profile" } as const;
    return { name: explicit, source, denied: [] };
  }
  const denied: string[] = [];
  for (const name of VARIABLES) {
    const found = system.env(name);
    if (found.kind === "denied") denied.push(found.flag);
    if (found.kind === "found") {
      return { name: found.value, source: { kind: "env", name }, denied };
    }
  }
  return { name: DEFAULT_PROFILE, source: { kind: "default" }, denied };
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
  } Looked in ${described(config, "the config file")} and ${
    described(credentials, "the credentials file")
  }`;
}

function described(state: FileState, what: string): string {
  const path = state.path === undefined ? what : `"${state.path}"`;
  const flags = missingFlags(state);
  if (flags.length > 0) return `${path} (not permitted: ${joinFlags(flags)})`;
  if (state.kind === "homeless") return `${what} (HOME is not set)`;
  return state.kind === "absent" ? `${path} (not there)` : path;
}

function missingFlags(state: FileState): readonly string[] {
  return "flags" in state ? state.flags : [];
}
