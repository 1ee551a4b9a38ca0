/**
 * Calls under OpenTelemetry: prints what its SDK was given, as JSON. With
 * `OTEL_DENO=true` in place of the SDK the runtime exports by itself.
 *
 * Arguments: the endpoint, `sdk` or `deno`.
 *
 * JavaScript, so that no gate asks npm for the types.
 */
import {
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
} from "npm:@opentelemetry/api@1.9.0";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const [endpointUrl, by] = Deno.args;
const exporters = by === "sdk" ? await setUp() : undefined;
const session = new Session({
  region: "us-east-1",
  endpointUrl,
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  telemetry: {
    tracer: trace.getTracer("inia"),
    meter: metrics.getMeter("inia"),
  },
});
const s3 = session.client(S3);
await s3.listBuckets();
await s3.getObject({ Bucket: "photos", Key: "none" }).catch(() => {});
session[Symbol.dispose]();

if (exporters !== undefined) {
  await exporters.meters.forceFlush();
  const seen = exporters.metrics.getMetrics().flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics)
  );
  const finished = exporters.spans.getFinishedSpans();
  const names = [
    ...finished.map(({ attributes }) => attributes),
    ...finished.flatMap(({ events }) => events).map(({ attributes }) =>
      attributes
    ),
    ...seen.flatMap(({ dataPoints }) => dataPoints).map(({ attributes }) =>
      attributes
    ),
  ].flatMap(Object.keys);
  const conventions = "npm:@opentelemetry/semantic-conventions@1.45.0";
  const values = async (entry) => Object.values(await import(entry));
  console.log(JSON.stringify({
    names: [
      ...new Set([...names, ...seen.map(({ descriptor }) => descriptor.name)]),
    ],
    stable: await values(conventions),
    incubating: await values(`${conventions}/incubating`),
    boundaries: seen[0].dataPoints[0].value.buckets.boundaries,
    spans: exporters.spans.getFinishedSpans().map((span) => ({
      name: span.name,
      isClient: span.kind === SpanKind.CLIENT,
      isError: span.status.code === SpanStatusCode.ERROR,
      attributes: span.attributes,
      events: span.events.map(({ name }) => name),
    })),
    metrics: seen.map(({ descriptor }) => [descriptor.name, descriptor.unit]),
  }));
}

async function setUp() {
  const { InMemorySpanExporter, SimpleSpanProcessor } = await import(
    "npm:@opentelemetry/sdk-trace-base@2.12.1"
  );
  const { NodeTracerProvider } = await import(
    "npm:@opentelemetry/sdk-trace-node@2.12.1"
  );
  const sdk = await import("npm:@opentelemetry/sdk-metrics@2.12.1");
  const spans = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
    .register();
  const exporter = new sdk.InMemoryMetricExporter(
    sdk.AggregationTemporality.CUMULATIVE,
  );
  const meters = new sdk.MeterProvider({
    readers: [new sdk.PeriodicExportingMetricReader({ exporter })],
  });
  metrics.setGlobalMeterProvider(meters);
  return { spans, metrics: exporter, meters };
}
