/**
 * Calls under the real OpenTelemetry: its SDK from npm, and Deno's own.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LocalAws } from "../../src/testing/mod.ts";

interface Told {
  readonly spans: readonly {
    readonly name: string;
    readonly isClient: boolean;
    readonly isError: boolean;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly events: readonly string[];
  }[];
  readonly metrics: readonly (readonly [name: string, unit: string])[];
  /** Upper limits of the buckets of the first metric. */
  readonly boundaries: readonly number[];
  /** All names that were told, and those that the conventions have. */
  readonly names: readonly string[];
  readonly stable: readonly string[];
  readonly incubating: readonly string[];
}

Deno.test("calls are spans and measurements of the SDK of OpenTelemetry", async () => {
  await using local = await LocalAws.start();

  const told: Told = JSON.parse(await run(local.endpointUrl, "sdk"));
  const { spans, metrics } = told;

  assertEquals(
    spans.map(({ name, isClient, isError, events }) => [
      name,
      isClient,
      isError,
      events,
    ]),
    [
      ["S3/ListBuckets", true, false, ["attempt"]],
      ["S3/GetObject", true, true, ["attempt"]],
    ],
  );
  const [, failed] = spans;
  assertEquals(failed?.attributes["error.type"], "NoSuchBucket");
  assert(typeof failed?.attributes["aws.request_id"] === "string");
  assertEquals(failed?.attributes["cloud.region"], "us-east-1");
  assertEquals(failed?.attributes["rpc.status_code"], "NoSuchBucket");
  assertEquals(told.boundaries[0], 0.005);
  // Names of AWS and of clouds are not stable yet; the others have to be.
  const known = [
    ...told.stable,
    ...told.incubating.filter((name) => /^(?:aws|cloud)\./.test(name)),
  ];
  assertEquals(
    told.names.filter((name) =>
      !known.includes(name) && !name.startsWith("inia.")
    ),
    [],
  );
  assertEquals(metrics, [
    ["rpc.client.call.duration", "s"],
    ["http.client.request.duration", "s"],
  ]);
});

Deno.test("with OTEL_DENO the requests of fetch are children of their call", async () => {
  await using local = await LocalAws.start();
  const spans: Record<string, { parent: string; name: string }> = {};
  await using collector = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, async (request) => {
    if (request.url.endsWith("/v1/traces")) {
      for (const span of spansOf(await request.json())) {
        spans[span.spanId] = { parent: span.parentSpanId, name: span.name };
      }
    } else {
      await request.body?.cancel();
    }
    return new Response("{}");
  });

  await run(local.endpointUrl, "deno", {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
  });

  const fetches = Object.values(spans).filter(({ name }) => name === "GET");
  assertEquals(
    fetches.map(({ parent }) => spans[parent]?.name).sort(),
    ["S3/GetObject", "S3/ListBuckets"],
  );
});

interface ExportedSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
}

/** The spans of an export, OTLP in JSON. */
function spansOf(exported: {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly ExportedSpan[];
    }[];
  }[];
}): readonly ExportedSpan[] {
  return exported.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans)
  );
}

async function run(
  endpointUrl: string,
  by: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--no-lock",
      "--quiet",
      "--allow-all",
      new URL("telemetry_program.mjs", import.meta.url).pathname,
      endpointUrl,
      by,
    ],
    env: { ...env },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}
