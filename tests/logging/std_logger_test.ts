import { assertEquals } from "@std/assert";
import { BaseHandler, setup } from "@std/log";
import { SinkLogger } from "../../src/foundation/log.ts";
import { useStdLog } from "../../src/logging/std_logger.ts";
import { stopLogging } from "../../src/logging/stream_logger.ts";

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
