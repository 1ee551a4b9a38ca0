import { assertEquals, assertThrows } from "@std/assert";
import { checkCallOptions } from "../../src/client/call_options.ts";
import { ConfigError } from "../../src/foundation/errors.ts";
import type { CallOptions } from "../../src/ports/caller.ts";
import { scripted } from "../scripted_transport.ts";

Deno.test("checkCallOptions lets times pass, and Infinity for no limit", () => {
  const transport = { ...scripted([]), limits: ["connect" as const] };

  checkCallOptions("GetObject", {}, scripted([]));
  checkCallOptions("GetObject", {
    connectTimeoutMs: 1,
    readTimeoutMs: 0.5,
    attemptTimeoutMs: Infinity,
    totalTimeoutMs: 2 ** 31 - 1,
  }, transport);
});

Deno.test("checkCallOptions refuses what is no time", () => {
  for (const ms of [0, -1, NaN, 2 ** 31]) {
    const error = assertThrows(
      () => checkCallOptions("GetObject", { readTimeoutMs: ms }, scripted([])),
      ConfigError,
      `Cannot call GetObject as readTimeoutMs must be a number of milliseconds above 0 and up to 2147483647, or Infinity for no limit: current value is ${ms}`,
    );
    assertEquals(error.code, "InvalidTimeLimit");
  }
});

Deno.test("checkCallOptions refuses a connect limit that the transport does not keep", () => {
  const error = assertThrows(
    () => checkCallOptions("GetObject", { connectTimeoutMs: 5 }, scripted([])),
    ConfigError,
    "the transport does not keep a connect limit",
  );

  assertEquals(error.code, "ContradictoryOptions");
});
Deno.test("checkCallOptions refuses options that a call does not have", () => {
  const options = { timeout: 5 };

  const error = assertThrows(
    () => checkCallOptions("GetObject", options as CallOptions, scripted([])),
    ConfigError,
    'Cannot call GetObject with the option "timeout": the options of a call are signal, connectTimeoutMs',
  );

  assertEquals(error.code, "UnknownOption");
});
