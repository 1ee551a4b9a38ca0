import { assertEquals } from "@std/assert";
import {
  ProtocolError,
  TimeoutError,
  TransportError,
  type TransportFault,
} from "../../src/foundation/errors.ts";
import { isLegacyRetryable } from "../../src/retry/legacy_rules.ts";
import { answer, DENIED } from "./failures.ts";

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
