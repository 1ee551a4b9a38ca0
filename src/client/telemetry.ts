/**
 * Spans and measurements of calls, by the semantic conventions of OpenTelemetry.
 *
 * Source: OpenTelemetry semantic conventions 1.45.0: RPC spans and metrics, HTTP
 * metrics, AWS SDK.
 *
 * @module
 */
import { AwsError, ServiceError } from "../foundation/errors.ts";
import type {
  AttemptRecord,
  ResponseMetadata,
} from "../foundation/metadata.ts";
import type { Caller, CallOptions } from "../ports/caller.ts";
import type { Clock } from "../ports/system.ts";
import type { Operation } from "../ports/schema.ts";
import type {
  Telemetry,
  TelemetryAttributes,
  TelemetryHistogram,
  TelemetrySpan,
} from "../ports/telemetry.ts";
import { failureName } from "./after_failure.ts";

/** What the spans of a client's calls say of the client. */
export interface TracedClient {
  /** Short name of the service, for example `"s3"`. */
  readonly service: string;
  /** Time. */
  readonly clock: Clock;
  /**
   * Tells where calls go: the region of what they are about, as far as it is
   * known, and the client's own endpoint.
   *
   * @param bucket Name of the bucket, where there is one.
   */
  readonly destination?: (bucket: string | undefined) => Destination;
}

/** Where calls go. */
interface Destination {
  /** The region; absent: not known. */
  readonly region?: string | undefined;
  /** The client's own endpoint; absent: the service's. */
  readonly endpointUrl?: string | undefined;
}

/** A span's own attributes in place of the members of an input. */
const MEMBERS = {
  s3: {
    Bucket: "aws.s3.bucket",
    CopySource: "aws.s3.copy_source",
    Key: "aws.s3.key",
    PartNumber: "aws.s3.part_number",
    UploadId: "aws.s3.upload_id",
  },
} as const;

/**
 * Wraps a caller so that each of its calls is a span with its attempts as events,
 * and is measured. No attribute holds a query string or a header field.
 *
 * @param call Makes the calls.
 * @param telemetry Where spans and measurements go.
 * @param client Whose calls they are.
 */
export function traced(
  call: Caller,
  { tracer, meter }: Telemetry,
  { service, clock, destination = () => ({}) }: TracedClient,
): Caller {
  const durations = meter && histograms(meter);
  const name = service.toUpperCase();
  return async <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    options?: CallOptions,
  ): Promise<Output> => {
    const method = `${name}/${operation.name}`;
    const common = { "rpc.system.name": "aws-api", "rpc.method": method };
    const run = async (span?: TelemetrySpan): Promise<Output> => {
      const startMs = clock.now().getTime();
      const finish = (end: CallEnd): void => {
        const seconds = (clock.now().getTime() - startMs) / 1_000;
        const { Bucket: bucket } = Object(input);
        const there = destination(
          typeof bucket === "string" ? bucket : undefined,
        );
        if (span !== undefined) describe(span, startMs, end, there);
        durations?.call.record(seconds, { ...common, ...endOf(end) });
        for (const attempt of end.metadata?.Attempts ?? []) {
          durations?.attempt.record(attempt.durationMs / 1_000, {
            "http.request.method": operation.method,
            ...attributesOf(attempt, there),
          });
        }
        span?.end();
      };
      try {
        const output = await call(operation, input, options);
        finish({ metadata: metadataOf(output) });
        return output;
      } catch (error) {
        finish({ metadata: metadataOf(error), error });
        throw error;
      }
    };
    if (tracer === undefined) return await run();
    const attributes = { ...common, ...membersOf(service, input) };
    return await tracer.startActiveSpan(method, { kind: 2, attributes }, run);
  };
}

/** How a call ended. */
interface CallEnd {
  readonly metadata: ResponseMetadata | undefined;
  readonly error?: unknown;
}

interface Durations {
  readonly call: TelemetryHistogram;
  readonly attempt: TelemetryHistogram;
}

/** In seconds; what an SDK takes by itself is meant for milliseconds. */
const BOUNDARIES = {
  explicitBucketBoundaries: [
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
  ],
};

function histograms(meter: NonNullable<Telemetry["meter"]>): Durations {
  return {
    call: meter.createHistogram("rpc.client.call.duration", {
      description: "Duration of calls, their attempts and waits included",
      unit: "s",
      advice: BOUNDARIES,
    }),
    attempt: meter.createHistogram("http.client.request.duration", {
      description: "Duration of the attempts of calls",
      unit: "s",
      advice: BOUNDARIES,
    }),
  };
}

function describe(
  span: TelemetrySpan,
  startMs: number,
  end: CallEnd,
  there: Destination,
): void {
  const { metadata, error } = end;
  const { HTTPStatusCode, RequestId, HostId, RetryAttempts = 0 } = metadata ??
    {};
  span.setAttributes(defined({
    "http.response.status_code": HTTPStatusCode,
    "aws.request_id": RequestId,
    "aws.extended_request_id": HostId,
    "http.request.resend_count": RetryAttempts > 0 ? RetryAttempts : undefined,
    "cloud.region": there.region,
    ...serverOf(metadata?.Attempts.at(-1), there),
    ...endOf(end),
  }));
  let atMs = startMs;
  for (const attempt of metadata?.Attempts ?? []) {
    atMs += attempt.delayMs;
    span.addEvent("attempt", {
      ...attributesOf(attempt, there),
      "inia.attempt.number": attempt.attempt,
      "inia.attempt.delay_ms": attempt.delayMs,
      "inia.attempt.duration_ms": attempt.durationMs,
    }, new Date(atMs));
    atMs += attempt.durationMs;
  }
  if (error !== undefined) {
    const message = error instanceof Error ? error.message : undefined;
    span.setStatus({ code: 2, ...message === undefined ? {} : { message } });
  }
}

/** What failed, in the conventions' words; nothing where nothing did. */
function endOf({ error }: CallEnd): TelemetryAttributes {
  if (error === undefined) return {};
  if (error instanceof ServiceError) {
    return {
      "error.type": error.code,
      "rpc.status_code": error.code,
    };
  }
  const type = error instanceof AwsError
    ? failureName(error)
    : error instanceof Error
    ? error.name
    : "_OTHER";
  return { "error.type": type };
}

function attributesOf(
  attempt: AttemptRecord,
  there: Destination,
): TelemetryAttributes {
  return defined({
    ...serverOf(attempt, there),
    "http.response.status_code": attempt.status,
    "aws.request_id": attempt.requestId,
    "error.type": attempt.failure,
    "http.request.resend_count": attempt.attempt > 1
      ? attempt.attempt - 1
      : undefined,
  });
}

/** Name and port of the host of an attempt. */
function serverOf(
  attempt: AttemptRecord | undefined,
  { endpointUrl = "" }: Destination,
): Readonly<Record<string, number | string>> {
  const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(attempt?.host ?? "") ?? [];
  if (name === undefined || name === "") return {};
  const usual = /^http:/i.test(endpointUrl) ? 80 : 443;
  return {
    "server.address": name.replace(/^\[(.*)\]$/, "$1"),
    "server.port": port === undefined ? usual : Number(port),
  };
}

function membersOf(service: string, input: unknown): TelemetryAttributes {
  const names: Readonly<Record<string, string>> = service === "s3"
    ? MEMBERS.s3
    : {};
  const found: Record<string, number | string> = {};
  for (const [member, attribute] of Object.entries(names)) {
    const value = Object(input)[member];
    if (member === "CopySource") {
      const source = sourceOf(value);
      if (source !== undefined) found[attribute] = source;
    } else if (typeof value === "string" || typeof value === "number") {
      found[attribute] = value;
    }
  }
  return found;
}

/** The source of a copy as bucket and key, without its version. */
function sourceOf(source: unknown): string | undefined {
  if (typeof source === "string") return source.replace(/\?[^]*$/, "");
  const { Bucket: bucket, Key: key } = Object(source);
  return typeof bucket === "string" && typeof key === "string"
    ? `${bucket}/${key}`
    : undefined;
}

function metadataOf(value: unknown): ResponseMetadata | undefined {
  if (value instanceof AwsError) return value.ResponseMetadata;
  return Object(value).ResponseMetadata;
}

function defined(
  attributes: Readonly<Record<string, number | string | undefined>>,
): TelemetryAttributes {
  const kept: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
