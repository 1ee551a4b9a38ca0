import { assertEquals, assertRejects } from "@std/assert";
import { TransportError } from "../../src/foundation/errors.ts";
import type { BodyTarget } from "../../src/ports/http.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { InFlightRequest } from "../../src/transport/in_flight_request.ts";
import { ByteCounter } from "../../src/transport/response_body.ts";
import { timersOf } from "../../src/transport/runtime.ts";
import {
  type UnreadBody,
  writeSource,
} from "../../src/transport/written_body.ts";
import { requestTo } from "./requests.ts";

/** A body of five bytes, and what becomes of it. */
function bodyFrom(
  origin: string,
  parts: Partial<UnreadBody> = {},
): { readonly body: UnreadBody; readonly log: string[] } {
  const log: string[] = [];
  const exchange = new InFlightRequest(
    requestTo(origin),
    { readTimeoutMs: 1_000, attemptTimeoutMs: Infinity },
    {
      timers: timersOf(new FixedClock("2026-11-22T10:00:00Z")),
      heedsSignal: true,
      onEnd: (_, error) => log.push(error === undefined ? "end" : "failed"),
    },
  );
  const source = new Blob(["hello"]).stream();
  const body = {
    source,
    exchange,
    counter: new ByteCounter("5"),
    spend: () => log.push("spent"),
    ...parts,
  };
  return { body, log };
}

/** A file that takes bytes, each piece a little later. */
function target(length = 5): BodyTarget {
  let written = 0;
  return {
    length,
    get written() {
      return written;
    },
    take: async (source) => {
      for await (const piece of source) written += piece.length;
    },
  };
}

Deno.test("writeSource has a body written, and ends its exchange", async () => {
  const { body, log } = bodyFrom("http://example.com");

  assertEquals(await writeSource(target(), body), true);

  assertEquals([log, body.counter.received], [["spent", "end"], 5]);
});

Deno.test("writeSource leaves alone what is to be read otherwise", async () => {
  const { source } = bodyFrom("http://example.com").body;
  const other = {
    open: () => new Blob().stream(),
    bytes: () => Promise.resolve(new Uint8Array()),
    cancel: () => Promise.resolve(),
  };

  for (
    const { body, log } of [
      // Over TLS pieces are short.
      bodyFrom("https://example.com", { source }),
      bodyFrom("http://example.com", { source: other }),
      bodyFrom("http://example.com", { counter: new ByteCounter("6") }),
      bodyFrom("http://example.com", { counter: new ByteCounter(undefined) }),
    ]
  ) {
    assertEquals(await writeSource(target(), body), false);
    assertEquals(log, []);
  }

  assertEquals(await new Response(source as ReadableStream).text(), "hello");
});

Deno.test("writeSource tells of a body that is short, and of one that breaks", async () => {
  const short = bodyFrom("http://example.com", {
    source: new Blob(["hel"]).stream(),
  });
  const broken = bodyFrom("http://example.com", {
    source: new ReadableStream({
      start: (controller) => controller.error(new TypeError("reset")),
    }),
  });

  const messages = await Promise.all(
    [short, broken].map(async ({ body }) =>
      (await assertRejects(() => writeSource(target(), body), TransportError))
        .message
    ),
  );

  assertEquals(messages.map((message) => /\d of 5 bytes/.exec(message)?.[0]), [
    "3 of 5 bytes",
    "0 of 5 bytes",
  ]);
  for (const { log } of [short, broken]) {
    assertEquals(log, ["spent", "failed"]);
  }
});
