import { assertEquals } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { RetryMode } from "../../src/ports/retry.ts";
import { retryStrategy } from "../../src/retry/from_mode.ts";
import { retrySettings } from "../../src/retry/settings.ts";
import { section } from "./retry_cases.ts";
import { vectorTest } from "./suite.ts";

/** Settings in all places, and what they come to. */
interface ConfigCase {
  readonly env: Readonly<Record<string, string>>;
  readonly profile: Readonly<Record<string, string>>;
  readonly client: Readonly<Record<string, unknown>> | null;
  readonly expect: {
    readonly mode?: RetryMode;
    readonly totalAttempts?: number;
    readonly error?: string;
  };
}

/** An accident of Python, and what the same mistake is called here. */
const ERRORS: Readonly<Record<string, string>> = {
  ValueError: "InvalidMaxRetryAttemptsError",
};

vectorTest<ConfigCase>({
  file: "retries.json",
  section: "config",
  cases: (data) => section<ConfigCase[]>(data, "config"),
  name: (vector) => JSON.stringify(vector),
  run: ({ env, profile, client, expect }) => {
    assertEquals(resolved(env, profile, client), {
      ...expect,
      ...(expect.error && { error: ERRORS[expect.error] ?? expect.error }),
    });
  },
});

function resolved(
  env: ConfigCase["env"],
  profile: ConfigCase["profile"],
  client: ConfigCase["client"],
): ConfigCase["expect"] {
  try {
    const settings = retrySettings({
      explicit: optionsOf(client ?? {}),
      env: (name) => env[name],
      profile: (key) => profile[key],
      defaultMode: "legacy",
    });
    const { mode, maxAttempts } = retryStrategy(settings);
    assertEquals(mode, settings.mode);
    return { mode: settings.mode, totalAttempts: maxAttempts };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.code };
    throw error;
  }
}

/** boto3's `retries`: there, `max_attempts` does not count the first. */
function optionsOf(client: Readonly<Record<string, unknown>>): object {
  const { max_attempts: retries, total_max_attempts: total, ...rest } = client;
  if (typeof total === "number") return { ...rest, maxAttempts: total };
  if (typeof retries === "number") return { ...rest, maxAttempts: retries + 1 };
  return rest;
}
