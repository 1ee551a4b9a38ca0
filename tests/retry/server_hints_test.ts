import { assertEquals } from "@std/assert";
import { amzRetryAfterMs, retryAfterMs } from "../../src/retry/server_hints.ts";
import { answer, SILENCE } from "./failures.ts";

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
