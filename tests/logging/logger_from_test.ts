import { assertEquals, assertStrictEquals } from "@std/assert";
import { SinkLogger } from "../../src/foundation/log.ts";
import { loggerFrom, type LogTarget } from "../../src/logging/logger_from.ts";

function recording(): LogTarget & { readonly lines: string[] } {
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
  const target = recording();
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
  const target = recording();
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
  const target = { ...recording(), level: 30, levelName: "WARN" };
  const logger = loggerFrom(target);

  logger.info("a");
  target.level = 20;
  logger.info("b");

  assertEquals(target.lines, ["I inia: b"]);
});

Deno.test("loggerFrom asks isLevelEnabled where there is one", () => {
  const target = {
    ...recording(),
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
