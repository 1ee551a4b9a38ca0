import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { RetryMode, RetryOptions } from "../../src/ports/retry.ts";
import { type RetrySettings, retrySettings } from "../../src/retry/settings.ts";

type Texts = Readonly<Record<string, string>>;

Deno.test("retrySettings is the standard mode where nothing is set", () => {
  assertEquals(settings({}), { mode: "standard", constants: "classic" });
});

Deno.test("retrySettings asks code, environment and profile in this order", () => {
  const env = { AWS_RETRY_MODE: "legacy", AWS_MAX_ATTEMPTS: "8" };
  const profile = { "retry_mode": "adaptive", "max_attempts": "9" };

  const all = [
    settings({ profile }),
    settings({ env, profile }),
    settings({ explicit: { maxAttempts: 7 }, env, profile }),
    settings({ explicit: "standard", env, profile }),
  ];

  assertEquals(all, [
    { mode: "adaptive", constants: "classic", maxAttempts: 9 },
    { mode: "legacy", constants: "classic", maxAttempts: 8 },
    { mode: "legacy", constants: "classic", maxAttempts: 7 },
    { mode: "standard", constants: "classic", maxAttempts: 8 },
  ]);
});

Deno.test("retrySettings does not read behind the first place that is set", () => {
  const env = { AWS_RETRY_MODE: "bogus", AWS_MAX_ATTEMPTS: "none" };

  const found = settings({ explicit: { mode: "legacy", maxAttempts: 2 }, env });

  assertEquals(found, { mode: "legacy", constants: "classic", maxAttempts: 2 });
});

Deno.test("retrySettings keeps what only code can say", () => {
  const explicit = { repeatUnsafe: true, honourRetryAfter: true };

  assertEquals(settings({ explicit }), {
    mode: "standard",
    constants: "classic",
    ...explicit,
  });
});

Deno.test("retrySettings takes the 2026 edition from code or environment", () => {
  const env = { AWS_NEW_RETRIES_2026: "True" };

  const editions = [
    settings({ env }),
    settings({ env, explicit: { constants: "classic" } }),
    settings({ explicit: { constants: "2026" } }),
    settings({ env: { AWS_NEW_RETRIES_2026: "1" } }),
  ].map(({ constants }) => constants);

  assertEquals(editions, ["2026", "classic", "2026", "classic"]);
});

Deno.test("retrySettings leaves another default to modern settings", () => {
  const modes = [
    {},
    { AWS_NEW_RETRIES_2026: "true" },
    { AWS_DEFAULTS_MODE: "In-Region" },
    { AWS_DEFAULTS_MODE: "legacy" },
    { AWS_DEFAULTS_MODE: "auto", AWS_RETRY_MODE: "adaptive" },
  ].map((env) => settings({ env, defaultMode: "legacy" }).mode);

  assertEquals(modes, [
    "legacy",
    "standard",
    "standard",
    "legacy",
    "adaptive",
  ]);
});

Deno.test("retrySettings names the value, what is allowed and where to set it", () => {
  const error = assertThrows(
    () => settings({ env: { AWS_RETRY_MODE: "" } }),
    ConfigError,
  );

  assertEquals(error.code, "InvalidRetryModeError");
  assertEquals(
    error.message,
    'Cannot set up retries as the retry mode must be "adaptive" or "legacy" or "standard": current value is "", from AWS_RETRY_MODE; set it in retry.mode, AWS_RETRY_MODE or the profile\'s retry_mode',
  );
});

Deno.test("retrySettings rejects what is no number of attempts", () => {
  const texts = ["", "0", "-1", "abc", "2.5", "1e1"];

  for (const text of texts) {
    const error = assertThrows(
      () => settings({ profile: { max_attempts: text } }),
      ConfigError,
      `must be a whole number >= 1: current value is "${text}", from max_attempts`,
    );
    assertEquals(error.code, "InvalidMaxRetryAttemptsError");
  }
  assertThrows(
    () => settings({ explicit: { maxAttempts: 1.5 } }),
    ConfigError,
    "current value is 1.5, from retry.maxAttempts",
  );
});

Deno.test("retrySettings rejects a defaults mode that is none", () => {
  const error = assertThrows(
    () => settings({ profile: { defaults_mode: "fast" } }),
    ConfigError,
    'current value is "fast", from defaults_mode; set it in AWS_DEFAULTS_MODE or the profile\'s defaults_mode',
  );

  assertEquals(error.code, "InvalidDefaultsMode");
});

Deno.test("retrySettings rejects what the type would not let through", () => {
  const wrong: [unknown, string][] = [
    [{ maxRetries: 3 }, 'current option is "maxRetries"'],
    [{ constants: "2025" }, 'current value is "2025"'],
    ["Standard", 'current value is "Standard", from retry.mode'],
  ];

  for (const [explicit, told] of wrong) {
    assertThrows(
      () => settings({ explicit: explicit as RetryOptions }),
      ConfigError,
      told,
    );
  }
});

function settings(places: {
  readonly explicit?: RetryMode | RetryOptions;
  readonly env?: Texts;
  readonly profile?: Texts;
  readonly defaultMode?: RetryMode;
}): RetrySettings {
  const { env = {}, profile = {}, ...rest } = places;
  return retrySettings({
    ...rest,
    env: (name) => env[name],
    profile: (key) => profile[key],
  });
}
