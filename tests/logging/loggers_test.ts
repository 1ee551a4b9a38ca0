import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BaseHandler, setup } from "@std/log";
import { ConfigError } from "../../src/foundation/errors.ts";
import { logSink, SinkLogger } from "../../src/foundation/log.ts";
import {
  DEFAULT_FORMAT,
  loggerFrom,
  type LogTarget,
  setStreamLogger,
  stopLogging,
  StreamSink,
  useStdLog,
} from "../../src/logging/loggers.ts";
import type { LogLevel } from "../../src/ports/telemetry.ts";

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

Deno.test("StreamSink writes widths and lengths as Python does", () => {
  // What logging.Formatter of Python 3.11 writes for these formats.
  const written = [
    ["%(levelname)-8s|%(message)s", "INFO    |hello"],
    ["%(levelname)8s|%(message)s", "    INFO|hello"],
    ["%(levelname)2s|%(message).2s", "INFO|he"],
    ["%(name)-6.2s|%(message)6.3s|", "in    |   hel|"],
    ["%(message).0s|%(message)-s|", "|hello|"],
  ] as const;
  for (const [format, line] of written) {
    const { sink, lines } = recording();
    sink.show("inia", "debug", format);

    sink.write("info", "inia.retry", "hello");

    assertEquals(lines, [line]);
  }
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
    'Invalid log level: expected "debug", "info", "warn" or "error", got "DEBUG"',
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

function recordingTarget(): LogTarget & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    debug: (text) => lines.push(`D ${text}`),
    info: (text) => lines.push(`I ${text}`),
    warn: (text) => lines.push(`W ${text}`),
    error: (text) => lines.push(`E ${text}`),
  };
}

Deno.test("loggerFrom writes name, message and facts to the method of the level", () => {
  const target = recordingTarget();
  const logger = loggerFrom(target);

  logger.debug("a");
  logger.child("retry").info("b", { attempt: 1 });
  logger.child("x").child("y").warn("c");
  logger.error("d");

  assertEquals(target.lines, [
    "D inia: a",
    "I inia.retry: b attempt=1",
    "W inia.x.y: c",
    "E inia: d",
  ]);
});

Deno.test("loggerFrom keeps back what is below the level, in children too", () => {
  const target = recordingTarget();
  const logger = loggerFrom(target, "warn").child("retry");

  logger.info("a");
  logger.warn("b");

  assertEquals(target.lines, ["W inia.retry: b"]);
  assertEquals([logger.enabled("info"), logger.enabled("error")], [
    false,
    true,
  ]);
});

Deno.test("loggerFrom asks the target for its level each time", () => {
  const target = { ...recordingTarget(), level: 30, levelName: "WARN" };
  const logger = loggerFrom(target);

  logger.info("a");
  target.level = 20;
  logger.info("b");

  assertEquals(target.lines, ["I inia: b"]);
});

Deno.test("loggerFrom asks isLevelEnabled where there is one", () => {
  const target = {
    ...recordingTarget(),
    level: 30,
    isLevelEnabled: (level: string) => level === "info",
  };
  const logger = loggerFrom(target);

  logger.info("a");
  logger.error("b");

  assertEquals(target.lines, ["I inia: a"]);
});

Deno.test("loggerFrom calls the methods on their target", () => {
  class Counter {
    count = 0;
    debug(): void {
      this.count++;
    }
    info = this.debug;
    warn = this.debug;
    error = this.debug;
  }
  const target = new Counter();

  loggerFrom(target).debug("a");

  assertEquals(target.count, 1);
});

Deno.test("loggerFrom gives a logger of the library back as it is", () => {
  const logger = new SinkLogger("inia");

  assertStrictEquals(loggerFrom(logger), logger);
});

Deno.test("loggerFrom takes the console", () => {
  assertEquals(loggerFrom(console, "error").enabled("warn"), false);
  assertEquals(loggerFrom(console, "error").enabled("error"), true);
});

class Memory extends BaseHandler {
  readonly lines: string[] = [];

  override log(text: string): void {
    this.lines.push(text);
  }
}

Deno.test("useStdLog writes to the logger with the nearest name", () => {
  using _quiet = { [Symbol.dispose]: stopLogging };
  const [all, own, rest] = [
    new Memory("DEBUG"),
    new Memory("DEBUG"),
    new Memory("DEBUG"),
  ];
  const logger = new SinkLogger("inia");
  useStdLog();
  setup({
    handlers: { all, own, rest },
    loggers: {
      "default": { level: "WARN", handlers: ["rest"] },
      "inia": { level: "INFO", handlers: ["all"] },
      "inia.retry": { level: "DEBUG", handlers: ["own"] },
    },
  });

  logger.debug("too little");
  logger.child("endpoint").info("sent", { bytes: 7 });
  logger.child("retry").debug("waits");
  new SinkLogger("other").warn("elsewhere");

  assertEquals(all.lines, ["INFO inia.endpoint: sent bytes=7"]);
  assertEquals(own.lines, ["DEBUG inia.retry: waits"]);
  assertEquals(rest.lines, ["WARN other: elsewhere"]);
});

Deno.test("useStdLog follows the default logger where nothing is set up", () => {
  using _quiet = { [Symbol.dispose]: stopLogging };
  const rest = new Memory("DEBUG");
  setup({
    handlers: { rest },
    loggers: { default: { level: "ERROR", handlers: ["rest"] } },
  });
  useStdLog();
  const logger = new SinkLogger("inia.parsers");

  logger.warn("a");
  logger.error("b");

  assertEquals(logger.enabled("warn"), false);
  assertEquals(rest.lines, ["ERROR inia.parsers: b"]);
});
