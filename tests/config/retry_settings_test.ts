import { assertEquals, assertThrows } from "@std/assert";
import {
  resolveRetry,
  type RetrySettings,
} from "../../src/config/client_settings.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";

function resolveWith(
  client: unknown,
  session?: unknown,
  env: Readonly<Record<string, string>> = {},
): RetrySettings {
  return resolveRetry({
    explicit: [
      { owner: "client", options: { retry: client } },
      { owner: "session", options: { retry: session } },
    ],
    system: new FakeSystem({ env }),
    profile: { name: "default" },
  });
}

Deno.test("resolveRetry fills up a client's options from the session and the environment", () => {
  const settings = resolveWith("adaptive", { mode: "legacy", maxAttempts: 7 }, {
    AWS_MAX_ATTEMPTS: "9",
    AWS_NEW_RETRIES_2026: "true",
  });

  assertEquals(settings.mode.value, "adaptive");
  assertEquals(settings.mode.overridden.map(({ value }) => value), [
    "legacy",
    "standard",
    "standard",
  ]);
  assertEquals(settings.maxAttempts.value, 7);
  assertEquals(settings.maxAttempts.source, {
    kind: "code",
    owner: "session",
    name: "retry.maxAttempts",
  });
  assertEquals(settings.constants.value, "2026");
  assertEquals(settings.repeatUnsafe.value, false);
});

const STRATEGY: RetryStrategy = {
  mode: "mine",
  maxAttempts: 1,
  begin: () => ({ kind: "go", ticket: { attempt: 1, held: 0 }, delayMs: 0 }),
  afterFailure: () => ({ kind: "stop", reason: "attempts" }),
  afterSuccess: () => {},
};

Deno.test("resolveRetry hands on a strategy of the user's own", () => {
  assertEquals(resolveWith(STRATEGY, "legacy").strategy, STRATEGY);
  assertEquals(resolveWith(undefined, STRATEGY).strategy, STRATEGY);
});

Deno.test("resolveRetry lets a client's options hide the session's strategy", () => {
  const settings = resolveWith("legacy", STRATEGY);

  assertEquals(settings.strategy, undefined);
  assertEquals(settings.mode.value, "legacy");
});

for (
  const [retry, code] of [
    ["Standard", "InvalidRetryModeError"],
    [7, "InvalidRetryModeError"],
    [null, "InvalidRetryModeError"],
    [{ maxAttempts: 0 }, "InvalidMaxRetryAttemptsError"],
    [{ max_attempts: 3 }, "InvalidRetryConfigurationError"],
    [{ constants: "2025" }, "InvalidRetryConfigurationError"],
    [{ repeatUnsafe: "yes" }, "InvalidRetryConfigurationError"],
  ] as const
) {
  Deno.test(`resolveRetry refuses ${JSON.stringify(retry)}`, () => {
    const error = assertThrows(() => resolveWith(retry), ConfigError);

    assertEquals(error.code, code);
  });
}
