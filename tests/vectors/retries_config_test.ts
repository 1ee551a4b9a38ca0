import { assertEquals } from "@std/assert";
import { profilesFrom } from "../../src/config/ini.ts";
import { resolveRetry } from "../../src/config/client_settings.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { vectorTest } from "./suite.ts";

interface RetrySettingsCase {
  readonly env: Readonly<Record<string, string>>;
  readonly profile: Readonly<Record<string, string>>;
  readonly client: Readonly<Record<string, unknown>> | null;
  readonly expect: Readonly<Record<string, unknown>>;
}

vectorTest<RetrySettingsCase>({
  file: "retries.json",
  section: "config",
  cases: (data) => (data as { config?: RetrySettingsCase[] }).config,
  name: (vector) => JSON.stringify(vector),
  run: (vector) => {
    const { expect } = vector;
    const actual = settings(vector);
    // A number that is none is an accident of Python's there.
    const expected = expect["error"] === "ValueError"
      ? { error: "InvalidMaxRetryAttemptsError" }
      : expect;
    assertEquals(actual, expected);
  },
});

function settings({ env, profile, client }: RetrySettingsCase): unknown {
  const lines = Object.entries(profile).map(([key, value]) =>
    `${key}=${value}`
  );
  const { profiles } = profilesFrom(
    {
      state: { kind: "found", path: "/c" },
      text: ["[default]", ...lines].join("\n"),
    },
    { state: { kind: "absent", path: "/k" }, text: "" },
  );
  const section = profiles.get("default");
  try {
    const { mode, maxAttempts } = resolveRetry({
      explicit: [{ owner: "client", options: { retry: ours(client) } }],
      system: new FakeSystem({ env }),
      profile: { name: "default", ...section === undefined ? {} : { section } },
    }, "legacy");
    const usual = mode.value === "legacy" ? 5 : 3;
    return {
      mode: mode.value,
      totalAttempts: maxAttempts.value ?? usual,
    };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.code };
    throw error;
  }
}

/** There, `max_attempts` leaves the first attempt out and `total_max_attempts` wins. */
function ours(client: RetrySettingsCase["client"]): unknown {
  if (client === null) return undefined;
  const { max_attempts: retries, total_max_attempts: total, ...rest } = client;
  const attempts = total ??
    (retries === undefined ? undefined : Number(retries) + 1);
  return attempts === undefined ? rest : { ...rest, maxAttempts: attempts };
}
