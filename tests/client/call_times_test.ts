import { assertEquals, assertThrows } from "@std/assert";
import { checkTimes } from "../../src/client/call_times.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import { scripted } from "../scripted_transport.ts";

Deno.test("checkTimes lets times pass, and Infinity for no limit", () => {
  const transport = { ...scripted([]), limits: ["connect" as const] };

  checkTimes("GetObject", {}, scripted([]));
  checkTimes("GetObject", {
    connectTimeoutMs: 1,
    readTimeoutMs: 0.5,
    attemptTimeoutMs: Infinity,
    totalTimeoutMs: 2 ** 31 - 1,
  }, transport);
});

Deno.test("checkTimes refuses what is no time", () => {
  for (const ms of [0, -1, NaN, 2 ** 31]) {
    const error = assertThrows(
      () => checkTimes("GetObject", { readTimeoutMs: ms }, scripted([])),
      ConfigError,
      `Cannot call GetObject as readTimeoutMs must be a number of milliseconds above 0 and up to 2147483647, or Infinity for no limit: current value is ${ms}`,
    );
    assertEquals(error.code, "InvalidTimeLimit");
  }
});

Deno.test("checkTimes refuses a connect limit that the transport does not keep", () => {
  const error = assertThrows(
    () => checkTimes("GetObject", { connectTimeoutMs: 5 }, scripted([])),
    ConfigError,
    "the transport does not keep a connect limit",
  );

  assertEquals(error.code, "ContradictoryOptions");
});
