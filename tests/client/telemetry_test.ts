import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session, type SessionOptions } from "../../mod.ts";
import type {
  Telemetry,
  TelemetryAttributes,
} from "../../src/ports/telemetry.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";

const TIME = "2024-02-29T12:34:56Z";

interface SeenSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
  readonly events: (readonly [string, TelemetryAttributes, Date])[];
  status?: { readonly code: number; readonly message?: string };
  ended: number;
}

interface Seen {
  readonly spans: SeenSpan[];
  readonly measured: (readonly [string, number, TelemetryAttributes])[];
  readonly telemetry: Required<Telemetry>;
}

function telemetry(): Seen {
  const spans: SeenSpan[] = [];
  const measured: (readonly [string, number, TelemetryAttributes])[] = [];
  return {
    spans,
    measured,
    telemetry: {
      tracer: {
        startActiveSpan: (name, { kind, attributes }, run) => {
          const span: SeenSpan = {
            name,
            kind,
            attributes: { ...attributes },
            events: [],
            ended: 0,
          };
          spans.push(span);
          return run({
            setAttributes: (more) => Object.assign(span.attributes, more),
            addEvent: (event, more = {}, time = new Date(NaN)) =>
              span.events.push([event, more, time]),
            setStatus: (status) => span.status = status,
            end: () => {
              span.ended++;
            },
          });
        },
      },
      meter: {
        createHistogram: (name) => ({
          record: (value, attributes = {}) =>
            measured.push([name, value, attributes]),
        }),
      },
    },
  };
}

function client(
  answers: readonly ScriptedAnswer[],
  seen: Seen,
  options: SessionOptions = {},
): { readonly s3: S3 } & Disposable {
  const session = new Session({
    transport: scripted(answers),
    clock: new FixedClock(TIME),
    random: () => 1,
    region: "eu-west-1",
    credentials: {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "planted-secret",
      sessionToken: "planted-token",
    },
    telemetry: seen.telemetry,
    ...options,
  });
  return {
    s3: session.client(S3),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

const ANSWERED = { "x-amz-request-id": "R2", "x-amz-id-2": "H2" };
const INPUT = { Bucket: "photos", Key: "cat.txt" };

Deno.test("a call is one span, its attempts are events", async () => {
  const seen = telemetry();
  using here = client([
    { status: 503, headers: { "x-amz-request-id": "R1" } },
    { status: 200, headers: ANSWERED },
  ], seen);

  await here.s3.headObject(INPUT);

  const [span, ...others] = seen.spans;
  assert(span !== undefined);
  assertEquals(others, []);
  assertEquals([span.name, span.kind, span.ended], ["S3/HeadObject", 2, 1]);
  assertEquals(span.status, undefined);
  assertEquals(span.attributes, {
    "rpc.system.name": "aws-api",
    "rpc.method": "S3/HeadObject",
    "aws.s3.bucket": "photos",
    "aws.s3.key": "cat.txt",
    "http.response.status_code": 200,
    "aws.request_id": "R2",
    "aws.extended_request_id": "H2",
    "http.request.resend_count": 1,
    "cloud.region": "eu-west-1",
    "server.address": "photos.s3.eu-west-1.amazonaws.com",
    "server.port": 443,
  });
  assertEquals(span.events.map(([name]) => name), ["attempt", "attempt"]);
  const [first, second] = span.events.map(([, attributes]) => attributes);
  assertEquals(first?.["http.response.status_code"], 503);
  assertEquals(first?.["aws.request_id"], "R1");
  assertEquals(first?.["http.request.resend_count"], undefined);
  assertEquals(second?.["http.request.resend_count"], 1);
  const delayMs = Number(second?.["inia.attempt.delay_ms"]);
  assert(delayMs > 0);
  const [start, again] = span.events.map(([, , time]) => time.getTime());
  assertEquals((again ?? 0) - (start ?? 0), delayMs);
});

Deno.test("a failed call tells its request id and its code", async () => {
  const seen = telemetry();
  using here = client([{
    status: 404,
    headers: ANSWERED,
    body: new TextEncoder().encode(
      "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>",
    ),
  }], seen);

  await assertRejects(() => here.s3.getObject(INPUT));

  const [span] = seen.spans;
  assertEquals(span?.status?.code, 2);
  assertEquals(span?.ended, 1);
  assertEquals(span?.attributes["aws.request_id"], "R2");
  assertEquals(span?.attributes["error.type"], "NoSuchKey");
  assertEquals(span?.attributes["rpc.status_code"], "NoSuchKey");
  assertEquals(span?.attributes["http.response.status_code"], 404);
});

Deno.test("calls and attempts are measured in seconds", async () => {
  const seen = telemetry();
  using here = client([
    { status: 503 },
    { status: 200, headers: ANSWERED },
  ], seen);

  await here.s3.headObject(INPUT);

  const of = (wanted: string) =>
    seen.measured.filter(([name]) => name === wanted);
  const calls = of("rpc.client.call.duration");
  const attempts = of("http.client.request.duration");
  assertEquals([calls.length, attempts.length], [1, 2]);
  assertEquals(calls[0]?.[2], {
    "rpc.system.name": "aws-api",
    "rpc.method": "S3/HeadObject",
  });
  assert((calls[0]?.[1] ?? 0) > 0 && (calls[0]?.[1] ?? 100) < 60);
  assertEquals(attempts[0]?.[2]["http.request.method"], "HEAD");
  assertEquals(attempts[0]?.[2]["http.response.status_code"], 503);
});

Deno.test("the region is that of the bucket, once it is known", async () => {
  const seen = telemetry();
  using here = client([
    { status: 301, headers: { "x-amz-bucket-region": "eu-central-1" } },
    { status: 200, headers: ANSWERED },
  ], seen);

  await here.s3.headObject(INPUT);

  const [span] = seen.spans;
  assertEquals(span?.attributes["cloud.region"], "eu-central-1");
  assertEquals(
    span?.attributes["server.address"],
    "photos.s3.eu-central-1.amazonaws.com",
  );
});

Deno.test("an endpoint of one's own is told with its port, without brackets", async () => {
  for (
    const [endpointUrl, address, port] of [
      ["http://[::1]:9000", "::1", 9_000],
      ["http://store.example", "store.example", 80],
      ["https://store.example", "store.example", 443],
    ] as const
  ) {
    const seen = telemetry();
    using here = client([{ status: 200, headers: ANSWERED }], seen, {
      endpointUrl,
    });

    await here.s3.headObject(INPUT);

    const [span] = seen.spans;
    const [measured] = seen.measured.filter(([name]) =>
      name === "http.client.request.duration"
    );
    for (const attributes of [span?.attributes, measured?.[2]]) {
      assertEquals(attributes?.["server.address"], address);
      assertEquals(attributes?.["server.port"], port);
    }
  }
});

Deno.test("the source of a copy is told as bucket and key", async () => {
  for (
    const CopySource of [
      "photos/a%20b?versionId=version-id",
      { Bucket: "photos", Key: "a%20b", VersionId: "version-id" },
    ]
  ) {
    const seen = telemetry();
    using here = client([{
      status: 200,
      headers: ANSWERED,
      body: new TextEncoder().encode(
        "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>",
      ),
    }], seen);

    await here.s3.copyObject({ ...INPUT, CopySource });

    const [span] = seen.spans;
    assertEquals(span?.attributes["aws.s3.copy_source"], "photos/a%20b");
  }
});

Deno.test("histograms come with boundaries for seconds", async () => {
  const advised: unknown[] = [];
  const seen = telemetry();
  using session = new Session({
    transport: scripted([{ status: 200, headers: ANSWERED }]),
    region: "eu-west-1",
    credentials: "anonymous",
    telemetry: {
      meter: {
        createHistogram: (name, { advice, ...options }) => {
          advised.push(advice?.explicitBucketBoundaries.length);
          return seen.telemetry.meter.createHistogram(name, options);
        },
      },
    },
  });

  await session.client(S3).headObject(INPUT);

  assertEquals(advised, [14, 14]);
});

Deno.test("no query string, header field or secret is told", async () => {
  const seen = telemetry();
  using here = client([{ status: 200, headers: ANSWERED }], seen);

  await here.s3.headObject({ ...INPUT, VersionId: "version-id" });

  const all = JSON.stringify([seen.spans, seen.measured]);
  for (
    const text of ["planted", "version-id", "authorization", "AKIDEXAMPLE", "?"]
  ) {
    assert(!all.includes(text), text);
  }
});

Deno.test("what is no tracer is refused by the session", () => {
  try {
    new Session({ telemetry: { tracer: Object({ startSpan: () => {} }) } });
  } catch (error) {
    assertEquals(
      String(error),
      "ConfigError: Cannot use the option telemetry.tracer of the session: it has no method startActiveSpan",
    );
    return;
  }
  throw new Error("it was taken");
});
