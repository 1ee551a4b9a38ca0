import { isSocket, newTransport, overBoth } from "../both_transports.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import {
  ConfigError,
  EndpointError,
  TimeoutError,
} from "../../src/foundation/errors.ts";
import { answering, HostileServer, ok } from "./hostile_server.ts";
import { bytesOf, caught, piecesOf, requestTo } from "./requests.ts";

/** Where the tests and the sources lie, as a stack shows it. */
const FOLDER = new URL("../../", import.meta.url).href;

overBoth("a transport sends what it is given and little else", async () => {
  await using server = new HostileServer(answering(ok("hello", "x-amz-id: 1")));
  using transport = newTransport();

  const response = await transport.send(requestTo(server.origin, {
    method: "PUT",
    path: "/bucket/a%20b//c",
    query: [["uploads"], ["prefix", "a/b c"]],
    headers: { "x-amz-meta-a": "1", authorization: "none" },
    body: utf8("content"),
  }));

  assertEquals(response.status, 200);
  assertEquals(response.headers["x-amz-id"], "1");
  assertEquals(text(await bytesOf(response)), "hello");
  const lines = server.heads[0]?.split("\r\n") ?? [];
  assertEquals(
    lines[0],
    "PUT /bucket/a%20b//c?uploads&prefix=a%2Fb%20c HTTP/1.1",
  );
  assertEquals(
    lines.slice(1, -2).map((line) => line.split(":")[0]).sort(),
    [
      // What fetch adds by itself.
      ...isSocket() ? [] : ["accept", "accept-language", "user-agent"],
      "accept-encoding",
      "authorization",
      "content-length",
      "host",
      "x-amz-meta-a",
    ].sort(),
  );
  assertEquals(lines.includes("accept-encoding: identity"), true);
  assertEquals(lines.includes("content-length: 7"), true);
  assertEquals(lines.at(-1), "content");
});

overBoth("a transport uses a connection again, whatever the body", async () => {
  const bodies = ["", "x", "x".repeat(100_000), ""];
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const index = Number(/\/(\d)/.exec(await peer.head())?.[1]);
      await peer.send(ok(bodies[index] ?? ""));
    }
  });
  using transport = newTransport();
  const lengths: number[] = [];

  for (const index of bodies.keys()) {
    const request = requestTo(server.origin, { path: `/${index}` });
    lengths.push((await bytesOf(await transport.send(request))).length);
    await piecesOf(await transport.send(request));
  }

  // One more is the dial of the connect limit, which sockets do not need.
  assertEquals(server.connections, isSocket() ? 1 : 2);
  assertEquals(lengths, [0, 1, 100_000, 0]);
});

overBoth(
  "a transport refuses a path that would name another object",
  async () => {
    await using server = new HostileServer(answering(ok("hello")));
    using transport = newTransport();

    await assertRejects(
      () =>
        transport.send(requestTo(server.origin, { path: "/mine/../theirs" })),
      EndpointError,
      'the platform would send the path "/theirs" instead; a key with a "." or ".." segment cannot be sent by fetch, use transport: "socket" for it',
    );

    assertEquals(server.connections, 0);
  },
);

overBoth("a transport refuses a port that fetch blocks", async () => {
  using transport = newTransport({ dialer: false });

  await assertRejects(
    () => transport.send(requestTo("http://127.0.0.1:6000")),
    EndpointError,
    "Cannot send GET http://127.0.0.1:6000/: fetch never connects to port 6000, which the Fetch standard blocks; use another port",
  );
});

overBoth(
  "a transport refuses a header that HTTP does not allow, without telling it",
  async () => {
    using transport = newTransport({ dialer: false });

    for (
      const headers of [{ "x-a": "plan\nted" }, { "x-a": "plant\u4e00" }, {
        "planted name": "",
      }]
    ) {
      const error = await assertRejects(
        () => transport.send(requestTo("http://127.0.0.1:9", { headers })),
        EndpointError,
        "Cannot send GET http://127.0.0.1:9/: a header field has",
      );
      // The folder that the tests lie in stands in the stack, and may be called so.
      const told = Deno.inspect(error).replaceAll(FOLDER, "");
      assertEquals(/plan/.test(told), false);
    }
  },
);

overBoth("a transport sends the host that was signed", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  using transport = newTransport({ dialer: false });
  const headers = { host: "bucket.example" };

  await bytesOf(await transport.send(requestTo(server.origin, { headers })));

  const lines = server.heads[0]?.split("\r\n") ?? [];
  assertEquals(lines.filter((line) => /^host:/i.test(line)), [
    "host: bucket.example",
  ]);
});

overBoth("a transport sends a stream", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  using transport = newTransport({ dialer: false });
  const body = {
    length: undefined,
    replayable: true,
    open: () => ReadableStream.from([utf8("one"), utf8("two")]),
  };

  const response = await transport.send(
    requestTo(server.origin, { method: "PUT", body }),
  );

  assertEquals(text(await bytesOf(response)), "hello");
  assertEquals(server.heads[0]?.includes("transfer-encoding: chunked"), true);
});

overBoth("a transport never unpacks a body", async () => {
  await using server = new HostileServer(
    answering(ok("not even packed", "content-encoding: gzip")),
  );
  using transport = newTransport({ dialer: false });

  const response = await transport.send(requestTo(server.origin));

  assertEquals(response.headers["content-encoding"], "gzip");
  assertEquals(text(await bytesOf(response)), "not even packed");
});

overBoth(
  "a transport reads a body of unknown length, whole and by pieces",
  async () => {
    const chunk = `2710\r\n${"0123456789".repeat(1_000)}\r\n`;
    await using server = new HostileServer(answering(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${
        chunk.repeat(7)
      }0\r\n\r\n`,
    ));
    using transport = newTransport({ dialer: false });

    const whole = await bytesOf(await transport.send(requestTo(server.origin)));
    const pieces = await piecesOf(
      await transport.send(requestTo(server.origin)),
    );

    assertEquals(text(whole), "0123456789".repeat(7_000));
    assertEquals(pieces.map(text).join(""), "0123456789".repeat(7_000));
  },
);

overBoth("a transport has no body for HEAD, 204 and 304", async () => {
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const status = /\/(\d+) HTTP/.exec(await peer.head())?.[1];
      const fields = status === "200" ? "content-length: 9\r\n" : "";
      await peer.send(`HTTP/1.1 ${status} Fine\r\n${fields}etag: 1\r\n\r\n`);
    }
  });
  using transport = newTransport({ dialer: false, maxConnections: 1 });

  for (
    const [method, path] of [
      ["HEAD", "/200"],
      ["DELETE", "/204"],
      ["GET", "/304"],
    ] as const
  ) {
    const response = await transport.send(
      requestTo(server.origin, { method, path }),
    );
    assertEquals([response.body, response.headers.etag], [null, "1"]);
  }
});

overBoth("a transport does not follow a redirect", async () => {
  await using other = new HostileServer(answering(ok("stolen")));
  await using server = new HostileServer(answering(
    `HTTP/1.1 307 Temporary Redirect\r\nlocation: ${other.origin}/\r\ncontent-length: 5\r\n\r\nmoved`,
  ));
  using transport = newTransport({ dialer: false });
  const headers = { "x-amz-security-token": "planted" };

  const response = await transport.send(requestTo(server.origin, { headers }));

  assertEquals(response.status, 307);
  assertEquals(response.headers.location, `${other.origin}/`);
  assertEquals(text(await bytesOf(response)), "moved");
  assertEquals(other.connections, 0);
});

overBoth("a transport passes over 1xx answers", async () => {
  await using server = new HostileServer(answering(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" +
      ok("hello"),
  ));
  using transport = newTransport({ dialer: false });

  const response = await transport.send(requestTo(server.origin));

  assertEquals(response.status, 200);
  assertEquals(text(await bytesOf(response)), "hello");
});

overBoth(
  "a transport takes a refusal that comes before the upload is through",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.send(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\nconnection: close\r\n\r\ndenied",
      );
      await peer.drain();
    });
    using transport = newTransport({ dialer: false });
    let sent = 0;
    const endless = {
      length: undefined,
      replayable: true,
      open: () =>
        new ReadableStream<Uint8Array>({
          pull(controller): void {
            controller.enqueue(new Uint8Array(65_536));
            sent += 65_536;
          },
        }, { highWaterMark: 0 }),
    };

    for (const body of [new Uint8Array(20_000_000), endless]) {
      const response = await transport.send(
        requestTo(server.origin, { method: "PUT", body }),
      );
      assertEquals(response.status, 403);
      assertEquals(text(await bytesOf(response)), "denied");
    }

    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 10));
    // A socket may see the refusal before it asks for the body.
    assertEquals(isSocket() || before > 0, true);
    assertEquals(sent, before);
  },
);

overBoth(
  "a transport throws the reason of the signal, at any moment",
  async () => {
    await using server = new HostileServer(async (peer) => {
      const head = await peer.head();
      if (head.startsWith("GET /body")) {
        await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello");
      }
      await peer.drain();
    });
    using transport = newTransport({ maxConnections: 1 });
    const reason = { mine: true };
    const silent = requestTo(server.origin);
    const body = requestTo(server.origin, { path: "/body" });

    const sending = async (signal: AbortSignal): Promise<unknown> =>
      await transport.send(silent, { signal });
    const queueing = async (signal: AbortSignal): Promise<unknown> => {
      const holder = new AbortController();
      const first = transport.send(silent, { signal: holder.signal });
      try {
        return await transport.send(silent, { signal });
      } finally {
        holder.abort(reason);
        await caught(() => first);
      }
    };
    const whole = async (signal: AbortSignal): Promise<unknown> =>
      await bytesOf(await transport.send(body, { signal }));
    const pieces = async (signal: AbortSignal): Promise<unknown> =>
      await piecesOf(await transport.send(body, { signal }));

    for (const call of [sending, queueing, whole, pieces]) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(reason), 20);
      const error = await caught(() => call(controller.signal));
      clearTimeout(timer);
      assertStrictEquals(error, reason);
    }
  },
);

overBoth(
  "a transport keeps to maxConnections and frees a place with each end of a body",
  async () => {
    let open = 0;
    let most = 0;
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        await peer.head();
        most = Math.max(most, ++open);
        await peer.pause(1);
        open--;
        await peer.send(ok("hello"));
      }
    });
    using transport = newTransport({ dialer: false, maxConnections: 3 });
    const ends = [
      bytesOf,
      piecesOf,
      async ({ body }: Awaited<ReturnType<typeof transport.send>>) =>
        await body?.cancel(),
    ];

    await Promise.all(Array.from({ length: 30 }, async (_, index) => {
      const response = await transport.send(requestTo(server.origin));
      await ends[index % 3]?.(response);
    }));

    assertEquals([most, server.connections], [3, 3]);
  },
);

overBoth(
  "a transport tells who waits for a connection how long the queue was",
  async () => {
    await using server = new HostileServer(answering(ok("x".repeat(100_000))));
    using transport = newTransport({
      maxConnections: 1,
      queueTimeoutMs: 20,
    });
    const unread = await transport.send(requestTo(server.origin));

    const error = await assertRejects(
      () => transport.send(requestTo(server.origin)),
      TimeoutError,
      "none of its 1 connections (maxConnections) became free within 20 ms (queueTimeoutMs), with 1 in the queue",
    );
    await unread.body?.cancel();

    assertEquals(error.limit, "queue");
  },
);

overBoth("a transport sends nothing once it is closed", async () => {
  await using server = new HostileServer(answering(ok("x".repeat(100_000))));
  const transport = newTransport({ maxConnections: 1 });
  const unread = await transport.send(requestTo(server.origin));
  const queued = transport.send(requestTo(server.origin));

  transport[Symbol.dispose]();

  await assertRejects(() => queued, TypeError, "the transport is closed");
  assertEquals((await bytesOf(unread)).length, 100_000);
  await assertRejects(
    () => transport.send(requestTo(server.origin)),
    TypeError,
    "the transport is closed",
  );
});

overBoth("a transport says which limits it keeps", () => {
  using transport = newTransport();

  assertEquals([...transport.limits ?? []].sort(), [
    "attempt",
    "connect",
    "queue",
    "read",
  ]);
});

overBoth("a transport refuses settings that make no sense", () => {
  const wrong = [
    [{ connectTimeoutMs: 0 }, "connectTimeoutMs must be"],
    [{ readTimeoutMs: -1 }, "readTimeoutMs must be"],
    [{ attemptTimeoutMs: NaN }, "attemptTimeoutMs must be"],
    [{ maxConnections: 0 }, "maxConnections must be"],
    [{ maxConnections: 1, queueTimeoutMs: 0 }, "queueTimeoutMs must be"],
    [{ maxIdleConnections: -1 }, "maxIdleConnections must be"],
    [{ proxy: "me:planted@proxy" }, "proxy must be a URL"],
    [{ caCerts: ["planted"] }, "caCerts must hold certificates"],
  ] as const;

  for (const [options, message] of wrong) {
    const error = assertThrows(
      () => newTransport(options),
      ConfigError,
      message,
    );
    assertEquals(error.message.includes("planted"), false);
  }
});
