import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { LegacyRetry } from "../../src/retry/legacy.ts";
import {
  CLASSIC,
  classify,
  EDITION_2026,
  RetryQuota,
  StandardRetry,
} from "../../src/retry/standard.ts";
import { retryStrategy } from "../../src/retry/strategy.ts";
import {
  callOf,
  entries,
  failureOf,
  type RecordedFailure,
  retries,
  section,
  waits,
} from "./retry_cases.ts";
import { vectorTest } from "./suite.ts";

const FILE = "retries.json";

/** What each mode does about a failure. */
interface DecisionCase extends RecordedFailure {
  readonly service?: string;
  readonly legacy: boolean;
  readonly standard: boolean;
  readonly throttling: boolean;
}

vectorTest<DecisionCase>({
  file: FILE,
  section: "decisions",
  cases: (data) => section<DecisionCase[]>(data, "decisions"),
  name: (vector) => JSON.stringify(vector),
  run: ({ legacy, standard, throttling, service = "s3", ...recorded }) => {
    const failureClass = classify(failureOf(recorded), service);

    assertEquals({
      legacy: retries(new LegacyRetry(), recorded, service),
      standard: retries(new StandardRetry(), recorded, service),
      throttling: failureClass === "throttling",
    }, { legacy, standard, throttling });
  },
});

/** The waits of one mode after each of a row of failures, in seconds. */
interface DelayCase {
  readonly list: string;
  readonly service?: string | null;
  readonly throttling?: boolean;
  readonly random: number;
  readonly delays: readonly number[];
}

vectorTest<DelayCase>({
  file: FILE,
  section: "delays",
  cases: (data) =>
    entries<DelayCase[]>(data, "delays")
      ?.flatMap(([list, cases]) => cases.map((entry) => ({ ...entry, list }))),
  name: ({ list, service, throttling }) => `${list} ${service} ${throttling}`,
  run: ({ list, service, throttling, random, delays }) => {
    const strategy = retryStrategy({
      mode: list === "legacy" ? "legacy" : "standard",
      constants: list === "standardV21" ? "2026" : "classic",
      maxAttempts: delays.length + 1,
    }, { random: () => random });
    const failure = throttling ? { code: "SlowDown" } : {};

    const actual = waits(strategy, failure, delays.length, service ?? "other");

    assertClose(actual, delays);
  },
});

/** The wait after a failure with a header. */
interface RetryAfterCase {
  readonly v21: boolean;
  readonly header: string;
  readonly value: string;
  readonly attempt: number;
  readonly code: string | null;
  readonly delay: number;
}

vectorTest<RetryAfterCase>({
  file: FILE,
  section: "retryAfter",
  cases: (data) => section<RetryAfterCase[]>(data, "retryAfter"),
  name: (vector) => JSON.stringify(vector),
  run: ({ v21, header, value, attempt, code, delay }) => {
    const strategy = retryStrategy({
      constants: v21 ? "2026" : "classic",
      maxAttempts: attempt + 1,
    }, { random: () => 1 });
    const failure = failureOf({ code }, { [header.toLowerCase()]: value });

    const answer = strategy.afterFailure(
      { attempt, held: 0 },
      failure,
      callOf("s3"),
    );

    assert(answer.kind === "go");
    assertClose([answer.delayMs / 1_000], [delay]);
  },
});

/** Calls of one client, and what they leave in the quota. */
interface QuotaCase {
  readonly v21: boolean;
  readonly name: string;
  readonly steps?: readonly {
    readonly fail?: RecordedFailure;
    readonly acquired?: boolean;
    readonly end?: number | null;
    readonly available: number;
  }[];
  readonly failedCallsUntilRefused?: number;
  readonly availableThen?: number;
}

vectorTest<QuotaCase>({
  file: FILE,
  section: "quotaRuns",
  cases: (data) => section<QuotaCase[]>(data, "quotaRuns"),
  name: ({ name, v21 }) => `${name} ${v21}`,
  run: ({ v21, steps = [], failedCallsUntilRefused, availableThen }) => {
    const constants = v21 ? EDITION_2026 : CLASSIC;
    const quota = new RetryQuota(constants.quota);
    const strategy = new StandardRetry({ constants, quota, maxAttempts: 9 });
    let { ticket } = strategy.begin();

    for (const { fail, acquired, end, available } of steps) {
      if (fail !== undefined) {
        const answer = strategy.afterFailure(
          ticket,
          failureOf(fail),
          callOf("s3"),
        );
        assertEquals(answer.kind === "go", acquired);
        if (answer.kind === "go") ticket = answer.ticket;
      } else {
        if (typeof end === "number" && end >= 200 && end < 300) {
          strategy.afterSuccess(ticket);
        }
        ({ ticket } = strategy.begin());
      }
      assertEquals(quota.available, available);
    }

    if (failedCallsUntilRefused === undefined) return;
    let calls = 0;
    while (retries(strategy, { status: 500 }, "s3")) calls++;
    assertEquals(calls, failedCallsUntilRefused);
    assertEquals(quota.available, availableThen);
  },
});

function assertClose(
  actual: readonly number[],
  expected: readonly number[],
): void {
  assertEquals(actual.length, expected.length);
  for (const [index, value] of expected.entries()) {
    assertAlmostEquals(actual[index] ?? NaN, value, 1e-8);
  }
}
