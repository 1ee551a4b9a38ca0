import { assert, assertEquals } from "@std/assert";
import {
  LEGACY_CODES,
  LEGACY_SERVICE_CODES,
  LEGACY_STATUSES,
} from "../../src/retry/legacy.ts";
import {
  CLASSIC,
  classify,
  EDITION_2026,
  StandardRetry,
  THROTTLING_CODES,
  TRANSIENT_CODES,
  TRANSIENT_STATUSES,
} from "../../src/retry/standard.ts";
import { retryStrategy } from "../../src/retry/strategy.ts";
import { entries, failureOf, retries, waits } from "./retry_cases.ts";
import { vectorTest } from "./suite.ts";

const FILE = "retries.json";

/** Policies of one service. */
interface LegacyCase {
  readonly service: string;
  readonly maxAttempts: number;
  readonly delay: unknown;
  readonly policies: readonly {
    readonly policy: string;
    readonly status?: number;
    readonly code?: string;
    readonly exceptions?: readonly string[];
  }[];
}

vectorTest<LegacyCase>({
  file: FILE,
  section: "legacy",
  cases: (data) =>
    entries<LegacyCase>(data, "legacy")
      ?.map(([service, entry]) => ({ ...entry, service })),
  name: ({ service }) => service,
  run: ({ delay, maxAttempts, policies, service }) => {
    const strategy = retryStrategy({ mode: "legacy" });
    const codes = policies.filter(({ code }) => code !== undefined);
    const statuses = policies.filter((policy) =>
      policy.code === undefined && policy.status !== undefined
    );

    assertEquals(strategy.maxAttempts, maxAttempts);
    assertEquals(delay, {
      type: "exponential",
      base: "rand",
      growth_factor: 2,
    });
    assertEquals(
      new Set(statuses.map(({ status }) => status)),
      new Set<number | undefined>(LEGACY_STATUSES),
    );
    assertEquals(
      new Set(codes.map(({ code }) => code)),
      new Set<string | undefined>([
        ...LEGACY_CODES,
        ...LEGACY_SERVICE_CODES[service] ?? [],
      ]),
    );
    for (const { exceptions, ...answer } of policies) {
      const failures = exceptions?.map((exception) => ({ exception })) ??
        [answer];
      for (const failure of failures) {
        assert(retries(strategy, failure, service), JSON.stringify(failure));
      }
    }
  },
});

/** One figure or table of the standard mode, and ours. */
interface FigureCase {
  readonly name: string;
  readonly value: unknown;
}

const OURS: Readonly<Record<string, unknown>> = {
  defaultMaxAttempts: CLASSIC.maxAttempts,
  v21ServiceMaxAttempts: EDITION_2026.serviceMaxAttempts,
  transientCodes: [...TRANSIENT_CODES].sort(),
  transientStatus: [...TRANSIENT_STATUSES].sort(),
  transientExceptions: ["ConnectionError", "HTTPClientError"].filter(
    (exception) => classify(failureOf({ exception }), "s3") === "transient",
  ),
  throttlingCodes: [...THROTTLING_CODES].sort(),
  maxBackoffSeconds: CLASSIC.maxDelayMs / 1_000,
  base: waits(new StandardRetry({ random: () => 1 }), {}, 2)
    .reduce((first, second) => second / first),
  v21BaseScale: {
    throttling: EDITION_2026.baseMs.throttling / 1_000,
    other: EDITION_2026.baseMs.transient / 1_000,
    ...Object.fromEntries(
      Object.entries(EDITION_2026.serviceBaseMs)
        .map(([service, { transient }]) => [service, transient / 1_000]),
    ),
  },
  v21RetryAfterMaxAdditionalSeconds: EDITION_2026.maxHintMs / 1_000,
  quota: {
    capacity: CLASSIC.quota,
    retryCost: CLASSIC.cost.transient,
    timeoutCost: CLASSIC.cost.timeout,
    noRetryRefund: CLASSIC.easySuccess,
  },
  v21Quota: {
    capacity: EDITION_2026.quota,
    retryCost: EDITION_2026.cost.transient,
    throttlingCost: EDITION_2026.cost.throttling,
    noRetryRefund: EDITION_2026.easySuccess,
  },
};

vectorTest<FigureCase>({
  file: FILE,
  section: "standard",
  cases: (data) =>
    entries<unknown>(data, "standard")
      ?.map(([name, value]) => ({ name, value })),
  name: ({ name }) => name,
  run: ({ name, value }) => {
    assertEquals(OURS[name], Array.isArray(value) ? value.sort() : value);
  },
});
