/**
 * The one walk that every setting takes: code, environment, profile, default.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";
import type {
  Candidate,
  ConfigSection,
  ProfileValue,
  Resolved,
  Setting,
  SettingLocation,
  SettingSource,
} from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import type { ChosenProfile } from "./profiles.ts";

/** Options given in code, by whom they were given to. */
export interface GivenOptions {
  /** To a call, a client or a session. */
  readonly owner: "call" | "client" | "session";
  /** The options by name; one that is `undefined` is not set. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where settings can be set. */
export interface SettingSources {
  /** In code, the strongest first. */
  readonly given: readonly GivenOptions[];
  /** In the environment. */
  readonly system: Pick<System, "env">;
  /** In the profile that counts. */
  readonly profile: Pick<ChosenProfile, "name" | "section">;
}

/** What was found for a setting, before it is read. */
interface Search {
  /** Where it is set, the strongest first; the default is not among them. */
  readonly candidates: readonly Candidate[];
  /** Flags without which variables could not be looked at. */
  readonly denied: readonly string[];
}

/**
 * Resolves a setting.
 *
 * @param setting Its row.
 * @param places Where it can be set.
 * @typeParam T Type of its value.
 * @throws {ConfigError} If the value that wins is not allowed.
 */
export function resolve<T>(
  setting: Setting<T> & { readonly fallback: T },
  places: SettingSources,
): Resolved<T>;
export function resolve<T>(
  setting: Setting<T>,
  places: SettingSources,
): Resolved<T | undefined>;
export function resolve<T>(
  setting: Setting<T>,
  places: SettingSources,
): Resolved<T | undefined> {
  return settle(setting, search(setting, places));
}

/**
 * Looks for a setting in all places.
 *
 * @param setting Its row.
 * @param places Where it can be set.
 */
export function search(
  setting: Setting<unknown>,
  { given, system, profile }: SettingSources,
): Search {
  const { name, env = [], profile: keys = [], emptyIsUnset } = setting;
  const isSet = ({ value }: Candidate): boolean =>
    !(emptyIsUnset && value === "");
  const variables = env.map((variable) => ({
    variable,
    found: system.env(variable),
  }));
  return {
    candidates: [
      ...given.flatMap(({ owner, options }): Candidate[] => {
        const value = Object.hasOwn(options, name) ? options[name] : undefined;
        const source: SettingSource = { kind: "code", owner, name };
        return value === undefined ? [] : [{ source, value }];
      }),
      ...variables.flatMap(({ variable, found }): Candidate[] =>
        found.kind === "found"
          ? [{ source: { kind: "env", name: variable }, value: found.value }]
          : []
      ).filter(isSet),
      ...keys.flatMap((key) =>
        inSection(`profile ${profile.name}`, profile.section, key)
      ).filter(isSet),
    ],
    denied: variables.flatMap(({ found }) =>
      found.kind === "denied" ? [found.flag] : []
    ),
  };
}

/**
 * What a section of a file says about a key.
 *
 * @param name The section as it is spoken of.
 * @param section The section.
 * @param key The key, `"s3.addressing_style"` for one in a block; a text where a
 * block is expected says nothing, as in botocore.
 * @returns One candidate or none.
 */
export function inSection(
  name: string,
  section: ConfigSection | undefined,
  key: string,
): readonly Candidate[] {
  if (section === undefined) return [];
  const [outer = "", inner] = key.split(".");
  const whole = section.values[outer];
  const value = inner === undefined ? whole : innerValue(whole, inner);
  if (value === undefined) return [];
  const place: SettingLocation = section.places[key] ?? section.place;
  return [{ source: { kind: "file", section: name, key, place }, value }];
}

function innerValue(
  block: ProfileValue | undefined,
  key: string,
): string | undefined {
  return typeof block === "object" ? block[key] : undefined;
}

/**
 * Reads the candidate that wins.
 *
 * @param setting The setting's row.
 * @param found Where it is set.
 * @typeParam T Type of its value.
 * @throws {ConfigError} If the value that wins is not allowed.
 */
export function settle<T>(
  setting: Setting<T>,
  { candidates, denied }: Search,
): Resolved<T | undefined> {
  const { fallback } = setting;
  const rest: Candidate = { source: { kind: "default" }, value: fallback };
  const [winner, ...beaten] = candidates;
  if (winner === undefined) {
    return { value: fallback, source: rest.source, beaten: [], denied };
  }
  return {
    value: read(setting, winner),
    source: winner.source,
    beaten: fallback === undefined ? beaten : [...beaten, rest],
    denied,
  };
}

function read<T>(setting: Setting<T>, { source, value }: Candidate): T {
  if (source.kind === "code") {
    // The row's own check stands for the type that the compiler cannot see here.
    if (setting.accepts(value)) return value as T;
  } else if (typeof value === "string") {
    const read = setting.read?.(value);
    if (read !== undefined) return read;
  }
  throw wrongValue(setting, { source, value });
}

/** The error of a value that is not allowed. */
function wrongValue(
  setting: Setting<unknown>,
  { source, value }: Candidate,
): ConfigError {
  return new ConfigError(
    setting.code ?? "InvalidConfigError",
    `Cannot use ${shown(value)} as ${setting.name}, set by ${
      sourceText(source)
    }: allowed is ${setting.allowed}`,
  );
}

/** A source in words, for errors and explanations. */
export function sourceText(source: SettingSource): string {
  switch (source.kind) {
    case "code":
      return `the option ${source.name} of the ${source.owner}`;
    case "env":
      return `the environment variable ${source.name}`;
    case "file":
      return `${source.key} of [${source.section}] in "${source.place.file}", line ${source.place.line}`;
    case "default":
      return "default";
  }
}

/** A value as it may be shown: a URL may hold a password, an object anything. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    const hasAddress = /\/\/|@/.test(value);
    return JSON.stringify(hasAddress ? redactAddress(value) : value);
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return `${value}`;
  }
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a block of values" : `a ${typeof value}`;
}
