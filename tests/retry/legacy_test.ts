import { assertEquals, assertThrows } from "@std/assert";
import {
  ProtocolError,
  TimeoutError,
  TransportError,
  type TransportFault,
} from "../../src/foundation/errors.ts";
import { isLegacyRetryable, LegacyRetry } from "../../src/retry/legacy.ts";
import {
  answer,
  CALL,
  DENIED,
  NO_SUCH_KEY,
  SERVER_ERROR,
  SILENCE,
} from "./failures.ts";

Deno.test("LegacyRetry doubles the wait without an end", () => {
  const retry = new LegacyRetry({ maxAttempts: 9, random: () => 0.5 });

  const waits = [1, 2, 8].map((attempt) => {
    const next = retry.afterFailure({ attempt, held: 0 }, SILENCE, CALL);
    return next.kind === "go" ? next.delayMs : next.reason;
  });

  assertEquals(waits, [500, 1_000, 64_000]);
});

Deno.test("LegacyRetry gives a call five attempts", () => {
  const retry = new LegacyRetry();

  const next = retry.afterFailure({ attempt: 5, held: 0 }, SERVER_ERROR, CALL);

  assertEquals(next, { kind: "stop", reason: "attempts" });
});

Deno.test("LegacyRetry says first that a failure is none to retry", () => {
  const retry = new LegacyRetry({ maxAttempts: 1 });

  const next = retry.afterFailure(retry.begin().ticket, NO_SUCH_KEY, CALL);

  assertEquals(next, { kind: "stop", reason: "not-retryable" });
});

Deno.test("LegacyRetry has no quota to use up", () => {
  const retry = new LegacyRetry();

  const kinds = Array.from({ length: 1_000 }, () => {
    const next = retry.afterFailure(retry.begin().ticket, SERVER_ERROR, CALL);
    return next.kind;
  });

  assertEquals(new Set(kinds), new Set(["go"]));
});

Deno.test("LegacyRetry rejects a maxAttempts below 1", () => {
  assertThrows(
    () => new LegacyRetry({ maxAttempts: 0 }),
    RangeError,
    "maxAttempts must be a whole number >= 1: current value is 0",
  );
});

Deno.test("isLegacyRetryable goes by the status, whatever the code", () => {
  const statuses = [408, 429, 500, 501, 502, 503, 504, 505, 509];

  const retried = statuses.filter((status) =>
    isLegacyRetryable(answer({ code: "Odd", status }), "s3")
  );

  assertEquals(retried, [429, 500, 502, 503, 504, 509]);
});

Deno.test("isLegacyRetryable looks at codes where the status is 400 only", () => {
  const retried = [400, 403].map((status) =>
    isLegacyRetryable(answer({ code: "Throttling", status }), "s3")
  );

  assertEquals(retried, [true, false]);
});

Deno.test("isLegacyRetryable knows codes that are one service's own", () => {
  const codes = ["BadDigest", "RequestTimeout", "IDPCommunicationError"];

  const retried = ["s3", "sts", "other"].map((service) =>
    codes.filter((code) => isLegacyRetryable(answer({ code }), service))
  );

  assertEquals(retried, [
    ["BadDigest", "RequestTimeout"],
    ["IDPCommunicationError"],
    [],
  ]);
});

Deno.test("isLegacyRetryable gives up on exchanges that nobody can explain", () => {
  const kinds: TransportFault[] = ["closed", "cut", "dns", "tls", "unknown"];

  const retried = kinds.filter((kind) =>
    isLegacyRetryable(
      new TransportError(kind, kind, { maybeSent: true }),
      "s3",
    )
  );

  assertEquals(retried, ["closed", "cut", "dns", "tls"]);
});

Deno.test("isLegacyRetryable gives up on what another attempt cannot mend", () => {
  const failures = [
    DENIED,
    new ProtocolError("Cannot read the answer"),
    new TimeoutError("total", 1, "total", { maybeSent: true }),
  ];

  const retried = failures.map((failure) => isLegacyRetryable(failure, "s3"));

  assertEquals(retried, [false, false, false]);
});
