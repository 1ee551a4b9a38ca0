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
export interface ExplicitOptions {
  /** To a call, a client or a session. */
  readonly owner: "call" | "client" | "session";
  /** The options by name; one that is `undefined` is not set. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where settings can be set. */
export interface SettingSources {
  /** In code, the strongest first. */
  readonly explicit: readonly ExplicitOptions[];
  /** In the environment. */
  readonly system: Pick<System, "env">;
  /** In the profile that counts. */
  readonly profile: Pick<ChosenProfile, "name" | "section">;
  /**
   * Whether environment and profile are left alone where code decides; then
   * nobody is told what it overrides. Default: `false`.
   */
  readonly brief?: boolean;
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
 * @param sources Where it can be set.
 * @typeParam T Type of its value.
 * @throws {ConfigError} If the value that wins is not allowed.
 */
export function resolve<T>(
  setting: Setting<T> & { readonly fallback: T },
  sources: SettingSources,
): Resolved<T>;
export function resolve<T>(
  setting: Setting<T>,
  sources: SettingSources,
): Resolved<T | undefined>;
export function resolve<T>(
  setting: Setting<T>,
  sources: SettingSources,
): Resolved<T | undefined> {
  return settle(setting, search(setting, sources));
}

/**
 * Looks for a setting in all sources.
 *
 * @param setting Its row.
 * @param sources Where it can be set.
 */
export function search(
  setting: Setting<unknown>,
  { explicit, system, profile, brief }: SettingSources,
): Search {
  const { name, env = [], profile: keys = [], emptyIsUnset } = setting;
  const candidates: Candidate[] = [];
  const denied: string[] = [];
  for (const { owner, options } of explicit) {
    const value = Object.hasOwn(options, name) ? options[name] : undefined;
    if (value === undefined) continue;
    candidates.push({ source: { kind: "code", owner, name }, value });
  }
  if (brief && candidates.length > 0) return { candidates, denied };
  for (const variable of env) {
    const found = system.env(variable);
    if (found.kind === "denied") denied.push(found.flag);
    if (found.kind !== "found" || emptyIsUnset && found.value === "") continue;
    const source: SettingSource = { kind: "env", name: variable };
    candidates.push({ source, value: found.value });
  }
  for (const key of profile.section === undefined ? [] : keys) {
    const section = `profile ${profile.name}`;
    for (const candidate of inSection(section, profile.section, key)) {
      if (emptyIsUnset && candidate.value === "") continue;
      candidates.push(candidate);
    }
  }
  return { candidates, denied };
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
  const location: SettingLocation = section.locations[key] ?? section.location;
  return [{ source: { kind: "file", section: name, key, location }, value }];
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
  const [winner, ...overridden] = candidates;
  if (winner === undefined) {
    return { value: fallback, source: rest.source, overridden: [], denied };
  }
  const { source, value } = winner;
  // The row's own check stands for the type that the compiler cannot see here.
  const read = source.kind !== "code"
    ? typeof value === "string" ? setting.read?.(value) : undefined
    : setting.accepts(value)
    ? value as T
    : undefined;
  if (read === undefined) throw wrongValue(setting, winner);
  return {
    value: read,
    source,
    overridden: fallback === undefined ? overridden : [...overridden, rest],
    denied,
  };
}

/** The error of a value that is not allowed. */
function wrongValue(
  setting: Setting<unknown>,
  { source, value }: Candidate,
): ConfigError {
  return new ConfigError(
    setting.code ?? "InvalidConfigError",
    `Invalid ${setting.name}: expected ${setting.allowed}, got ${
      displayed(value)
    }, set by ${sourceText(source)}`,
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
      return `${source.key} of [${source.section}] in "${source.location.file}", line ${source.location.line}`;
    case "default":
      return "default";
  }
}

/** A value as it may be shown: a URL may hold a password, an object anything. */
function displayed(value: unknown): string {
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
