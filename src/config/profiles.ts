/**
 * The texts of the two files → profiles, and the other kinds of sections.
 *
 * @module
 */
import { shellWords } from "../foundation/command_words.ts";
import type {
  ConfigSection,
  FileState,
  ProfileSet,
  ProfileValue,
  SettingLocation,
} from "../ports/config.ts";
import { type IniSection, parseIni } from "./ini_dialect.ts";

/** One of the two files, as far as it is known. */
export interface ConfigText {
  /** What became of the file. */
  readonly state: FileState;
  /** Its text; `""` where there is none. */
  readonly text: string;
}

type Sections = Map<string, ConfigSection>;

/**
 * Reads the two files.
 *
 * Source: "Configuration and credential file settings in the AWS CLI", AWS CLI
 * User Guide; where it is silent, as botocore does.
 *
 * @param config The config file.
 * @param credentials The credentials file.
 * @throws {ConfigError} `"ConfigParseError"`, naming path and line, if a text is
 * not of the dialect.
 */
export function profilesFrom(
  config: ConfigText,
  credentials: ConfigText,
): ProfileSet {
  const kinds = {
    profiles: new Map<string, ConfigSection>(),
    ssoSessions: new Map<string, ConfigSection>(),
    services: new Map<string, ConfigSection>(),
    others: new Map<string, ConfigSection>(),
  };
  for (const { name, section } of sections(config)) {
    sortIn(name, section, kinds);
  }
  const credentialsFile: Sections = new Map(
    sections(credentials).map(({ name, section }) => [name, section]),
  );
  return {
    ...kinds,
    profiles: merged(kinds.profiles, credentialsFile),
    configFile: kinds.profiles,
    credentialsFile,
    files: { config: config.state, credentials: credentials.state },
  };
}

/**
 * Reads a file of the same dialect whose sections have no kinds: boto 2's.
 *
 * @param text Its text.
 * @param path Its path, for errors.
 * @throws {ConfigError} `"ConfigParseError"`, if the text is not of the dialect.
 */
export function readSections(
  text: string,
  path: string,
): ReadonlyMap<string, ConfigSection> {
  const found = sections({ state: { kind: "found", path }, text });
  return new Map(found.map(({ name, section }) => [name, section]));
}

function sections(
  { state, text }: ConfigText,
): { readonly name: string; readonly section: ConfigSection }[] {
  const path = state.path ?? "";
  return parseIni(text, path).map((section) => ({
    name: section.name,
    section: configSection(section, path),
  }));
}

/** Puts a section of the config file where its name says; some names say nothing. */
function sortIn(
  name: string,
  section: ConfigSection,
  kinds: {
    readonly profiles: Sections;
    readonly ssoSessions: Sections;
    readonly services: Sections;
    readonly others: Sections;
  },
): void {
  if (name === "default") {
    kinds.profiles.set(name, section);
    return;
  }
  // Only the start counts, without a blank after it, as in botocore.
  const target = name.startsWith("profile")
    ? kinds.profiles
    : name.startsWith("sso-session")
    ? kinds.ssoSessions
    : name.startsWith("services")
    ? kinds.services
    : undefined;
  if (target === undefined) {
    kinds.others.set(name, section);
    return;
  }
  const words = shellWords(name);
  if (words?.length === 2 && words[1] !== undefined) {
    target.set(words[1], section);
  }
}

function configSection(section: IniSection, file: string): ConfigSection {
  const values: Record<string, ProfileValue> = bare();
  const places: Record<string, SettingLocation> = bare();
  for (const [key, { value, line, lines }] of section.values) {
    values[key] = typeof value === "string" ? value : bare(value);
    places[key] = { file, line };
    for (const [inner, innerLine] of lines ?? []) {
      places[`${key}.${inner}`] = { file, line: innerLine };
    }
  }
  return { values, places, place: { file, line: section.line } };
}

/** The values of the credentials file win key by key; a block is replaced whole. */
function merged(config: Sections, credentials: Sections): Sections {
  const all: Sections = new Map(config);
  for (const [name, over] of credentials) {
    const under = config.get(name);
    all.set(name, under === undefined ? over : overlay(under, over));
  }
  return all;
}

function overlay(under: ConfigSection, over: ConfigSection): ConfigSection {
  // Places of a replaced block's keys would point into the other file.
  const kept = Object.entries(under.places).filter(([key]) =>
    !Object.hasOwn(over.values, key.split(".")[0] ?? key)
  );
  return {
    values: bare([
      ...Object.entries(under.values),
      ...Object.entries(over.values),
    ]),
    places: bare([...kept, ...Object.entries(over.places)]),
    place: under.place,
  };
}

/** A record that inherits nothing: `constructor` and `__proto__` are keys like others. */
function bare<Value>(
  entries: Iterable<readonly [string, Value]> = [],
): Record<string, Value> {
  const record: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) record[key] = value;
  return record;
}
