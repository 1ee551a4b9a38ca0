/**
 * What a message costs that goes nowhere: the aim is under 50 ns.
 *
 * @module
 */
import { setLogSink, SinkLogger } from "../../src/foundation/log.ts";
import { loggerFrom, StreamSink } from "../../src/logging/loggers.ts";

const logger = new SinkLogger("inia").child("endpoint");
const quiet = loggerFrom(console, "error").child("endpoint");
const FIELDS = { attempt: 1 };

Deno.bench("message without a sink", { baseline: true }, () => {
  logger.debug("sent", FIELDS);
});

Deno.bench("message below the level of a logger handed in", () => {
  quiet.debug("sent", FIELDS);
});

const sink = new StreamSink({ write: () => {} });
sink.show("inia", "error", "%(message)s");

Deno.bench("message below the level of a sink", () => {
  setLogSink(sink);
  logger.debug("sent", FIELDS);
  setLogSink(undefined);
});
