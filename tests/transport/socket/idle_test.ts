/** What a server sends on an idle connection is no answer to the next request. */
import { assertEquals, assertRejects } from "@std/assert";
import { TransportError } from "../../../src/foundation/errors.ts";
import { ForgottenBodies } from "../../../src/transport/socket/body.ts";
import {
  type Call,
  Connection,
} from "../../../src/transport/socket/connection.ts";
import { DialProgress, routeTo } from "../../../src/transport/socket/dial.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { Timers } from "../../../src/transport/socket/timers.ts";
import { HostileServer, ok } from "../hostile_server.ts";
import { bytesOf, requestTo } from "../requests.ts";

const ORIGIN = "http://store.example";
const ROUTE = routeTo(ORIGIN, false);

/** A connection whose bytes come when the test says so. */
class Line implements Deno.Conn {
  readonly localAddr: Deno.Addr = address(1);
  readonly remoteAddr: Deno.Addr = address(80);
  readonly readable = new ReadableStream<Uint8Array<ArrayBuffer>>();
  readonly writable = new WritableStream<Uint8Array>();
  /** What was written. */
  written = "";
  isClosed = false;
  #come: ((text: string) => void) | undefined;

  async read(room: Uint8Array): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#come = resolve;
    return new TextEncoder().encodeInto(await promise, room).written;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  }

  /** Brings bytes to whoever reads. */
  comes(text: string): void {
    this.#come?.(text);
  }

  close(): void {
    this.isClosed = true;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  ref(): void {}
  unref(): void {}
  [Symbol.dispose](): void {
    this.close();
  }
}

function address(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "127.0.0.1", port };
}

/** A connection that has carried an exchange and idles, and its clock. */
async function idleOne(): Promise<{
  readonly line: Line;
  readonly connection: Connection;
  readonly isClosed: () => boolean;
  readonly passMs: (ms: number) => void;
  readonly exchange: () => Promise<Uint8Array>;
}> {
  const line = new Line();
  let nowMs = 0;
  let closed = 0;
  const timers = new Timers({
    now: () => new Date(nowMs),
    timer: () => ({ [Symbol.dispose]: () => {} }),
  });
  const connection: Connection = new Connection(
    line,
    ROUTE,
    new DialProgress(),
    {
      timers,
      forgotten: new ForgottenBodies(undefined),
      release: (connection, keep) =>
        keep ? connection.rest() : connection.close(),
      again: (_call, failed) => Promise.reject(failed?.error),
      refused: (_call, _connection, response) => Promise.resolve(response),
      closed: () => closed++,
      timedOut: () => {},
    },
  );
  const exchange = async (): Promise<Uint8Array> => {
    const exchanging = connection.exchange(callAt(nowMs));
    await Promise.resolve();
    line.comes(ok("first"));
    return await bytesOf(await exchanging);
  };
  assertEquals((await exchange()).length, 5);
  return {
    line,
    connection,
    isClosed: () => closed === 1 && line.isClosed,
    passMs: (ms) => nowMs += ms,
    exchange,
  };
}

function callAt(startMs: number): Call {
  return {
    request: requestTo(ORIGIN),
    route: ROUTE,
    head: "GET / HTTP/1.1\r\nhost: store.example\r\n\r\n",
    expects: false,
    limits: {
      connectTimeoutMs: Infinity,
      readTimeoutMs: Infinity,
      attemptTimeoutMs: Infinity,
      queueTimeoutMs: Infinity,
    },
    attemptLeftMs: Infinity,
    signal: undefined,
    startMs,
    timeline: {},
    onSent: undefined,
    onDialled: undefined,
    mayRepeat: true,
    maxIdleMs: Infinity,
    opened: false,
  };
}

Deno.test("a connection is taken again where nothing came", async () => {
  for (const idleMs of [0, 99, 100, 5_000]) {
    const { line, connection, passMs, exchange } = await idleOne();
    passMs(idleMs);

    assertEquals(await connection.take(), true);

    assertEquals((await exchange()).length, 5);
    assertEquals(line.isClosed, false);
  }
});

Deno.test("a connection on which something came unasked is closed at once", async () => {
  for (
    const text of [ok("evil"), "x", "HTTP/1.1 408 Request Timeout\r\n\r\n"]
  ) {
    const { line, isClosed } = await idleOne();

    line.comes(text);
    await new Promise((resolve) => setTimeout(resolve, 0));

    assertEquals(isClosed(), true);
  }
});

Deno.test("a connection is not taken where bytes come at the same moment", async () => {
  const { line, connection, isClosed } = await idleOne();
  const before = line.written;

  // The platform tells of both in one turn, of the bytes last.
  const { promise, resolve } = Promise.withResolvers<void>();
  const taking = promise.then(() => connection.take());
  resolve();
  line.comes(ok("evil"));

  assertEquals(await taking, false);
  assertEquals(isClosed(), true);
  assertEquals(line.written, before);
});

Deno.test("a connection that has idled is not taken where bytes came while the program was busy", async () => {
  const { line, connection, isClosed, passMs } = await idleOne();
  passMs(100);
  // It came before, but the program hears of it at its next turn.
  setTimeout(() => line.comes(ok("evil")), 0);

  assertEquals(await connection.take(), false);
  assertEquals(isClosed(), true);
});

Deno.test("SocketTransport opens a new connection where the idle one spoke unasked", async () => {
  for (const isClosing of [false, true]) {
    let read = (): void => {};
    let spoke = (): void => {};
    await using server = new HostileServer(async (peer) => {
      const isRead = new Promise<void>((resolve) => read = resolve);
      await peer.head();
      await peer.send(ok("asked"));
      await isRead;
      await peer.send(ok("evil"));
      if (isClosing) peer.close();
      spoke();
      await peer.drain();
    });
    using transport = new SocketTransport();
    for (const method of ["GET", "POST", "GET"] as const) {
      const hasSpoken = new Promise<void>((resolve) => spoke = resolve);
      const response = await transport.send(
        requestTo(server.origin, { method }),
      );
      assertEquals((await bytesOf(response)).length, 5);
      read();
      await hasSpoken;
      // It is in the machine now, and seen at the next turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals(server.connections, 3);
  }
});

Deno.test("SocketTransport closes a connection on which bytes come while its answer is read", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(`${ok("asked")}HTTP`);
    await peer.drain();
  });
  using transport = new SocketTransport();
  await bytesOf(await transport.send(requestTo(server.origin)));
  await bytesOf(await transport.send(requestTo(server.origin)));
  assertEquals(server.connections, 2);
});

const LARGE = 3 * 1_024 * 1_024;
const REFUSED =
  "HTTP/1.1 417 Expectation Failed\r\ncontent-length: 2\r\n\r\nno";

/** Refuses whoever asks first, as old proxies do. */
function unasking(): HostileServer {
  return new HostileServer(async (peer) => {
    for (;;) {
      const head = await peer.head();
      if (/\r\nexpect:/i.test(head)) {
        await peer.send(REFUSED);
        await peer.drain();
      }
      const [, rest = ""] = head.split("\r\n\r\n");
      let left = LARGE - rest.length;
      while (left > 0) left -= await peer.take();
      await peer.send(ok("stored"));
    }
  });
}

Deno.test("SocketTransport asks no second time where the server does not know the question", async () => {
  await using server = unasking();
  using transport = new SocketTransport();
  for (const body of [new Uint8Array(LARGE), bodyOf(true), bodyOf(false)]) {
    const response = await transport.send(
      requestTo(server.origin, { method: "PUT", body }),
    );
    assertEquals(response.status, 200);
    assertEquals((await bytesOf(response)).length, 6);
  }
  // Only the first one asked; the others knew.
  assertEquals(
    server.heads.map((head) => /\r\nexpect:/i.test(head)),
    [true, false, false, false],
  );
});

Deno.test("SocketTransport gives the 417 back where the body has gone, and where it comes again", async () => {
  {
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.take();
      await peer.send(REFUSED);
      await peer.drain();
    });
    using transport = new SocketTransport();
    const response = await transport.send(
      requestTo(server.origin, { method: "PUT", body: bodyOf(false) }),
    );
    assertEquals(response.status, 417);
    await bytesOf(response);
    assertEquals(server.heads.length, 1);
  }
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(REFUSED);
    await peer.drain();
  });
  using transport = new SocketTransport();
  const response = await transport.send(
    requestTo(server.origin, {
      method: "PUT",
      body: new Uint8Array(LARGE),
      headers: { expect: "100-continue" },
    }),
  );
  assertEquals([response.status, server.heads.length], [417, 2]);
  await bytesOf(response);
});

Deno.test("SocketTransport stops at the attempt's limit where the second request is silent", async () => {
  await using server = new HostileServer(async (peer, connection) => {
    await peer.head();
    if (connection === 1) await peer.send(REFUSED);
    await peer.drain();
  });
  using transport = new SocketTransport();
  await assertRejects(
    () =>
      transport.send(
        requestTo(server.origin, {
          method: "PUT",
          body: new Uint8Array(LARGE),
        }),
        { attemptTimeoutMs: 150 },
      ),
    TransportError,
    "150 ms",
  );
});

/** A body as a stream. */
function bodyOf(replayable: boolean): {
  readonly length: number;
  readonly replayable: boolean;
  open(): ReadableStream<Uint8Array>;
} {
  return {
    length: LARGE,
    replayable,
    open: () => ReadableStream.from([new Uint8Array(LARGE)]),
  };
}
