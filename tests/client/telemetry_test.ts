import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import type {
  Telemetry,
  TelemetryAttributes,
} from "../../src/ports/telemetry.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FixedClock } from "../../src/testing/fixed_clock.ts";
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
    "server.address": "photos.s3.eu-west-1.amazonaws.com",
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
  assertEquals(span?.attributes["rpc.response.status_code"], "NoSuchKey");
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
