import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  BETA,
  MeasuredRate,
  SCALE,
  SendLimiter,
  SendRate,
  TokenBucket,
} from "../../src/retry/adaptive.ts";
import { entries } from "./retry_cases.ts";
import { vectorTest } from "./suite.ts";

/** Figures of one moment, as numbers, truth values or words. */
type Step = Readonly<Record<string, boolean | number | string>>;

/** A part of the adaptive mode and what happens to it. */
interface AdaptiveCase {
  readonly part: string;
  readonly trace: Step & { readonly steps: readonly Step[] };
}

vectorTest<AdaptiveCase>({
  file: "retries.json",
  section: "adaptive",
  cases: (data) =>
    entries<AdaptiveCase["trace"] | AdaptiveCase["trace"][]>(data, "adaptive")
      ?.flatMap(([part, traces]) =>
        [traces].flat().map((trace) => ({ part, trace }))
      ),
  name: ({ part }, index) => `${part} ${index}`,
  run: ({ part, trace }) => {
    const replay = REPLAYS[part];
    if (replay === undefined) throw new Error("no such part");
    for (const [index, actual] of replay(trace).entries()) {
      assertFigures(actual, trace.steps[index] ?? {}, index);
    }
  },
});

const REPLAYS: Readonly<
  Record<string, (trace: AdaptiveCase["trace"]) => readonly Step[]>
> = {
  cubic: (trace) => {
    assertFigures({ scaleConstant: SCALE, beta: BETA }, trace, -1);
    const rate = new SendRate(figure(trace, "startTime"));
    assertEquals(rate.lastMax, trace.startingMaxRate);
    return trace.steps.map((step) => {
      const at = figure(step, "t");
      const newRate = step.event === "throttle"
        ? rate.cut(figure(step, "currentRate"), at)
        : rate.grown(at);
      return {
        newRate,
        wMax: rate.lastMax,
        k: rate.plateauSeconds,
        lastFail: rate.lastFailSeconds,
      };
    });
  },

  rateClocker: (trace) => {
    const rate = new MeasuredRate(figure(trace, "start"));
    return trace.steps.map((step) => {
      rate.count(figure(step, "t"));
      return { measuredRate: rate.perSecond };
    });
  },

  tokenBucket: (trace) => {
    const bucket = new TokenBucket(figure(trace, "initialRate"), 0);
    return trace.steps.map((step) => {
      const at = figure(step, "t");
      if (step.setRate !== undefined) {
        bucket.setRate(figure(step, "setRate"), at);
        return {
          fillRate: bucket.fillRate,
          maxCapacity: bucket.capacity,
          available: bucket.available,
        };
      }
      const tokens = figure(step, "acquire");
      const waitSeconds = bucket.waitSeconds(tokens, at);
      const ok = waitSeconds === 0;
      if (ok) bucket.take(tokens);
      const { available } = bucket;
      return ok ? { ok, available } : { ok, available, waitSeconds };
    });
  },

  rateLimiter: (trace) => {
    const limiter = new SendLimiter(figure(trace, "start"));
    return trace.steps.map((step) => {
      const at = figure(step, "t");
      if (step.throttle) limiter.throttled(at);
      else limiter.served(at);
      return {
        measuredRate: limiter.measuredRate,
        enabled: limiter.enabled,
        fillRate: limiter.bucket.fillRate,
        maxCapacity: limiter.bucket.capacity,
        available: limiter.bucket.available,
      };
    });
  },
};

function figure(step: Step, name: string): number {
  const value = step[name];
  if (typeof value !== "number") throw new Error(`${name} is no number`);
  return value;
}

function assertFigures(actual: Step, expected: Step, index: number): void {
  for (const [name, value] of Object.entries(actual)) {
    const message = `step ${index}, ${name}`;
    if (typeof value === "number") {
      assertAlmostEquals(value, figure(expected, name), 1e-8, message);
    } else {
      assertEquals(value, expected[name], message);
    }
  }
}
