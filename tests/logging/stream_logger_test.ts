import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import { logSink, SinkLogger } from "../../src/foundation/log.ts";
import { DEFAULT_FORMAT } from "../../src/logging/line.ts";
import {
  setStreamLogger,
  stopLogging,
  StreamSink,
} from "../../src/logging/stream_logger.ts";
import type { LogLevel } from "../../src/ports/logger.ts";

const NOW = new Date("2024-02-29T12:34:56.789Z");

function recording(): { readonly sink: StreamSink; readonly lines: string[] } {
  const lines: string[] = [];
  const sink = new StreamSink({
    write: (line) => lines.push(line),
    now: () => NOW,
  });
  return { sink, lines };
}

Deno.test("StreamSink writes a line as boto3 does", () => {
  const { sink, lines } = recording();
  sink.show("inia", "debug", DEFAULT_FORMAT);

  sink.write("warn", "inia.retry", "refused", {
    attempt: 2,
    final: false,
    reason: "slow down",
    code: "SlowDown",
    absent: undefined,
    empty: "",
  });

  assertEquals(lines, [
    '2024-02-29T12:34:56.789Z inia.retry [WARNING] refused attempt=2 final=false reason="slow down" code=SlowDown empty=""',
  ]);
});

Deno.test("StreamSink does not let a value forge a line", () => {
  const { sink, lines } = recording();
  sink.show("inia", "debug", "%(message)s %(other)s %(constructor)s");

  sink.write("info", "inia", "key", { Key: "a\n2024 inia [ERROR] x\u2028" });

  assertEquals(lines, [
    'key Key="a\\n2024 inia [ERROR] x\u2028" %(other)s %(constructor)s',
  ]);
});

Deno.test("StreamSink writes what a function makes of a record", () => {
  const { sink, lines } = recording();
  sink.show("", "debug", (record) => JSON.stringify(record));

  sink.write("info", "inia.endpoint", "sent", { bytes: 7 });

  assertEquals(lines, [
    '{"time":"2024-02-29T12:34:56.789Z","level":"info","name":"inia.endpoint","message":"sent bytes=7"}',
  ]);
});

Deno.test("StreamSink lets the longest name decide", () => {
  const { sink } = recording();
  sink.show("inia", "info", DEFAULT_FORMAT);
  sink.show("inia.endpoint", "error", DEFAULT_FORMAT);
  sink.show("inia.retry", "debug", DEFAULT_FORMAT);

  const shown = (name: string): LogLevel[] =>
    (["debug", "info", "warn", "error"] as const)
      .filter((level) => sink.enabled(level, name));

  assertEquals(shown("inia"), ["info", "warn", "error"]);
  assertEquals(shown("inia.parsers"), ["info", "warn", "error"]);
  assertEquals(shown("inia.endpoint.wire"), ["error"]);
  assertEquals(shown("inia.retry"), ["debug", "info", "warn", "error"]);
  assertEquals(shown("iniazation"), []);
});

Deno.test("setStreamLogger adds to what is shown, for loggers made before too", () => {
  const logger = new SinkLogger("inia").child("retry");
  using _quiet = { [Symbol.dispose]: stopLogging };

  assertEquals(logger.enabled("error"), false);
  setStreamLogger("inia", "error");
  const first = logSink();
  setStreamLogger("inia.retry", "info");

  assertStrictEquals(logSink(), first);
  assertEquals(logger.enabled("info"), true);
  assertEquals(logger.enabled("debug"), false);
  assertEquals(new SinkLogger("inia").enabled("info"), false);
  stopLogging();
  assertEquals(logger.enabled("error"), false);
});

Deno.test("setStreamLogger refuses a level that does not exist", () => {
  const level: unknown = "DEBUG";

  const error = assertThrows(
    () => setStreamLogger("inia", level as LogLevel),
    ConfigError,
  );

  assertEquals(
    error.message,
    'Cannot show messages of level "DEBUG": allowed is "debug", "info", "warn", "error"',
  );
  assertEquals(logSink(), undefined);
});

Deno.test("setStreamLogger refuses loggers of others, and names its own", () => {
  assertThrows(
    () => setStreamLogger("botocore.endpoint"),
    ConfigError,
    'Cannot show the logger "botocore.endpoint": there are "inia" and below it "inia.endpoint"',
  );
  assertEquals(logSink(), undefined);
});
