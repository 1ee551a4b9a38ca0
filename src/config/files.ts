/**
 * Finds and reads the config file and the credentials file.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { ProfileSet } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import { expandPath } from "../foundation/paths.ts";
import { type ConfigText, profilesFrom } from "./profiles.ts";

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
  return profilesFrom(config, credentials);
}

async function load(
  system: System,
  variable: string,
  usual: string,
): Promise<ConfigText> {
  const named = system.env(variable);
  const { path, denied } = expandPath(
    named.kind === "found" ? named.value : usual,
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
