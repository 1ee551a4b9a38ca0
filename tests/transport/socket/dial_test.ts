import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type AwsError,
  TransportError,
} from "../../../src/foundation/errors.ts";
import { FixedClock } from "../../../src/testing/fake_system.ts";
import {
  dial,
  DialProgress,
  type Network,
  routeTo,
} from "../../../src/transport/socket/dial.ts";
import { dialFault } from "../../../src/transport/socket/faults.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { Timers } from "../../../src/transport/socket/timers.ts";
import { isSocket, newTransport, overBoth } from "../../both_transports.ts";
import { answering, HostileServer, ok } from "../hostile_server.ts";
import { bytesOf, requestTo } from "../requests.ts";
import { AUTHORITY } from "../tls_server.ts";

const TWO = ["192.0.2.1", "2001:db8::1"];
const LIMIT_MS = 1_000;

/** How a dial fails; `until` moves the clock meanwhile. */
async function failureOf(
  network: Network,
  until: (clock: FixedClock) => Promise<void> | void = () => {},
): Promise<{ readonly error: AwsError; readonly progress: DialProgress }> {
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  const progress = new DialProgress();
  const request = requestTo("http://store.example");
  const route = routeTo(request.origin, false);
  const dialling = dial(route, progress, {
    network,
    timers: new Timers(clock),
    connectTimeoutMs: LIMIT_MS,
    signal: undefined,
    caCerts: [],
    clientCertificate: undefined,
  });
  const failed = assertRejects(() => dialling, Error);
  await until(clock);
  const error = dialFault(await failed, request, route, progress, LIMIT_MS);
  return { error, progress };
}

/** Never opens a connection, and hangs up with its signal. */
function blackHole({ signal }: Deno.ConnectOptions): Promise<never> {
  return new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason))
  );
}

/** Lets what is ready happen. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("dial names all addresses that refuse", async () => {
  const { error } = await failureOf({
    connect: () => Promise.reject(new Deno.errors.ConnectionRefused("no")),
    lookUp: () => Promise.resolve(TWO),
  });

  assertInstanceOf(error, TransportError);
  assertEquals([error.kind, error.phase, error.maybeSent], [
    "refused",
    "connect",
    false,
  ]);
  assertStringIncludes(
    error.message,
    "the server cannot be reached at any of 192.0.2.1, 2001:db8::1 (phase connect)",
  );
});

Deno.test("dial names all addresses that do not answer in time", async () => {
  const { error, progress } = await failureOf({
    connect: blackHole,
    lookUp: () => Promise.resolve(TWO),
  }, async (clock) => {
    clock.advance(LIMIT_MS / 2);
    await settled();
    clock.advance(LIMIT_MS / 2);
  });

  assertEquals(progress.timedOut, true);
  assertStringIncludes(
    error.message,
    "no connection at any of 192.0.2.1, 2001:db8::1 after 1000 ms (connectTimeoutMs) (phase connect)",
  );
});

Deno.test("dial says that it is the name, where that takes all the time", async () => {
  const { error, progress } = await failureOf({
    connect: blackHole,
    lookUp: () => new Promise(() => {}),
  }, async (clock) => {
    clock.advance(LIMIT_MS / 2);
    await settled();
    clock.advance(LIMIT_MS / 2);
  });

  assertEquals(progress.phase, "dns");
  assertStringIncludes(
    error.message,
    "its name was not resolved after 1000 ms (connectTimeoutMs) (phase dns)",
  );
});

Deno.test("dial waits no longer than its limit to name the addresses", async () => {
  const { error } = await failureOf({
    connect: () => Promise.reject(new Deno.errors.ConnectionRefused("no")),
    lookUp: () => new Promise(() => {}),
  }, async (clock) => {
    await settled();
    clock.advance(LIMIT_MS);
  });

  assertEquals(error.message.includes("at any of"), false);
});

Deno.test("dial names no address where there is one", async () => {
  const { error } = await failureOf({
    connect: () => Promise.reject(new Deno.errors.ConnectionRefused("no")),
    lookUp: () => Promise.resolve(["192.0.2.1"]),
  });

  assertStringIncludes(error.message, "the server cannot be reached (phase");
});

/** What a client says first over TLS. */
interface Hello {
  /** The host that it wants. */
  readonly name: string | undefined;
  /** The protocols that it speaks. */
  readonly protocols: readonly string[];
}

/** Takes a ClientHello apart: RFC 8446, section 4.1.2; RFC 6066, section 3. */
function helloOf(record: Uint8Array): Hello {
  const view = new DataView(record.buffer, record.byteOffset);
  // Record and message headers, version, random; then three lists.
  let at = 5 + 4 + 2 + 32;
  at += 1 + view.getUint8(at);
  at += 2 + view.getUint16(at);
  at += 1 + view.getUint8(at);
  const end = at + 2 + view.getUint16(at);
  const textAt = (from: number, length: number): string =>
    new TextDecoder().decode(record.subarray(from, from + length));
  let name: string | undefined;
  const protocols: string[] = [];
  for (at += 2; at < end;) {
    const kind = view.getUint16(at);
    const length = view.getUint16(at + 2);
    at += 4;
    if (kind === 0) name = textAt(at + 5, view.getUint16(at + 3));
    if (kind === 16) {
      for (let one = at + 2; one < at + length;) {
        const size = view.getUint8(one);
        protocols.push(textAt(one + 1, size));
        one += 1 + size;
      }
    }
    at += length;
  }
  return { name, protocols };
}

/** A server that notes what clients say first over TLS, also behind a CONNECT. */
function listening(): AsyncDisposable & {
  readonly port: number;
  readonly hellos: Hello[];
  readonly asked: string[];
} {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hellos: Hello[] = [];
  const asked: string[] = [];
  const hear = async (connection: Deno.Conn): Promise<void> => {
    const room = new Uint8Array(16_384);
    let count = await connection.read(room) ?? 0;
    const text = new TextDecoder().decode(room.subarray(0, count));
    if (text.startsWith("CONNECT ")) {
      asked.push(text.split("\r\n")[0] ?? "");
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"),
      );
      count = await connection.read(room) ?? 0;
    }
    // The connect probe of fetch says nothing.
    if (count > 0) hellos.push(helloOf(room.subarray(0, count)));
  };
  const work = (async () => {
    for await (const connection of listener) {
      await hear(connection).catch(() => {});
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    hellos,
    asked,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await work;
    },
  };
}

overBoth(
  "a server is told the host of the URL over TLS, and http/1.1",
  async () => {
    await using server = listening();
    using transport = newTransport({ dialer: false });
    for (const host of ["localhost", "127.0.0.1"]) {
      await assertRejects(
        () => transport.send(requestTo(`https://${host}:${server.port}`)),
        TransportError,
      );
    }

    assertEquals(server.hellos.map(({ name }) => name), [
      "localhost",
      undefined,
    ]);
    for (const { protocols } of server.hellos) {
      assert(protocols.includes("http/1.1"));
    }
  },
);

overBoth("a server behind a proxy is told its own name over TLS", async () => {
  await using server = listening();
  using transport = newTransport({
    dialer: false,
    proxy: `http://127.0.0.1:${server.port}`,
  });
  await assertRejects(
    () => transport.send(requestTo("https://localhost:8443")),
    TransportError,
  );

  assertEquals(server.asked, ["CONNECT localhost:8443 HTTP/1.1"]);
  assertEquals(server.hellos.map(({ name }) => name), ["localhost"]);
});

const TLS = new URL("../../fixtures/tls/", import.meta.url);

overBoth("a request over plain HTTP goes by a proxy with TLS", async () => {
  const asked: string[] = [];
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(new URL("localhost.pem", TLS)),
    key: await Deno.readTextFile(new URL("localhost.key.pem", TLS)),
  });
  const serving = (async () => {
    const connection = await listener.accept();
    const room = new Uint8Array(4_096);
    const count = await connection.read(room) ?? 0;
    asked.push(new TextDecoder().decode(room.subarray(0, count)));
    await connection.write(new TextEncoder().encode(ok("by proxy")));
    connection.close();
  })();
  {
    using transport = newTransport({
      dialer: false,
      caCerts: [AUTHORITY],
      proxy: `https://me:planted@localhost:${listener.addr.port}`,
    });
    // What stands for the host goes to nobody but the proxy.
    const bytes = await bytesOf(
      await transport.send(requestTo("http://localhost:81", { path: "/a" })),
    );
    assertEquals(new TextDecoder().decode(bytes), "by proxy");
  }
  await serving;
  listener.close();
  const [start, ...fields] = asked[0]?.split("\r\n") ?? [];
  assertEquals(start, "GET http://localhost:81/a HTTP/1.1");
  assertEquals(
    fields.includes(`proxy-authorization: Basic ${btoa("me:planted")}`),
    isSocket(),
  );
});

Deno.test("SocketTransport tells the phase write where the server hangs up in a body", async () => {
  await using server = new HostileServer(async (peer) => {
    // What it leaves unread makes the end of the connection a reset.
    await peer.head();
    peer.close();
  });
  using transport = new SocketTransport({ expectContinueBytes: Infinity });
  const body = new Uint8Array(64 * 1_024 * 1_024);
  const error = await assertRejects(
    () => transport.send(requestTo(server.origin, { method: "PUT", body })),
    TransportError,
    "(phase write, 127.0.0.1:",
  );

  assertEquals([error.kind, error.phase, error.maybeSent], [
    "reset",
    "write",
    true,
  ]);
  assertEquals(error.remoteAddress, `127.0.0.1:${server.port}`);
});

Deno.test("SocketTransport sends a body that nobody asked for after a second of its clock", async () => {
  const { promise: headCame, resolve: cameHead } = Promise.withResolvers<
    void
  >();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  let isOpened = false;
  await using server = new HostileServer(async (peer) => {
    const start = await peer.head();
    assertEquals(start.endsWith("\r\n\r\n"), true);
    cameHead();
    await peer.head().catch(() => {});
    await peer.send(ok("stored"));
    await peer.drain();
  });
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  using transport = new SocketTransport({ clock });
  const length = 2 * 1_024 * 1_024;
  const sending = transport.send(requestTo(server.origin, {
    method: "PUT",
    body: {
      length,
      replayable: true,
      open: () => {
        isOpened = true;
        open();
        return new Blob([`\r\n\r\n${"x".repeat(length - 4)}`]).stream();
      },
    },
  }));
  await headCame;
  clock.advance(999);
  await settled();
  assertEquals(isOpened, false);
  clock.advance(1);
  await opened;

  const response = await sending;
  assertEquals([response.status, (await bytesOf(response)).length], [200, 6]);
});

overBoth(
  "onSent tells the bytes of a body that have left, from 0 to its length",
  async () => {
    await using server = new HostileServer(answering(ok("")));
    using transport = newTransport({ dialer: false });
    const MIB = 1_024 * 1_024;
    const streamOf = (length: number) => ({
      length,
      replayable: true,
      open: () => new Blob([new Uint8Array(length)]).stream(),
    });
    for (
      const body of [
        new Uint8Array(5),
        new Uint8Array(5 * MIB),
        streamOf(3 * MIB),
      ]
    ) {
      const told: number[] = [];
      await using peer = new HostileServer(async (peer) => {
        await peer.request();
        await peer.send(ok(""));
      });
      const response = await transport.send(
        requestTo(peer.origin, { method: "PUT", body }),
        { onSent: (bytes) => told.push(bytes) },
      );
      await response.body?.cancel();

      assertEquals([told[0], told.at(-1)], [0, body.length]);
      const steps = told.slice(1).map((bytes, at) => bytes - (told[at] ?? 0));
      // The last one is what is left.
      assert(steps.slice(0, -1).every((step) => step >= 65_536), `${steps}`);
    }
    const told: number[] = [];
    const response = await transport.send(
      requestTo(server.origin),
      { onSent: (bytes) => told.push(bytes) },
    );
    await bytesOf(response);
    assertEquals(told, []);
  },
);
