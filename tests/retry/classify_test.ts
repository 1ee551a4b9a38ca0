import { assertEquals } from "@std/assert";
import {
  type AwsError,
  ProtocolError,
  type TimeLimit,
  TimeoutError,
  TransportError,
  type TransportFault,
  ValidationError,
} from "../../src/foundation/errors.ts";
import {
  amzRetryAfterMs,
  classify,
  type FailureClass,
  retryAfterMs,
} from "../../src/retry/standard.ts";
import { answer, SILENCE } from "./failures.ts";

Deno.test("classify sorts what a service answers", () => {
  const cases: [AwsError, FailureClass][] = [
    [answer({ code: "SlowDown", status: 503 }), "throttling"],
    [answer({ code: "SlowDown", status: 200 }), "throttling"],
    [answer({ code: "PriorRequestNotComplete" }), "throttling"],
    [answer({ code: "Odd", retryable: "throttling" }), "throttling"],
    [answer({ code: "RequestTimeout" }), "transient"],
    [answer({ code: "504", status: 504 }), "transient"],
    [answer({ code: "Odd", retryable: "transient" }), "transient"],
    [answer({ code: "429", status: 429 }), "throttling"],
    [answer({ code: "TooManyRequests", status: 429 }), "throttling"],
    [answer({ code: "509", status: 509 }), "fatal"],
    [answer({ code: "RequestTimeTooSkewed", status: 403 }), "fatal"],
  ];

  for (const [failure, expected] of cases) {
    assertEquals(classify(failure, "s3"), expected, failure.message);
  }
});

Deno.test("classify knows a code that is one service's own", () => {
  const failure = answer({ code: "IDPCommunicationError" });

  const classes = ["sts", "s3"].map((service) => classify(failure, service));

  assertEquals(classes, ["transient", "fatal"]);
});

Deno.test("classify sorts exchanges that failed", () => {
  const cases: Record<TransportFault, FailureClass> = {
    "closed": "transient",
    "cut": "transient",
    "denied": "fatal",
    "dns": "transient",
    "not-http": "transient",
    "refused": "transient",
    "reset": "transient",
    "timeout": "timeout",
    "tls": "transient",
    "unknown": "transient",
  };

  for (const [kind, expected] of Object.entries(cases)) {
    const failure = new TransportError(kind as TransportFault, kind, {
      maybeSent: true,
    });
    assertEquals(classify(failure, "s3"), expected, kind);
  }
});

Deno.test("classify gives up when the time of more than an attempt is over", () => {
  const cases: Record<TimeLimit, FailureClass> = {
    attempt: "timeout",
    connect: "timeout",
    queue: "fatal",
    read: "timeout",
    total: "fatal",
  };

  for (const [limit, expected] of Object.entries(cases)) {
    const failure = new TimeoutError(limit as TimeLimit, 1, limit, {
      maybeSent: true,
    });
    assertEquals(classify(failure, "s3"), expected, limit);
  }
});

Deno.test("classify gives up where no exchange failed", () => {
  const failures = [
    new ProtocolError("Cannot read the answer"),
    new ValidationError("PutObject", []),
  ];

  const classes = failures.map((failure) => classify(failure, "s3"));

  assertEquals(classes, ["fatal", "fatal"]);
});

Deno.test("amzRetryAfterMs reads whole milliseconds and nothing else", () => {
  const texts = ["1500", " 300 ", "0", "-100", "1.5", "1e3", "soon", ""];

  const waits = texts.map((text) =>
    amzRetryAfterMs(withHeaders({ "x-amz-retry-after": text }))
  );

  assertEquals(waits, [1_500, 300, 0, 0, 0, 0, 0, 0]);
});

Deno.test("retryAfterMs reads seconds", () => {
  const waits = ["7", " 7 ", "-7", "soon", "1.5"].map((text) =>
    retryAfterMs(withHeaders({ "retry-after": text }))
  );

  assertEquals(waits, [7_000, 7_000, 0, 0, 0]);
});

Deno.test("retryAfterMs sets a date against the answer's own", () => {
  const date = "Thu, 29 Feb 2024 12:34:56 GMT";
  const later = "Thu, 29 Feb 2024 12:35:06 GMT";

  const waits = [
    { "retry-after": later, date },
    { "retry-after": date, date: later },
    { "retry-after": later },
  ].map((headers) => retryAfterMs(withHeaders(headers)));

  assertEquals(waits, [10_000, 0, 0]);
});

Deno.test("a failure without an answer has no hints", () => {
  assertEquals([amzRetryAfterMs(SILENCE), retryAfterMs(SILENCE)], [0, 0]);
});

function withHeaders(
  headers: Readonly<Record<string, string>>,
): ReturnType<typeof answer> {
  return answer({ code: "SlowDown", status: 503, headers });
}
