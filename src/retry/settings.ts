import { ConfigError } from "../foundation/errors.ts";
import type { RetryMode, RetryOptions } from "../ports/retry.ts";

/** The places where retry settings are made. */
export interface RetrySettingPlaces {
  /** What the code says. */
  readonly explicit?: RetryMode | RetryOptions;
  /** Reads an environment variable. An empty value is a value. */
  readonly env: (name: string) => string | undefined;
  /** Reads a key of the profile in use. */
  readonly profile: (key: string) => string | undefined;
  /** Mode where no place names one. Default: `"standard"`. */
  readonly defaultMode?: RetryMode;
}

/** Retry settings after all places were asked. */
export interface RetrySettings extends RetryOptions {
  /** Behaviour. */
  readonly mode: RetryMode;
  /** The numbers of the standard and adaptive modes. */
  readonly constants: "2026" | "classic";
}

/** One setting, by its name in each place. */
interface Row {
  readonly what: string;
  readonly option?: string;
  readonly env: string;
  readonly profile: string;
  readonly allowed: string;
  /** Code of the error of a wrong value. */
  readonly code: string;
}

/** A value, and where it was found. */
interface Found {
  readonly value: unknown;
  readonly place: string;
}

const MODES: readonly RetryMode[] = ["adaptive", "legacy", "standard"];

const MODE: Row = {
  what: "the retry mode",
  option: "retry.mode",
  env: "AWS_RETRY_MODE",
  profile: "retry_mode",
  allowed: oneOf(MODES),
  code: "InvalidRetryModeError",
};

const MAX_ATTEMPTS: Row = {
  what: "maxAttempts",
  option: "retry.maxAttempts",
  env: "AWS_MAX_ATTEMPTS",
  profile: "max_attempts",
  allowed: "a whole number >= 1",
  code: "InvalidMaxRetryAttemptsError",
};

const EDITIONS = ["2026", "classic"] as const;

const DEFAULTS_MODES: readonly string[] = [
  "auto",
  "cross-region",
  "in-region",
  "legacy",
  "mobile",
  "standard",
];

const DEFAULTS_MODE: Row = {
  what: "the defaults mode",
  env: "AWS_DEFAULTS_MODE",
  profile: "defaults_mode",
  allowed: oneOf(DEFAULTS_MODES),
  code: "InvalidDefaultsMode",
};

/** The options there are; a record, so that the compiler misses none. */
const OPTIONS: Readonly<Record<keyof RetryOptions, true>> = {
  mode: true,
  maxAttempts: true,
  constants: true,
  repeatUnsafe: true,
  honourRetryAfter: true,
};

/**
 * Collects the retry settings from all places: code before environment before
 * profile before default. A place that is set wrong is an error, also where it
 * is set to nothing; places behind the first that is set are not read.
 *
 * Source: retry configuration of botocore 1.43. One word differs: here the
 * number of attempts counts the first one in every place.
 *
 * @param places The places.
 * @returns The settings. `maxAttempts` is absent where no place has it: the
 * default depends on mode and service.
 * @throws {ConfigError} If a value is not allowed, or an option is unknown.
 */
export function retrySettings(places: RetrySettingPlaces): RetrySettings {
  const { explicit = {} } = places;
  const options = typeof explicit === "string" ? { mode: explicit } : explicit;
  rejectUnknown(options);
  const constants = constantsOf(options, places);
  const maxAttempts = maxAttemptsOf(options, places);
  return {
    ...options,
    mode: modeOf(options, places, constants),
    constants,
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
  };
}

function rejectUnknown(options: RetryOptions): void {
  const unknown = Object.keys(options).find((key) =>
    !Object.hasOwn(OPTIONS, key)
  );
  if (unknown === undefined) return;
  throw new ConfigError(
    "InvalidRetryConfigurationError",
    `Cannot set up retries as an option of "retry" must be ${
      oneOf(Object.keys(OPTIONS))
    }: current option is "${unknown}"`,
  );
}

function constantsOf(
  { constants }: RetryOptions,
  { env }: RetrySettingPlaces,
): "2026" | "classic" {
  if (constants === undefined) {
    const modern = env("AWS_NEW_RETRIES_2026")?.toLowerCase() === "true";
    return modern ? "2026" : "classic";
  }
  if (EDITIONS.includes(constants)) return constants;
  throw new ConfigError(
    "InvalidRetryConfigurationError",
    `Cannot set up retries as retry.constants must be ${
      oneOf(EDITIONS)
    }: current value is ${JSON.stringify(constants)}`,
  );
}

function maxAttemptsOf(
  { maxAttempts }: RetryOptions,
  places: RetrySettingPlaces,
): number | undefined {
  const found = find(MAX_ATTEMPTS, maxAttempts, places);
  if (found === undefined) return undefined;
  const value = typeof found.value === "string"
    ? integer(found.value)
    : found.value;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) {
    return value;
  }
  throw invalid(MAX_ATTEMPTS, found);
}

function modeOf(
  options: RetryOptions,
  places: RetrySettingPlaces,
  constants: "2026" | "classic",
): RetryMode {
  const found = find(MODE, options.mode, places);
  if (found !== undefined) {
    const mode = MODES.find((known) => known === found.value);
    if (mode !== undefined) return mode;
    throw invalid(MODE, found);
  }
  const modern = constants === "2026" || hasModernDefaults(places);
  return modern ? "standard" : places.defaultMode ?? "standard";
}

/** All defaults modes but the legacy one bring the standard retry mode along. */
function hasModernDefaults(places: RetrySettingPlaces): boolean {
  const found = find(DEFAULTS_MODE, undefined, places);
  if (found === undefined) return false;
  const value = String(found.value).toLowerCase();
  if (DEFAULTS_MODES.includes(value)) return value !== "legacy";
  throw invalid(DEFAULTS_MODE, found);
}

/** The first place that is set. */
function find(
  { option = "", env, profile }: Row,
  explicit: unknown,
  places: RetrySettingPlaces,
): Found | undefined {
  if (explicit !== undefined) return { value: explicit, place: option };
  const variable = places.env(env);
  if (variable !== undefined) return { value: variable, place: env };
  const value = places.profile(profile);
  return value === undefined ? undefined : { value, place: profile };
}

function integer(text: string): number {
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : NaN;
}

function invalid(row: Row, { value, place }: Found): ConfigError {
  const shown = typeof value === "string" ? `"${value}"` : String(value);
  const option = row.option === undefined ? "" : `${row.option}, `;
  return new ConfigError(
    row.code,
    `Cannot set up retries as ${row.what} must be ${row.allowed}: current value is ${shown}, from ${place}; set it in ${option}${row.env} or the profile's ${row.profile}`,
  );
}

function oneOf(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(" or ");
}
