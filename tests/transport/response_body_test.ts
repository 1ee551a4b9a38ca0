import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { bytesUpTo } from "../../src/foundation/body_content.ts";
import type { HttpResponse, ResponseBody } from "../../src/ports/http.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { withDeadlines } from "../../src/transport/in_flight_request.ts";
import { ByteCounter } from "../../src/transport/response_body.ts";
import { newTransport, overBoth, transportName } from "../both_transports.ts";
import { answering, HostileServer, ok } from "./hostile_server.ts";
import { requestTo } from "./requests.ts";

Deno.test("IncomingBody is read once", async () => {
  const opened = await bodyOf(["hello"]);
  const read = await bodyOf(["hello"]);
  const cancelled = await bodyOf(["hello"]);
  await opened.open().cancel();
  await read.bytes();
  await cancelled.cancel();

  for (const body of [opened, read, cancelled]) {
    assertThrows(() => body.open(), TypeError, "it was read or cancelled");
    await assertRejects(() => body.bytes(), TypeError, "it was read or");
    await body.cancel();
  }
});

Deno.test("IncomingBody reads nothing that nobody asked for", async () => {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      pulled++;
      controller.enqueue(utf8("a"));
    },
  }, { highWaterMark: 0 });
  const body = await guarded(stream, {});

  const reader = body.open().getReader();
  const before = pulled;
  await reader.read();

  assertEquals([before, pulled], [0, 1]);
  await reader.cancel();
});

Deno.test("IncomingBody reads a small rest rather than lose the connection", async () => {
  const { stream, log } = logged(["hel", "lo"]);
  const body = await guarded(stream, { "content-length": "5" });

  await body.cancel();

  assertEquals(log, ["pull hel", "pull lo", "close"]);
});

Deno.test("IncomingBody cancels a large rest, and one of unknown length", async () => {
  for (const headers of [{ "content-length": "65537" }, {}]) {
    const { stream, log } = logged(["hel", "lo"]);
    const body = await guarded(stream, headers);

    await body.cancel("enough");

    assertEquals(log, ["cancel enough"]);
  }
});

Deno.test("IncomingBody treats the rest of an opened body alike", async () => {
  const small = logged(["a".repeat(65_000), "b".repeat(1_000)]);
  const large = logged(["a", "b"]);
  const length = { "content-length": "66000" };

  for (const { stream } of [small, large]) {
    const reader = (await guarded(stream, length)).open().getReader();
    await reader.read();
    await reader.cancel("enough");
  }

  assertEquals(small.log.at(-1), "close");
  assertEquals(large.log, ["pull a", "cancel enough"]);
});

Deno.test("IncomingBody does not wait for ever for a rest that nobody wants", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const { readable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const body = await guarded(readable, { "content-length": "5" }, clock);

  const cancelled = body.cancel();
  clock.advance(1_000);

  await cancelled;
});

Deno.test("IncomingBody may be cancelled while it is read", async () => {
  for (const length of ["5", "100000"]) {
    const { readable } = new TransformStream<
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>
    >();
    const body = await guarded(readable, { "content-length": length });
    const reader = body.open().getReader();
    const read = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 0));

    await reader.cancel();

    assertEquals((await read).done, true);
  }
});

Deno.test("IncomingBody may be cancelled while it is read whole", async () => {
  for (const length of ["5", "100000"]) {
    const { readable } = new TransformStream<
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>
    >();
    const body = await guarded(readable, { "content-length": length });
    const read = body.bytes();

    await body.cancel();

    await assertRejects(() => read, DOMException, "not wanted any more");
  }
});

Deno.test("IncomingBody reads a small body before it is asked", async () => {
  const { stream, log } = logged(["hel", "lo"]);
  const body = await guarded(stream, { "content-length": "5" });
  await new Promise((resolve) => setTimeout(resolve, 0));
  const before = [...log];

  const pieces = await Array.fromAsync(body.open());

  assertEquals(before, ["pull hel", "pull lo", "close"]);
  assertEquals(pieces, [utf8("hello")]);
});

overBoth(
  "a body that is not read keeps the connection of a small rest",
  async () => {
    await using server = new HostileServer(answering(ok("x".repeat(60_000))));
    using transport = newTransport({ dialer: false });

    for (let count = 0; count < 5; count++) {
      const { body } = await transport.send(requestTo(server.origin));
      await body?.cancel();
    }

    assertEquals(server.connections, 1);
  },
);

overBoth(
  "a body that is not read closes the connection of a large rest",
  async () => {
    await using server = new HostileServer(
      answering(ok("x".repeat(5_000_000))),
    );
    using transport = newTransport({ dialer: false });

    for (let count = 0; count < 2; count++) {
      const { body } = await transport.send(requestTo(server.origin));
      await body?.cancel();
    }

    assertEquals(server.connections, 2);
  },
);

Deno.test("IncomingBody hands out an array of its own length", async () => {
  for (const length of [0, 1, 16_384, 16_385, 100_000]) {
    for (const fields of [{ "content-length": `${length}` }, {}]) {
      const stream = new Blob(["x".repeat(length)]).stream();
      const body = await guarded(stream, fields);

      const bytes = await body.bytes();

      assertEquals([bytes.length, bytes.buffer.byteLength], [length, length]);
    }
  }
});

overBoth(
  "a body is read only to a limit, also one whose length nobody states",
  async () => {
    const limit = 100_000;
    for (const length of [0, 1, limit - 1, limit, limit + 1, 3 * limit]) {
      const content = "x".repeat(length);
      for (const answer of [ok(content), chunked(content)]) {
        for (const room of [0, 64 * 1_024, 128 * 1_024]) {
          await using server = new HostileServer(answering(answer));
          using transport = newTransport();
          const { body } = await transport.send(requestTo(server.origin));

          const bytes = body &&
            await bytesUpTo(limit, NO_HEAD, body, new Uint8Array(room));

          assertEquals(
            bytes?.length,
            length > limit ? undefined : length,
          );
        }
      }
    }
  },
);

overBoth(
  "a body without an end is read only to a limit, and its connection closed",
  async () => {
    const closed = Promise.withResolvers<void>();
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
      try {
        while (true) await peer.send(chunk);
      } catch {
        closed.resolve();
      }
    });
    using transport = newTransport();
    const { body } = await transport.send(requestTo(server.origin));

    assertEquals(await body?.bytesWithin?.(100_000), undefined);
    assertEquals(typeof body?.bytesWithin, "function");
    await closed.promise;
  },
);

overBoth(
  "a long body is read into the memory that is given, where that is enough",
  async () => {
    const room = 128 * 1_024;
    for (const length of [70_000, room - 1, room, room + 1, 3 * room]) {
      const content = "abcdefg".repeat(length).slice(0, length);
      const whole = ok(content);
      const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${
        length.toString(16)
      }\r\n${content}\r\n0\r\n\r\n`;
      for (const answer of [whole, chunked]) {
        await using server = new HostileServer(answering(answer));
        using transport = newTransport();
        const { body } = await transport.send(requestTo(server.origin));

        const bytes = await body?.bytes(new Uint8Array(room).fill(1));

        assertEquals(text(bytes ?? new Uint8Array()) === content, true);
        assertEquals(bytes?.byteOffset, 0);
        if (length <= room) assertEquals(bytes?.buffer.byteLength, room);
      }
    }
  },
);

overBoth(
  "forgotten bodies give their connections back, and this is said once",
  async () => {
    const program = new URL("forgotten_program.ts", import.meta.url).href;

    const { stdout, code } = await new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        "--v8-flags=--expose-gc",
        program,
        transportName(),
      ],
    }).output();

    assertEquals([text(stdout).trim().split("\n"), code], [[
      "A response body was neither read nor cancelled and held a connection until it was garbage-collected. Read it, cancel it, or declare it with `await using`. Said once.",
      "unread: given back",
      "opened: given back",
      "half read: given back",
      "read: whole",
    ], 0]);
  },
);

overBoth(
  "a request ends with its limit and its signal, also after a garbage collection",
  async () => {
    const program = new URL("collected_program.ts", import.meta.url).href;

    const { stdout, code } = await new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        "--v8-flags=--expose-gc",
        program,
        transportName(),
      ],
    }).output();

    assertEquals([text(stdout).trim().split("\n"), code], [[
      "head, limit: TimeoutError",
      "head, signal: Enough",
      "by pieces, limit: TimeoutError",
      "by pieces, signal: Enough",
      "whole, limit: TimeoutError",
      "whole, signal: Enough",
      "to a file, limit: TimeoutError",
      "to a file, signal: Enough",
      "late, signal: Enough",
    ], 0]);
  },
);

/** A head that states no length. */
const NO_HEAD = { headers: {} };

/** A complete answer that does not state its length. */
function chunked(body: string): string {
  const chunk = body && `${body.length.toString(16)}\r\n${body}\r\n`;
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
}

async function bodyOf(pieces: readonly string[]): Promise<ResponseBody> {
  return await guarded(logged(pieces).stream, {});
}

async function guarded(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  headers: HttpResponse["headers"],
  clock = new FixedClock("2026-11-22T10:00:00Z"),
): Promise<ResponseBody> {
  const body: ResponseBody = {
    open: () => stream,
    bytes: () => new Response(stream).bytes(),
    cancel: (reason) => stream.cancel(reason),
  };
  const transport = withDeadlines({
    send: () => Promise.resolve({ status: 200, headers, body }),
    [Symbol.dispose]: () => {},
  }, clock);
  const response = await transport.send(requestTo("https://example.com"));
  if (response.body === null) throw new Error("The response has no body");
  return response.body;
}

function logged(
  pieces: readonly string[],
): { stream: ReadableStream<Uint8Array<ArrayBuffer>>; log: string[] } {
  const log: string[] = [];
  const rest = [...pieces];
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      const piece = rest.shift();
      if (piece === undefined) {
        log.push("close");
        controller.close();
      } else {
        log.push(`pull ${piece}`);
        controller.enqueue(utf8(piece));
      }
    },
    cancel(reason): void {
      log.push(`cancel ${reason}`);
    },
  }, { highWaterMark: 0 });
  return { stream, log };
}

Deno.test("ByteCounter counts towards the length that is named", () => {
  const counter = new ByteCounter("10");
  counter.received += 4;

  assertEquals(`${counter}`, "4 of 10 bytes");
  assertEquals(counter.isShort, true);

  counter.received += 6;
  assertEquals(counter.isShort, false);
});

Deno.test("ByteCounter expects nothing where no length is named", () => {
  for (const field of [undefined, "", "-1", "1e3", "ten"]) {
    const counter = new ByteCounter(field);

    assertEquals(counter.expected, undefined);
    assertEquals(counter.isShort, false);
    assertEquals(`${counter}`, "0 bytes");
  }
});
