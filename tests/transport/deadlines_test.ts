import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import {
  ConfigError,
  TimeoutError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type {
  HttpRequest,
  HttpResponse,
  ResponseBody,
  SendOptions,
  Transport,
} from "../../src/ports/http.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { withDeadlines } from "../../src/transport/in_flight_request.ts";
import { countingSignal } from "./counting_signal.ts";
import { bytesOf, caught, piecesOf, requestTo } from "./requests.ts";

const REQUEST = requestTo("https://example.com");

Deno.test("withDeadlines gives up on a transport that never answers", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(never(), clock);

  const sent = transport.send(REQUEST);
  clock.advance(59_999);
  const early = await outcome(sent);
  clock.advance(1);

  const error = await assertRejects(() => sent, TimeoutError);
  assertEquals(early, "pending");
  assertEquals([error.limit, error.limitMs], ["read", 60_000]);
});

Deno.test("withDeadlines tells the transport that it gave up", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const signals: AbortSignal[] = [];
  const transport = withDeadlines(
    transportOf((_, { signal }) => {
      if (signal !== undefined) signals.push(signal);
      return new Promise(() => {});
    }),
    clock,
    { readTimeoutMs: 5 },
  );

  const sent = transport.send(REQUEST);
  clock.advance(5);

  const error = await assertRejects(() => sent, TimeoutError);
  assertStrictEquals(signals[0]?.reason, error);
});

Deno.test("withDeadlines cancels an answer that comes too late", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const late = Promise.withResolvers<HttpResponse>();
  const cancelled = Promise.withResolvers<void>();
  const transport = withDeadlines(transportOf(() => late.promise), clock);
  const sent = transport.send(REQUEST);
  clock.advance(60_000);
  await assertRejects(() => sent, TimeoutError);

  late.resolve(answer({
    ...bodyOf([]),
    cancel: () => Promise.resolve(cancelled.resolve()),
  }));

  await cancelled.promise;
});

Deno.test("withDeadlines counts silence from the last piece", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const pieces = scripted();
  const transport = withDeadlines(
    transportOf(() => Promise.resolve(answer(pieces.body))),
    clock,
    { readTimeoutMs: 100 },
  );
  const { body } = await transport.send(REQUEST);
  const whole = body?.bytes() ?? Promise.reject();

  for (let count = 0; count < 5; count++) {
    await outcome(whole);
    clock.advance(99);
    pieces.push("a");
    await outcome(whole);
  }
  clock.advance(100);

  const error = await assertRejects(() => whole, TimeoutError);
  assertEquals(error.limit, "read");
  assertEquals(error.message.includes("after 5 bytes"), true);
});

Deno.test("withDeadlines does not count the time between two reads", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(
    transportOf(() => Promise.resolve(answer(bodyOf(["a", "b", "c"])))),
    clock,
    { readTimeoutMs: 100, attemptTimeoutMs: 100 },
  );
  const { body } = await transport.send(REQUEST);
  const read: string[] = [];

  for await (const piece of body?.open() ?? []) {
    clock.advance(1_000);
    read.push(text(piece));
  }

  assertEquals(read, ["a", "b", "c"]);
});

Deno.test("withDeadlines adds the waits of an attempt up", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const pieces = scripted();
  const transport = withDeadlines(
    transportOf(() => Promise.resolve(answer(pieces.body))),
    clock,
    { attemptTimeoutMs: 250 },
  );
  const { body } = await transport.send(REQUEST);
  const reader = body?.open().getReader();
  for (const piece of ["a", "b"]) {
    const read = reader?.read() ?? Promise.reject();
    await outcome(read);
    clock.advance(100);
    pieces.push(piece);
    await read;
    clock.advance(10_000);
  }

  const last = reader?.read() ?? Promise.reject();
  await outcome(last);
  clock.advance(50);

  const error = await assertRejects(() => last, TimeoutError);
  assertEquals([error.limit, error.limitMs], ["attempt", 250]);
});

Deno.test("withDeadlines excuses the server while a body of bytes goes out", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(never(), clock, { readTimeoutMs: 1_000 });
  const body = new Uint8Array(125_000);

  const sent = transport.send({ ...REQUEST, method: "PUT", body });
  clock.advance(1_999);
  const early = await outcome(sent);
  clock.advance(1);

  await assertRejects(() => sent, TimeoutError);
  assertEquals(early, "pending");
});

Deno.test("withDeadlines does not count while the source of an upload is slow", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const source = scripted();
  const upload = Promise.withResolvers<ReadableStream<Uint8Array>>();
  const transport = withDeadlines(
    transportOf(({ body }) => {
      if (body !== undefined && !(body instanceof Uint8Array)) {
        upload.resolve(body.open());
      }
      return new Promise(() => {});
    }),
    clock,
    { readTimeoutMs: 100 },
  );

  const sent = transport.send({
    ...REQUEST,
    method: "PUT",
    body: { length: 1, replayable: false, open: source.body.open },
  });
  const reader = (await upload.promise).getReader();
  const read = reader.read();
  clock.advance(10_000);
  const early = await outcome(sent);
  source.push("a");
  await read;
  clock.advance(100);

  await assertRejects(() => sent, TimeoutError);
  assertEquals(early, "pending");
});

Deno.test("withDeadlines throws what the source of an upload throws", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const reason = new Error("no such file");
  const transport = withDeadlines(
    transportOf(async ({ body }) => {
      if (body !== undefined && !(body instanceof Uint8Array)) {
        await Array.fromAsync(body.open()).catch(() => {});
      }
      throw new TypeError("fetch failed");
    }),
    clock,
  );
  const open = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ pull: () => Promise.reject(reason) });

  const error = await assertRejects(() =>
    transport.send({
      ...REQUEST,
      method: "PUT",
      body: { length: 1, replayable: false, open },
    })
  );

  assertStrictEquals(error, reason);
});

Deno.test("withDeadlines throws the reason of the signal, at any moment", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const reason = { mine: true };
  const waiting = withDeadlines(never(), clock);
  const reading = withDeadlines(
    transportOf(() => Promise.resolve(answer(scripted().body))),
    clock,
  );

  const before = await caught(() =>
    waiting.send(REQUEST, { signal: AbortSignal.abort(reason) })
  );
  const during = await caught(async () => {
    const controller = new AbortController();
    const sent = waiting.send(REQUEST, { signal: controller.signal });
    controller.abort(reason);
    await sent;
  });
  const inBody = await caught(async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const read = bytesOf(await reading.send(REQUEST, { signal }));
    controller.abort(reason);
    await read;
  });
  const betweenReads = await caught(async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { body } = await reading.send(REQUEST, { signal });
    const reader = body?.open().getReader();
    controller.abort(reason);
    await reader?.read();
  });

  for (const error of [before, during, inBody, betweenReads]) {
    assertStrictEquals(error, reason);
  }
});

Deno.test("withDeadlines leaves no listener on the signal", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const { signal, listeners } = countingSignal();
  const short = { "content-length": "9" };
  const bodies = [
    () => answer(bodyOf(["a"])),
    () => answer(bodyOf(["a"]), short),
    () => answer(null),
    () => Promise.reject(new TransportError("reset", "", { maybeSent: true })),
  ];

  for (const body of bodies) {
    const transport = withDeadlines(
      transportOf(async () => await body()),
      clock,
    );
    for (const readAll of [bytesOf, piecesOf, cancelled]) {
      await caught(async () =>
        await readAll(await transport.send(REQUEST, { signal }))
      );
      assertEquals(listeners(), 0);
    }
  }
});

Deno.test("withDeadlines does not accept a body that is too short", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(
    transportOf(() =>
      Promise.resolve(
        answer(bodyOf(["hel", "lo"]), { "content-length": "6" }),
      )
    ),
    clock,
  );

  for (const readAll of [bytesOf, piecesOf]) {
    const error = await assertRejects(
      async () => await readAll(await transport.send(REQUEST)),
      TransportError,
      "it ended after 5 of 6 bytes",
    );
    assertEquals([error.kind, error.maybeSent], ["cut", true]);
  }
});

Deno.test("withDeadlines gives another error of a body its own words", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const cause = new TypeError("stream broke");
  const broken: ResponseBody = {
    ...bodyOf([]),
    open: () => new ReadableStream({ pull: () => Promise.reject(cause) }),
  };
  const transport = withDeadlines(
    transportOf(() => Promise.resolve(answer(broken))),
    clock,
  );

  for (const readAll of [bytesOf, piecesOf]) {
    const error = await assertRejects(
      async () => await readAll(await transport.send(REQUEST)),
      TransportError,
    );
    assertEquals(error.kind, "cut");
    assertStrictEquals(error.cause, cause);
  }
});

Deno.test("withDeadlines leaves a transport alone that keeps its own", () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const own: Transport = { ...never(), limits: ["read", "attempt"] };

  const once = withDeadlines(never(), clock);

  assertStrictEquals(withDeadlines(own, clock), own);
  assertStrictEquals(withDeadlines(once, clock), once);
});

Deno.test("withDeadlines has no limit for Infinity", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(never(), clock, { readTimeoutMs: Infinity });

  const sent = transport.send(REQUEST);
  clock.advance(1e12);

  assertEquals(await outcome(sent), "pending");
});

Deno.test("withDeadlines refuses a limit that is no time", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const transport = withDeadlines(never(), clock);

  for (const readTimeoutMs of [0, -1, NaN]) {
    await assertRejects(
      () => transport.send(REQUEST, { readTimeoutMs }),
      ConfigError,
      `readTimeoutMs must be a number of milliseconds > 0, or Infinity for no limit: current value is ${readTimeoutMs}`,
    );
  }
});

function transportOf(
  send: (
    request: HttpRequest,
    options: SendOptions,
  ) => Promise<HttpResponse>,
): Transport {
  return {
    send: (request, options = {}) => send(request, options),
    [Symbol.dispose]: () => {},
  };
}

function never(): Transport {
  return transportOf(() => new Promise(() => {}));
}

function answer(
  body: ResponseBody | null,
  headers: HttpResponse["headers"] = {},
): HttpResponse {
  return { status: 200, headers, body };
}

function bodyOf(pieces: readonly string[]): ResponseBody {
  return {
    open: () => ReadableStream.from(pieces.map(utf8)),
    bytes: () => Promise.resolve(utf8(pieces.join(""))),
    cancel: () => Promise.resolve(),
  };
}

/** A body whose pieces come when the test says so. */
function scripted(): { body: ResponseBody; push(piece: string): void } {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const writer = writable.getWriter();
  return {
    body: { ...bodyOf([]), open: () => readable },
    push: (piece) => void writer.write(utf8(piece)),
  };
}

async function cancelled({ body }: HttpResponse): Promise<void> {
  await body?.cancel();
}

/** Whether a promise has settled once all that is due has run. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  const settle = (): void => {
    state = "settled";
  };
  promise.then(settle, settle);
  await new Promise((resolve) => setTimeout(resolve, 0));
  return state;
}
