/**
 * The settings of retries: a mode, its options, or a strategy of the user's own.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, settings.
 *
 * @module
 */
import {
  isBoolean,
  isCount,
  nearestName,
  oneOf,
  readBoolean,
  readCount,
} from "../foundation/options.ts";
import { ConfigError } from "../foundation/errors.ts";
import type { Candidate, Resolved, Setting } from "../ports/config.ts";
import type { RetryMode, RetryOptions, RetryStrategy } from "../ports/retry.ts";
import {
  type ExplicitOptions,
  resolve,
  search,
  type SettingSources,
  settle,
  sourceText,
} from "./settings.ts";

/** The settings of a client's retries. */
export interface RetrySettings {
  /** The user's own strategy, which replaces all others. */
  readonly strategy?: RetryStrategy;
  /** Behaviour. */
  readonly mode: Resolved<RetryMode>;
  /** Attempts in all; where it is not set the mode has its own number. */
  readonly maxAttempts: Resolved<number | undefined>;
  /** The numbers of the standard and adaptive modes. */
  readonly constants: Resolved<"2026" | "classic">;
  /** Whether calls that are not idempotent are repeated. */
  readonly repeatUnsafe: Resolved<boolean>;
  /** Whether `Retry-After` counts. */
  readonly honourRetryAfter: Resolved<boolean>;
}

const MODE: Setting<RetryMode> = {
  name: "retry.mode",
  env: ["AWS_RETRY_MODE"],
  profile: ["retry_mode"],
  ...oneOf<RetryMode>(["legacy", "standard", "adaptive"]),
  code: "InvalidRetryModeError",
};

const MAX_ATTEMPTS: Setting<number> = {
  name: "retry.maxAttempts",
  env: ["AWS_MAX_ATTEMPTS"],
  profile: ["max_attempts"],
  read: readCount,
  accepts: isCount,
  allowed: "a whole number of at least 1, the first attempt included",
  code: "InvalidMaxRetryAttemptsError",
};

const CONSTANTS = {
  name: "retry.constants",
  env: ["AWS_NEW_RETRIES_2026"],
  ...oneOf<"2026" | "classic">(["classic", "2026"]),
  read: (text: string): "2026" | "classic" =>
    readBoolean(text) ? "2026" : "classic",
  fallback: "classic",
  code: "InvalidRetryConfigurationError",
} satisfies Setting<"2026" | "classic">;

/** A setting that is a yes or no in code and nowhere else. */
const SWITCH = {
  accepts: isBoolean,
  allowed: "true or false",
  fallback: false,
  code: "InvalidRetryConfigurationError",
};
const REPEAT_UNSAFE = { name: "retry.repeatUnsafe", ...SWITCH };
const HONOUR_RETRY_AFTER = { name: "retry.honourRetryAfter", ...SWITCH };

const DEFAULTS_MODES = oneOf([
  "legacy",
  "standard",
  "in-region",
  "cross-region",
  "mobile",
  "auto",
]);

/** A bundle of defaults; only what it says of retries counts here. */
const DEFAULTS_MODE: Setting<string> = {
  name: "defaultsMode",
  env: ["AWS_DEFAULTS_MODE"],
  profile: ["defaults_mode"],
  ...DEFAULTS_MODES,
  read: (text) => DEFAULTS_MODES.read(text.toLowerCase()),
  code: "InvalidDefaultsMode",
};

/** What may stand in the option `retry`, by the compiler's word. */
const OPTION_NAMES = Object.keys(
  {
    mode: 0,
    maxAttempts: 0,
    constants: 0,
    repeatUnsafe: 0,
    honourRetryAfter: 0,
  } satisfies Record<keyof RetryOptions, number>,
);

/**
 * Resolves the settings of retries. What a client's option `retry` leaves out
 * comes from the session's.
 *
 * @param sources Where settings can be set.
 * @param fallback The mode where none is set.
 * @throws {ConfigError} If a value is not allowed.
 */
export function resolveRetry(
  sources: SettingSources,
  fallback: RetryMode = "standard",
): RetrySettings {
  // A strategy hides whatever weaker sources say.
  let strategy: unknown;
  const explicit: ExplicitOptions[] = [];
  for (const { owner, options } of sources.explicit) {
    const { retry } = options;
    if (retry === undefined) continue;
    if (explicit.length === 0) strategy = retry;
    explicit.push(flatten(owner, retry));
  }
  const within: SettingSources = { ...sources, explicit };
  const constants = resolve(CONSTANTS, within);
  const mode = resolveMode(within, constants, fallback);
  // Variables and profiles speak to all programs: only code contradicts itself.
  if (
    mode.value === "legacy" && constants.value === "2026" &&
    constants.source.kind === "code"
  ) {
    throw new ConfigError(
      "ContradictoryOptions",
      `Cannot use the constants "2026" with the retry mode "legacy", set by ${
        sourceText(mode.source)
      }: they are of the modes standard and adaptive; leave one of them out`,
    );
  }
  return {
    ...isStrategy(strategy) ? { strategy } : {},
    mode,
    maxAttempts: resolve(MAX_ATTEMPTS, within),
    constants,
    repeatUnsafe: resolve(REPEAT_UNSAFE, within),
    honourRetryAfter: resolve(HONOUR_RETRY_AFTER, within),
  };
}

/**
 * Refuses an option `retry` that no call could be made with.
 *
 * @param owner Where it was given.
 * @param retry The option.
 * @throws {ConfigError} If it is not allowed.
 */
export function checkRetry(
  owner: ExplicitOptions["owner"],
  retry: unknown,
): void {
  if (retry === undefined) return;
  resolveRetry({
    explicit: [{ owner, options: { retry } }],
    system: { env: () => ({ kind: "absent" }) },
    profile: { name: "default" },
  });
}

/** The new numbers, and every defaults mode but `legacy`, are of the standard mode. */
function resolveMode(
  sources: SettingSources,
  constants: RetrySettings["constants"],
  fallback: RetryMode,
): Resolved<RetryMode> {
  const found = search(MODE, sources);
  const defaults = resolve(DEFAULTS_MODE, sources);
  const implied: Candidate[] = [];
  if (constants.value === "2026") {
    implied.push({ source: constants.source, value: "standard" });
  }
  if (defaults.value !== undefined && defaults.value !== "legacy") {
    implied.push({ source: defaults.source, value: "standard" });
  }
  const resolved = settle({ ...MODE, fallback }, {
    candidates: [...found.candidates, ...implied],
    denied: [...found.denied, ...defaults.denied],
  });
  return { ...resolved, value: resolved.value ?? fallback };
}

/** `{ retry: { mode } }` to `{ "retry.mode": mode }`, so that errors name both. */
function flatten(
  owner: ExplicitOptions["owner"],
  retry: unknown,
): ExplicitOptions {
  if (retry === undefined || isStrategy(retry)) return { owner, options: {} };
  if (typeof retry !== "object" || retry === null) {
    return { owner, options: { [MODE.name]: retry } };
  }
  const unknown = Object.keys(retry).find((key) => !OPTION_NAMES.includes(key));
  if (unknown !== undefined) throw unknownOption(owner, unknown);
  return {
    owner,
    options: Object.fromEntries(
      Object.entries(retry).map(([key, value]) => [`retry.${key}`, value]),
    ),
  };
}

function unknownOption(owner: string, name: string): ConfigError {
  const like = nearestName(name, OPTION_NAMES);
  return new ConfigError(
    "InvalidRetryConfigurationError",
    `Unknown option "${name}" in retry of the ${owner}: expected ${
      OPTION_NAMES.join(", ")
    }${like === undefined ? "" : `; did you mean "${like}"?`}`,
  );
}

function isStrategy(retry: unknown): retry is RetryStrategy {
  return typeof retry === "object" && retry !== null &&
    "begin" in retry && typeof retry.begin === "function";
}
