/**
 * The ports to what a program watches: its log, its traces and its measurements.
 * What is needed of OpenTelemetry is so by structure: the tracer and the meter of
 * `@opentelemetry/api` fit, and nothing is imported from there.
 *
 * @module
 */

/** How much a message matters, from least to most. */
export type LogLevel = "debug" | "error" | "info" | "warn";

/** Facts that go with a message. Values are shown as they are: no secrets. */
export type LogFields = Readonly<
  Record<string, boolean | number | string | undefined>
>;

/** Where the library tells what it does. Silent unless one is given. */
export interface Logger {
  /** Whether messages of a level go anywhere; asked before costly ones are made. */
  enabled(level: LogLevel): boolean;
  /** Steps of a call: attempt, wait, endpoint, provider asked. */
  debug(message: string, fields?: LogFields): void;
  /** Rare events that are not faults: credentials refreshed, region learnt. */
  info(message: string, fields?: LogFields): void;
  /** Something went wrong and the call goes on: an odd response. */
  warn(message: string, fields?: LogFields): void;
  /** Something went wrong that no caller sees, such as a forgotten body. */
  error(message: string, fields?: LogFields): void;
  /**
   * Makes the logger of a part.
   *
   * @param name Name of the part, appended after a dot: `inia` → `inia.retry`.
   */
  child(name: string): Logger;
}

/** Attributes of spans, events and measurements. */
export type TelemetryAttributes = Readonly<
  Record<string, boolean | number | string>
>;

/** A span, as far as it is used. */
export interface TelemetrySpan {
  /** Sets attributes. */
  setAttributes(attributes: TelemetryAttributes): unknown;
  /** Adds an event. */
  addEvent(
    name: string,
    attributes?: TelemetryAttributes,
    time?: Date,
  ): unknown;
  /** Sets the status: 1 is ok, 2 an error. */
  setStatus(status: { code: 1 | 2; message?: string }): unknown;
  /** Ends the span. */
  end(): void;
}

/** What makes spans. */
export interface TelemetryTracer {
  /**
   * Runs a function within a new span.
   *
   * @param name Name of the span.
   * @param options Kind 2 is that of a client.
   * @param run What runs within it; spans that it makes are its children.
   */
  startActiveSpan<Result>(
    name: string,
    options: { kind: 2; attributes: TelemetryAttributes },
    run: (span: TelemetrySpan) => Result,
  ): Result;
}

/** What measurements are given to. */
export interface TelemetryHistogram {
  /** Records one. */
  record(value: number, attributes?: TelemetryAttributes): void;
}

/** What makes histograms. */
export interface TelemetryMeter {
  /** Makes a histogram, or gets the one of this name. */
  createHistogram(
    name: string,
    options: {
      description: string;
      unit: string;
      advice?: { explicitBucketBoundaries: number[] };
    },
  ): TelemetryHistogram;
}

/** Where spans and measurements go. */
export interface Telemetry {
  /** Makes a span for each call. Default: no spans. */
  readonly tracer?: TelemetryTracer;
  /** Is given the durations of calls and attempts. Default: no measurements. */
  readonly meter?: TelemetryMeter;
}
