import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { utf8 } from "../../../src/foundation/bytes.ts";
import {
  ConfigError,
  EndpointError,
  TimeoutError,
  TransportError,
} from "../../../src/foundation/errors.ts";
import type { Connection } from "../../../src/transport/socket/connection.ts";
import { routeTo } from "../../../src/transport/socket/dial.ts";
import { Pool } from "../../../src/transport/socket/pool.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { Timers } from "../../../src/transport/socket/timers.ts";
import { FixedClock } from "../../../src/testing/fake_system.ts";
import { answering, HostileServer, ok, type Peer } from "../hostile_server.ts";
import { bytesOf, piecesOf, requestTo } from "../requests.ts";
import { AUTHORITY, tlsServer } from "../tls_server.ts";

function source(
  pieces: readonly number[],
  length?: number,
): {
  readonly length: number | undefined;
  readonly replayable: true;
  opened: number;
  cancelled: number;
  open(): ReadableStream<Uint8Array>;
} {
  return {
    length,
    replayable: true,
    opened: 0,
    cancelled: 0,
    open(): ReadableStream<Uint8Array> {
      this.opened++;
      let next = 0;
      return new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const size = pieces[next++];
          if (size === undefined) controller.close();
          else controller.enqueue(new Uint8Array(size).fill(120));
        },
        cancel: () => {
          this.cancelled++;
        },
      }, { highWaterMark: 0 });
    },
  };
}

Deno.test("SocketTransport sends paths with dot segments as they are", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  using transport = new SocketTransport();
  for (const path of ["/a/../b", "/a/./b", "/..", "/%2e%2e/b", "//x", "/a//"]) {
    await bytesOf(await transport.send(requestTo(server.origin, { path })));
  }
  assertEquals(
    server.heads.map((head) => head.split(" ")[1]),
    ["/a/../b", "/a/./b", "/..", "/%2e%2e/b", "//x", "/a//"],
  );
});

Deno.test("SocketTransport sends a stream with its length, or in chunks without one", async () => {
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      await peer.request();
      await peer.send(ok(""));
    }
  });
  using transport = new SocketTransport({ expectContinueBytes: Infinity });
  const put = { method: "PUT" } as const;
  for (const length of [7, undefined]) {
    await transport.send(
      requestTo(server.origin, {
        ...put,
        body: source([3, 0, 4], length),
      }),
    );
  }
  assertMatch(server.heads[0] ?? "", /\r\ncontent-length: 7\r\n\r\nxxxxxxx$/);
  assertMatch(
    server.heads[1] ?? "",
    /\r\ntransfer-encoding: chunked\r\n\r\n3\r\nxxx\r\n4\r\nxxxx\r\n0\r\n\r\n$/,
  );
  assertEquals(server.connections, 1);
});

/** Answers once per connection, and drops the second request. */
async function stale(peer: Peer): Promise<void> {
  await peer.request();
  await peer.send(ok("a"));
  await peer.request();
  peer.close();
}

Deno.test("SocketTransport sends a safe request again where a kept connection was closed under it", async () => {
  await using server = new HostileServer(stale);
  using transport = new SocketTransport();
  await bytesOf(await transport.send(requestTo(server.origin)));
  assertEquals(
    (await bytesOf(await transport.send(requestTo(server.origin)))).length,
    1,
  );
  assertEquals([server.heads.length, server.connections], [3, 2]);
});

Deno.test("SocketTransport never sends twice what may not be repeated", async () => {
  for (
    const [method, repeatable] of [
      ["POST", undefined],
      ["PUT", undefined],
      ["GET", false],
    ] as const
  ) {
    await using server = new HostileServer(stale);
    using transport = new SocketTransport();
    await bytesOf(await transport.send(requestTo(server.origin)));
    const error = await assertRejects(
      () =>
        transport.send(
          requestTo(server.origin, { method }),
          repeatable === undefined ? {} : { repeatable },
        ),
      TransportError,
    );
    assertEquals([error.kind, error.phase, error.maybeSent], [
      "closed",
      "head",
      true,
    ]);
    assertEquals(server.heads.length, 2);
  }
});

Deno.test("SocketTransport sends only once on a new connection, and once again at most", async () => {
  await using server = new HostileServer(async (peer, connection) => {
    await peer.request();
    if (connection > 1) return peer.close();
    await peer.send(ok("a"));
    await peer.request();
    peer.close();
  });
  using transport = new SocketTransport();
  await bytesOf(await transport.send(requestTo(server.origin)));
  await assertRejects(
    () => transport.send(requestTo(server.origin)),
    TransportError,
  );
  assertEquals(server.heads.length, 3);
  await assertRejects(
    () => transport.send(requestTo(server.origin)),
    TransportError,
  );
  assertEquals(server.heads.length, 4);
});

Deno.test("SocketTransport does not send again once a byte of the answer came", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.request();
    await peer.send(ok("a"));
    await peer.request();
    await peer.send("HTTP/1.1 2");
    peer.close();
  });
  using transport = new SocketTransport();
  await bytesOf(await transport.send(requestTo(server.origin)));
  await assertRejects(
    () => transport.send(requestTo(server.origin)),
    TransportError,
  );
  assertEquals(server.heads.length, 2);
});

Deno.test("SocketTransport opens a new connection for what may not be repeated, if the others have idled", async () => {
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  await using server = new HostileServer(answering(ok("a")));
  using transport = new SocketTransport({ clock });
  const post = requestTo(server.origin, { method: "POST" });
  await bytesOf(await transport.send(post));
  await bytesOf(await transport.send(post));
  assertEquals(server.connections, 1);
  clock.advance(1_000);
  await bytesOf(await transport.send(post));
  assertEquals(server.connections, 2);
});

Deno.test("a pool lets nobody wait whose call was aborted before", async () => {
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  const limits = { maxConnections: 1, maxIdleConnections: 1, idleMs: 60_000 };
  const pool = new Pool(limits, new Timers(clock));
  const route = routeTo("http://store.example", false);
  const wanted = {
    open: () => new Promise<Connection>(() => {}),
    maxIdleMs: Infinity,
    queueTimeoutMs: 60_000,
    signal: undefined,
  };
  pool.acquire(route, wanted);

  const signal = AbortSignal.abort(new Error("not any more"));
  const second = pool.acquire(route, { ...wanted, signal });
  const isRefused = assertRejects(() => second, Error, "not any more");
  clock.advance(60_000);

  await isRefused;
});

Deno.test("SocketTransport repeats over a new connection, whatever was given back meanwhile", async () => {
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  const both = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Peer>();
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const head = await peer.head();
      // The first two go over connections of their own.
      if (server.heads.length === 2) both.resolve();
      await both.promise;
      const isFirst = server.heads.filter((one) => one === head).length === 1;
      if (head.startsWith("GET /held") && isFirst) return held.resolve(peer);
      await peer.send(ok("a"));
    }
  });
  using transport = new SocketTransport({ clock });
  const get = async (path: string): Promise<Uint8Array> =>
    await bytesOf(await transport.send(requestTo(server.origin, { path })));
  await Promise.all([get("/one"), get("/two")]);
  const repeated = get("/held");
  const peer = await held.promise;
  clock.advance(10);
  await get("/three");

  peer.close();

  assertEquals((await repeated).length, 1);
  assertEquals(server.connections, 3);
});

Deno.test("SocketTransport waits with a large body until the server wants it", async () => {
  const seen: string[] = [];
  await using server = new HostileServer(async (peer) => {
    const head = await peer.head();
    seen.push(head.slice(head.indexOf("\r\n\r\n") + 4));
    await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    await peer.pause(5);
    await peer.send(ok("stored"));
    await peer.drain();
  });
  using transport = new SocketTransport();
  const body = source([3 * 1_024 * 1_024], 3 * 1_024 * 1_024);
  const response = await transport.send(
    requestTo(server.origin, { method: "PUT", body }),
  );
  assertEquals(response.status, 200);
  assertMatch(server.heads[0] ?? "", /\r\nexpect: 100-continue\r\n/);
  assertEquals([seen, body.opened], [[""], 1]);
});

Deno.test("SocketTransport opens no body that the server refuses by its head", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(
      "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
    );
    await peer.drain();
  });
  using transport = new SocketTransport();
  const body = source([3_000_000], 3_000_000);
  const response = await transport.send(
    requestTo(server.origin, { method: "PUT", body }),
  );
  assertEquals([response.status, body.opened], [403, 0]);
});

Deno.test("SocketTransport stops to send when a refusal comes after 100 Continue", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.pause(50);
    await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    await peer.pause(50);
    await peer.send(
      "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
    );
    await peer.pause(10_000);
  });
  using transport = new SocketTransport({
    expectContinueBytes: Infinity,
    readTimeoutMs: 2_000,
  });

  const response = await transport.send(
    requestTo(server.origin, {
      method: "PUT",
      body: new Uint8Array(64 * 1_024 * 1_024),
    }),
  );

  assertEquals(response.status, 403);
  await response.body?.cancel();
});

Deno.test("SocketTransport sends a slow body to its end, however often the server says 100 Continue", async () => {
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  let request = "";
  await using server = new HostileServer(async (peer) => {
    const reading = peer.request();
    await asked.promise;
    for (let time = 0; time < 3; time++) {
      await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.pause(20);
    }
    told.resolve();
    request = await reading;
    await peer.send(ok("stored"));
    await peer.drain();
  });
  using transport = new SocketTransport();
  const pieces = ["one ", "two"].map((piece) => utf8(piece));
  const body = {
    length: undefined,
    replayable: false,
    open: () =>
      new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          if (pieces.length === 1) {
            asked.resolve();
            await told.promise;
          }
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      }, { highWaterMark: 0 }),
  };

  const response = await transport.send(
    requestTo(server.origin, { method: "PUT", body }),
  );

  assertEquals((await bytesOf(response)).length, 6);
  assertMatch(request, /\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n$/);
});

Deno.test("SocketTransport stops to send when a refusal comes, and cancels the source", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(
      "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
    );
    await peer.pause(10_000);
  });
  using transport = new SocketTransport({ expectContinueBytes: Infinity });
  const whole = 64 * 1_024 * 1_024;
  const body = source(new Array(64).fill(1_024 * 1_024), whole);
  for (const upload of [new Uint8Array(whole), body]) {
    const response = await transport.send(
      requestTo(server.origin, { method: "PUT", body: upload }),
    );
    assertEquals([response.status, (await bytesOf(response)).length], [403, 2]);
  }
  assertEquals(body.cancelled, 1);
});

Deno.test("SocketTransport never has more connections than maxConnections, idle ones among them", async () => {
  let open = 0;
  let most = 0;
  await using server = new HostileServer(async (peer) => {
    most = Math.max(most, ++open);
    try {
      for (;;) {
        await peer.head();
        await peer.pause(1);
        await peer.send(ok("a"));
      }
    } finally {
      open--;
    }
  });
  using transport = new SocketTransport({ maxConnections: 3 });
  await Promise.all(
    Array.from(
      { length: 30 },
      async () => await bytesOf(await transport.send(requestTo(server.origin))),
    ),
  );
  assertEquals([most, server.heads.length], [3, 30]);
});

Deno.test("SocketTransport uses no connection on which something came unasked", async () => {
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      await peer.head();
      await peer.send(ok("a") + ok("evil"));
    }
  });
  using transport = new SocketTransport();
  for (let call = 0; call < 3; call++) {
    const bytes = await bytesOf(await transport.send(requestTo(server.origin)));
    assertEquals(bytes.length, 1);
  }
  assertEquals(server.connections, 3);
});

Deno.test("SocketTransport notices that the server has ended an idle connection", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.send(ok("a"));
    peer.close();
  });
  using transport = new SocketTransport();
  const post = requestTo(server.origin, { method: "POST" });
  for (let call = 0; call < 3; call++) {
    await bytesOf(await transport.send(post));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals([server.connections, server.heads.length], [3, 3]);
});

Deno.test("SocketTransport closes a connection that has idled for too long", async () => {
  const clock = new FixedClock("2026-11-29T00:00:00Z");
  await using server = new HostileServer(answering(ok("a")));
  using transport = new SocketTransport({ clock, idleTimeoutMs: 5_000 });
  await bytesOf(await transport.send(requestTo(server.origin)));
  clock.advance(4_999);
  await bytesOf(await transport.send(requestTo(server.origin)));
  assertEquals(server.connections, 1);
  clock.advance(5_000);
  await bytesOf(await transport.send(requestTo(server.origin)));
  assertEquals(server.connections, 2);
});

Deno.test("SocketTransport tells the phase and the addresses of a failure", async () => {
  await using server = new HostileServer(async (peer, connection) => {
    await peer.head();
    if (connection === 1) return peer.close();
    await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello");
    peer.close();
  });
  using transport = new SocketTransport();
  const failed = async (): Promise<TransportError> =>
    await assertRejects(
      async () => await bytesOf(await transport.send(requestTo(server.origin))),
      TransportError,
    );
  for (const phase of ["head", "body"] as const) {
    const error = await failed();
    assertEquals(error.phase, phase);
    assertEquals(error.remoteAddress, `127.0.0.1:${server.port}`);
    assertMatch(error.localAddress ?? "", /^127\.0\.0\.1:\d+$/);
    assert(
      error.message.includes(`(phase ${phase}, ${error.localAddress} to `),
    );
  }
});

Deno.test("SocketTransport reads the attempt's time on over dial and answer", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.drain();
  });
  using transport = new SocketTransport();
  const error = await assertRejects(
    () => transport.send(requestTo(server.tlsOrigin), { attemptTimeoutMs: 30 }),
    TimeoutError,
  );
  assertEquals([error.limit, error.limitMs, error.phase], [
    "attempt",
    30,
    "tls",
  ]);
});

Deno.test("SocketTransport takes names and addresses for TLS by what the certificate says", async () => {
  await using server = tlsServer();
  using transport = new SocketTransport({ caCerts: [AUTHORITY] });
  const response = await transport.send(requestTo(server.origin("localhost")));
  assertEquals((await bytesOf(response)).length, 5);
  using strict = new SocketTransport();
  const error = await assertRejects(
    () => strict.send(requestTo(server.origin("localhost"))),
    TransportError,
    "give that authority's certificate in caCerts",
  );
  assertEquals([error.kind, error.phase, error.maybeSent], [
    "tls",
    "tls",
    false,
  ]);
});

/** A proxy that forwards what comes to wherever it is asked to, and tells what it was asked. */
function proxy(
  answer: string,
  asked: string[],
): AsyncDisposable & { readonly host: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const work = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      const room = new Uint8Array(4_096);
      const count = await connection.read(room) ?? 0;
      const head = new TextDecoder().decode(room.subarray(0, count));
      asked.push(head);
      const [, hostname = "", port = ""] = /^CONNECT (\S+):(\d+) /.exec(head) ??
        [];
      await connection.write(new TextEncoder().encode(answer));
      if (!answer.includes(" 200 ") || hostname === "") continue;
      const server = await Deno.connect({ hostname, port: Number(port) });
      open.push(server);
      connection.readable.pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(connection.writable).catch(() => {});
    }
  })();
  return {
    host: `127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // Its pipe has closed it.
        }
      }
      await work.catch(() => {});
    },
  };
}

Deno.test("SocketTransport reaches a server with TLS through a proxy", async () => {
  const asked: string[] = [];
  await using server = tlsServer();
  await using through = proxy("HTTP/1.1 200 Connected\r\n\r\n", asked);
  const origin = server.origin("localhost");
  {
    using transport = new SocketTransport({
      proxy: `http://me:p%40ss@${through.host}`,
      caCerts: [AUTHORITY],
    });
    const response = await transport.send(requestTo(origin));
    assertEquals((await bytesOf(response)).length, 5);
  }
  const { host } = new URL(origin);
  assertEquals(
    asked[0],
    `CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\nproxy-authorization: Basic ${
      btoa("me:p@ss")
    }\r\n\r\n`,
  );
});

Deno.test("SocketTransport tells what a proxy refuses, and not its password", async () => {
  for (
    const [answer, words] of [
      [
        "HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n",
        "the proxy wants a name and a password (407)",
      ],
      [
        "HTTP/1.1 403 No\r\n\r\n",
        "made no connection to the host: it answered 403",
      ],
      ["SSH-2.0-x\r\n", "answered with a start of"],
    ] as const
  ) {
    await using through = proxy(answer, []);
    using transport = new SocketTransport({
      proxy: `http://me:planted@${through.host}`,
    });
    const error = await assertRejects(
      () => transport.send(requestTo("https://store.example")),
      TransportError,
      words,
    );
    assertEquals([error.kind, error.maybeSent], ["refused", false]);
    assertEquals(Deno.inspect(error).includes("planted"), false);
  }
});

Deno.test("SocketTransport sends the whole address to a proxy for plain HTTP", async () => {
  const asked: string[] = [];
  await using through = proxy(ok("by proxy"), asked);
  using transport = new SocketTransport({ proxy: `http://${through.host}` });
  const response = await transport.send(
    requestTo("http://store.example:81", { path: "/a/../b" }),
  );
  assertEquals((await bytesOf(response)).length, 8);
  assertMatch(
    asked[0] ?? "",
    /^GET http:\/\/store\.example:81\/a\/\.\.\/b HTTP\/1\.1\r\nhost: store\.example:81\r\n/,
  );
});

Deno.test("SocketTransport refuses what it cannot send or be made of", async () => {
  using transport = new SocketTransport();
  for (
    const request of [
      requestTo("ftp://store.example"),
      requestTo("http://me:planted@store.example"),
      requestTo("http://store.example/path"),
      requestTo("http://store.example", { path: "no-slash" }),
      requestTo("http://store.example", { path: "/a b" }),
      requestTo("http://store.example", { path: "/a\r\nplanted: 1" }),
      requestTo("http://store.example", { headers: { a: "b\r\nplanted: 1" } }),
    ]
  ) {
    const error = await assertRejects(
      () => transport.send(request),
      EndpointError,
    );
    assertEquals(error.message.includes("b\r\n"), false);
  }
  for (
    const options of [
      { proxy: "socks5://p:1" },
      { idleTimeoutMs: 0 },
      { expectContinueBytes: -1 },
      { proxy: "http://p:1", clientCertificate: { cert: "", key: "" } },
    ]
  ) assertThrows(() => new SocketTransport(options), ConfigError);
});

Deno.test({
  name: "SocketTransport reads over IPv6 as over IPv4",
  // `deno task test:socket` allows the address.
  ignore: Deno.permissions.querySync({ name: "net", host: "[::1]" }).state !==
    "granted",
  fn: async () => {
    const server = Deno.serve({
      hostname: "::1",
      port: 0,
      onListen: () => {},
    }, (request) => new Response(request.headers.get("host")));
    {
      using transport = new SocketTransport();
      const origin = `http://[::1]:${server.addr.port}`;
      const bytes = await bytesOf(await transport.send(requestTo(origin)));
      assertEquals(
        new TextDecoder().decode(bytes),
        `[::1]:${server.addr.port}`,
      );
    }
    await server.shutdown();
  },
});

Deno.test("SocketTransport reads large bodies whole and by pieces, of every framing", async () => {
  const size = 3_000_000;
  const data = "x".repeat(size);
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const head = await peer.head();
      if (head.startsWith("GET /length")) await peer.send(ok(data));
      else if (head.startsWith("GET /chunked")) {
        await peer.send(
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        for (let at = 0; at < size; at += 100_000) {
          await peer.send(`186a0\r\n${data.slice(at, at + 100_000)}\r\n`);
        }
        await peer.send("0\r\n\r\n");
      } else {
        await peer.send(`HTTP/1.1 200 OK\r\n\r\n${data}`);
        return peer.close();
      }
    }
  });
  using transport = new SocketTransport();
  for (const path of ["/length", "/chunked", "/close"]) {
    const get = requestTo(server.origin, { path });
    assertEquals((await bytesOf(await transport.send(get))).length, size);
    const pieces = await piecesOf(await transport.send(get));
    assertEquals(pieces.reduce((sum, { length }) => sum + length, 0), size);
  }
});

Deno.test("SocketTransport passes on what a source throws", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.drain();
  });
  using transport = new SocketTransport();
  const fault = new Error("the disk is gone");
  const body = {
    length: 10,
    replayable: true,
    open: () =>
      new ReadableStream<Uint8Array>({
        pull(controller): void {
          controller.error(fault);
        },
      }, { highWaterMark: 0 }),
  };
  const error = await assertRejects(() =>
    transport.send(requestTo(server.origin, { method: "PUT", body }))
  );
  assertEquals(error, fault);
  assertInstanceOf(error, Error);
});
