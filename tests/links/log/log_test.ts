import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as log from "@std/log";
import { BaseHandler } from "@std/log/base-handler";
import { ConsoleHandler } from "@std/log/console-handler";
import { jsonFormatter } from "@std/log/formatters";
import { getLogger } from "@std/log/get-logger";
import { getLevelByName, getLevelName, LogLevels } from "@std/log/levels";
import { Logger, LogRecord } from "@std/log/logger";
import { setup } from "@std/log/setup";

class ListHandler extends BaseHandler {
  lines: string[] = [];
  life: string[] = [];
  override setup(): void {
    this.life.push("setup");
  }
  override destroy(): void {
    this.life.push("destroy");
  }
  log(msg: string): void {
    this.lines.push(msg);
  }
}

/** The text a message is logged as. */
function textOf(message: unknown): string | undefined {
  const handler = new ListHandler("NOTSET", { formatter: ({ msg }) => msg });
  new Logger("t", "NOTSET", { handlers: [handler] }).info(message);
  return handler.lines[0];
}

Deno.test("log levels", () => {
  assertEquals(log.LogLevelNames.map(getLevelByName), [0, 10, 20, 30, 40, 50]);
  assertStrictEquals(getLevelName(LogLevels.WARN), "WARN");
  assertThrows(
    () => Reflect.apply(getLevelByName, undefined, ["LOUD"]),
    Error,
    "Cannot get log level: no level named LOUD",
  );
  assertThrows(
    () => Reflect.apply(getLevelName, undefined, [7]),
    Error,
    "Cannot get log level: no name for level: 7",
  );
});

Deno.test("log methods drop what is below the level of logger or handler", () => {
  const handler = new ListHandler("WARN");
  const logger = new Logger("t", "INFO", { handlers: [handler] });
  for (
    const name of ["debug", "info", "warn", "error", "critical"] as const
  ) logger[name](name);
  assertEquals(handler.lines, [
    "WARN warn",
    "ERROR error",
    "CRITICAL critical",
  ]);
  logger.level = LogLevels.CRITICAL;
  assertStrictEquals(logger.levelName, "CRITICAL");
  logger.levelName = "DEBUG";
  handler.levelName = "NOTSET";
  assertStrictEquals(handler.level, 0);
  handler.level = LogLevels.DEBUG;
  logger.debug("more");
  assertStrictEquals(handler.lines.at(-1), "DEBUG more");
  assertThrows(
    () => Reflect.set(logger, "level", 7),
    TypeError,
    "Invalid log level: 7",
  );
});

Deno.test("log methods return the message, and call functions if needed", () => {
  const logger = new Logger("t", "INFO");
  const message = { a: 1 };
  assertStrictEquals(logger.debug(message), message);
  assertStrictEquals(logger.info(message), message);
  const result: number | undefined = logger.info(() => 7);
  assertStrictEquals(result, 7);
  let calls = 0;
  assertStrictEquals(logger.debug(() => ++calls), undefined);
  assertStrictEquals(calls, 0);
});

Deno.test("log messages become text", () => {
  const error = new Error("broken");
  const texts: [unknown, string | undefined][] = [
    ["a", "a"],
    [1n, "1"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"],
    [["a", 1], '{"0":"a","1":1}'],
    [{ a: { b: 'q"' }, c: undefined }, '{"a":{"b":"q""},"c":undefined}'],
    [{ f: () => 1 }, '{"f":undefined}'],
    [() => () => 1, "undefined"],
    [error, error.stack],
  ];
  for (const [message, text] of texts) {
    assertStrictEquals(textOf(message), text);
  }
});

Deno.test("log records keep their data to themselves", () => {
  const args = [1, "x"];
  const level = LogLevels.INFO;
  const record = new LogRecord({ msg: "m", args, level, loggerName: "t" });
  args.push(2);
  record.args.push(3);
  record.datetime.setTime(0);
  assertEquals(record.args, [1, "x"]);
  assert(Math.abs(record.datetime.getTime() - Date.now()) < 1000);
  assertStrictEquals(record.levelName, "INFO");
  assertStrictEquals(record.loggerName, "t");
  const json = JSON.parse(jsonFormatter(record));
  assertEquals(json, {
    level: "INFO",
    datetime: record.datetime.getTime(),
    message: "m",
    args: [1, "x"],
  });
  for (const given of [[], [7]]) {
    const one = new LogRecord({ msg: "m", args: given, level, loggerName: "" });
    const json = log.formatters.jsonFormatter(one);
    assertStrictEquals(JSON.parse(json).args, given[0]);
  }
});

Deno.test("log console handler colours by level", () => {
  const painted: [log.LogLevel, string][] = [
    [LogLevels.DEBUG, "DEBUG m"],
    [LogLevels.INFO, "\x1b[34mINFO m\x1b[39m"],
    [LogLevels.WARN, "\x1b[33mWARN m\x1b[39m"],
    [LogLevels.ERROR, "\x1b[31mERROR m\x1b[39m"],
    [LogLevels.CRITICAL, "\x1b[1m\x1b[31mCRITICAL m\x1b[39m\x1b[22m"],
  ];
  const plain = new ConsoleHandler("DEBUG", { useColors: false });
  for (const [level, text] of painted) {
    const record = new LogRecord({ msg: "m", args: [], level, loggerName: "" });
    const bare = `${getLevelName(level)} m`;
    assertStrictEquals(plain.format(record), bare);
    assertStrictEquals(
      new ConsoleHandler("DEBUG").format(record),
      Deno.noColor ? bare : text,
    );
  }
});

Deno.test("log setup replaces loggers and handlers", () => {
  const unknown = getLogger("t");
  assertStrictEquals(unknown.level, LogLevels.NOTSET);
  assertEquals(unknown.handlers, []);
  assertStrictEquals(getLogger("t"), unknown);
  assertInstanceOf(getLogger().handlers[0], ConsoleHandler);

  const list = new ListHandler("DEBUG");
  setup({
    handlers: { list },
    loggers: { t: { level: "DEBUG", handlers: ["list", "none"] }, u: {} },
  });
  unknown.info("lost");
  assertNotStrictEquals(getLogger("t"), unknown);
  getLogger("t").debug("kept", { extra: 1 });
  assertEquals(list.lines, ["DEBUG kept"]);
  assertEquals(getLogger("t").handlers, [list]);
  assertStrictEquals(getLogger("u").levelName, "INFO");
  assertInstanceOf(getLogger("").handlers[0], ConsoleHandler);

  setup({});
  assertEquals(list.life, ["setup", "destroy"]);
  assertEquals(getLogger("t").handlers, []);
});

Deno.test("log functions use the default logger", () => {
  const list = new ListHandler("DEBUG");
  setup({
    handlers: { list },
    loggers: { default: { level: "INFO", handlers: ["list"] } },
  });
  assertStrictEquals(log.debug(() => "no"), undefined);
  assertStrictEquals(log.info("a"), "a");
  assertStrictEquals(log.warn(() => "b"), "b");
  log.error("c");
  log.critical("d");
  assertEquals(list.lines, ["INFO a", "WARN b", "ERROR c", "CRITICAL d"]);
  setup({});
});

Deno.test("log handlers are disposable", () => {
  const handler = new ListHandler("DEBUG");
  {
    using used = handler;
    used.log("x");
  }
  assertEquals(handler.life, ["destroy"]);
});
