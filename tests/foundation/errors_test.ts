import {
  PreconditionError,
  ServiceError,
  TimeoutError,
} from "../../src/foundation/errors.ts";
import { timelineWords } from "../../src/foundation/metadata.ts";
import { assertEquals } from "@std/assert";

Deno.test("PreconditionError carries the facts of the refused call", () => {
  const cause = new ServiceError("no", {
    code: "PreconditionFailed",
    operation: "PutObject",
    status: 412,
    headers: {},
    fields: {},
  });
  const metadata = { HTTPHeaders: {}, RetryAttempts: 0, Attempts: [] };
  cause.ResponseMetadata = metadata;

  const error = new PreconditionError("exists", "Cannot create", { cause });

  assertEquals(error.name, "PreconditionError");
  assertEquals(error.kind, "exists");
  assertEquals(error.cause, cause);
  assertEquals(error.ResponseMetadata, metadata);
});

Deno.test("PreconditionError stands without a cause", () => {
  const error = new PreconditionError("changed", "Cannot replace");

  assertEquals(error.ResponseMetadata, undefined);
});

Deno.test("timelineWords tells what was reached, in order", () => {
  const words = timelineWords({
    firstByteMs: 12.2,
    sentMs: 0,
    waitedMs: 1_500,
  });

  assertEquals(
    words,
    "waited 1500 ms between attempts, handed over after 0 ms, first byte after 13 ms",
  );
  assertEquals(timelineWords({}), "");
});

Deno.test("TimeoutError tells how far the attempt came, once", () => {
  const error = new TimeoutError("read", 40, "Cannot wait", {
    maybeSent: true,
  });

  error.place({ sentMs: 1 });
  error.place({ sentMs: 2, queuedMs: 5 });

  assertEquals(error.timeline, { sentMs: 2, queuedMs: 5 });
  assertEquals(
    error.message,
    "Cannot wait; queued for 5 ms, handed over after 2 ms",
  );
  assertEquals(error.stack?.split("\n")[0], `TimeoutError: ${error.message}`);
});
