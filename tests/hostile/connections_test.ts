/**
 * The settings of connections, from a session's options to the wire.
 *
 * @module
 */
import { overBoth, transportName } from "../both_transports.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { text } from "../../src/foundation/bytes.ts";
import {
  ServiceError,
  TimeoutError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { closedPort, HostileServer } from "../transport/hostile_server.ts";
import { AUTHORITY, tlsServer } from "../transport/tls_server.ts";
import {
  answer,
  CAT,
  inTurn,
  keeping,
  type Line,
  rejected,
  s3At,
} from "./store.ts";

overBoth("maxConnections is a queue, first come, first served", async () => {
  const lines: Line[] = [];
  await using server = new HostileServer(inTurn(answer("200 OK")));
  using client = s3At(server.origin, {
    maxConnections: 1,
    logger: keeping(lines),
  });
  const keys = ["a", "b", "c", "d", "e", "f"];

  await Promise.all(
    keys.map((Key) => client.s3.headObject({ Bucket: "photos", Key })),
  );

  // Requests are told of when they are signed, which is when they line up.
  const linedUp = lines.filter(({ message }) => /^request /.test(message))
    .map(({ fields }) => String(fields.url).at(-1));
  const served = server.heads.map((head) => /photos\/(.)/.exec(head)?.[1]);
  assertEquals(served, linedUp);
  assertEquals(served.sort(), keys);
});

overBoth("maxConnections bounds the requests that are under way", async () => {
  let underWay = 0;
  let most = 0;
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      await peer.request();
      most = Math.max(most, ++underWay);
      await peer.pause(5);
      underWay--;
      await peer.send(answer("200 OK"));
    }
  });
  using client = s3At(server.origin, { maxConnections: 3 });

  await Promise.all(
    Array.from({ length: 12 }, () => client.s3.headObject(CAT)),
  );

  assertEquals(most, 3);
});

overBoth(
  "a wait for a connection that takes too long tells size and length of the queue",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.drain();
    });
    using client = s3At(server.origin, {
      maxConnections: 1,
      queueTimeoutMs: 40,
      retry: { maxAttempts: 1 },
    });
    const holder = new AbortController();
    const calls = [1, 2, 3, 4].map((Key) =>
      client.s3.headObject({ ...CAT, Key: `${Key}` }, { signal: holder.signal })
    );
    const refused = calls.map((call) =>
      assertRejects(() => call, TimeoutError)
    );
    // One of them has the connection and waits for the server.
    const error = await Promise.any(refused);
    holder.abort();
    await Promise.allSettled([...calls, ...refused]);

    assertEquals([error.limit, error.maybeSent], ["queue", false]);
    assertEquals(error.timeline, { queuedMs: 40 });
    assertMatch(
      error.message,
      /none of its 1 connections \(maxConnections\) became free within 40 ms \(queueTimeoutMs\), with \d in the queue/,
    );
  },
);

overBoth(
  "a call that waited for its connection tells how long, when it fails",
  async () => {
    let requests = 0;
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        await peer.request();
        if (++requests > 1) return void await peer.drain();
        await peer.pause(40);
        await peer.send(answer("200 OK"));
      }
    });
    using client = s3At(server.origin, {
      maxConnections: 1,
      readTimeoutMs: 80,
      retry: { maxAttempts: 1 },
    });

    // On a slow machine the call before it may be too late as well.
    const results = await Promise.allSettled(
      [1, 2].map(() => client.s3.headObject(CAT)),
    );
    const errors = results.flatMap((result) =>
      result.status === "rejected" && result.reason instanceof TimeoutError
        ? [result.reason]
        : []
    );

    assert(
      errors.some(({ timeline }) => (timeline.queuedMs ?? 0) > 0),
      errors.join("; "),
    );
  },
);

overBoth(
  "the body of a refusal is read, and the connection used again",
  async () => {
    const document = `<Error><Code>AccessDenied</Code><Message>${
      "x".repeat(30_000)
    }</Message></Error>`;
    const used = new Set<number>();
    await using server = new HostileServer(async (peer, connection) => {
      for (;;) {
        await peer.request();
        used.add(connection);
        await peer.send(answer("403 Forbidden", document));
      }
    });
    using client = s3At(server.origin);

    for (let call = 0; call < 5; call++) {
      await assertRejects(() => client.s3.getObject(CAT), ServiceError);
    }

    assertEquals(server.heads.length, 5);
    assertEquals(used.size, 1);
  },
);

overBoth("the body of a refusal that does not end is cancelled", async () => {
  let sent = 0;
  await using server = new HostileServer(async (peer) => {
    await peer.request();
    await peer.send(
      "HTTP/1.1 403 Forbidden\r\ncontent-length: 1000000000\r\n\r\n",
    );
    const piece = new Uint8Array(65_536);
    for (;;) {
      await peer.send(piece);
      sent += piece.length;
    }
  });
  using client = s3At(server.origin);

  const error = await assertRejects(
    () => client.s3.getObject(CAT),
    ServiceError,
  );

  assertEquals([error.code, error.reason], ["403", "Forbidden"]);
  assert(sent < 100_000_000, `${sent} bytes were sent`);
});

overBoth(
  "after a timeout a call does not use the connections that idled",
  async () => {
    const lines: Line[] = [];
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        const head = await peer.request();
        if (head.startsWith("HEAD /photos/silent")) {
          return void await peer.drain();
        }
        await peer.send(answer("200 OK"));
      }
    });
    using client = s3At(server.origin, {
      logger: keeping(lines),
      retry: { maxAttempts: 1 },
    });
    await client.s3.headObject(CAT);
    const silent = { ...CAT, Key: "silent" };
    await assertRejects(() =>
      client.s3.headObject(silent, { readTimeoutMs: 20 })
    );
    const before = server.heads.length;
    const connections = server.connections;

    await client.s3.headObject(CAT);

    assertEquals(server.heads.length, before + 1);
    assert(server.connections > connections);
    const told = lines.filter(({ name }) => name === "inia.transport");
    assertEquals(told.map(({ message, fields }) => [message, fields.limit]), [
      ["Idle connections dropped after a timeout", "read"],
    ]);
  },
);

overBoth(
  "bodies of objects that are forgotten give their connections back, told once",
  async () => {
    const program = new URL("forgotten_program.ts", import.meta.url).href;

    const { stdout, stderr, code } = await new Deno.Command("deno", {
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

    assertEquals([text(stderr), code], ["", 0]);
    const [told, ...rest] = text(stdout).trim().split("\n");
    assertMatch(told ?? "", /A response body was neither read nor cancelled/);
    assertEquals(rest, [
      "unread: given back",
      "opened: given back",
      "half read: given back",
    ]);
  },
);

overBoth(
  "calls go through the proxy of the options, and its password stays there",
  async () => {
    const lines: Line[] = [];
    await using proxy = new HostileServer(inTurn(answer("200 OK")));
    const [scheme, rest] = proxy.origin.split("//");
    using client = s3At("http://localhost:1234", {
      proxy: `${scheme}//me:planted@${rest}`,
      logger: keeping(lines),
    });

    await client.s3.headObject(CAT);

    const head = proxy.heads[0] ?? "";
    assertMatch(head, /^HEAD http:\/\/localhost:1234\/photos\/cat\.txt HTTP/);
    assertMatch(
      head,
      new RegExp(`^proxy-authorization: Basic ${btoa("me:planted")}\r$`, "m"),
    );
    assertEquals(JSON.stringify(lines).includes("planted"), false);
    assertEquals(Deno.inspect(client, { depth: 9 }).includes("planted"), false);
  },
);

/** Values of `NO_PROXY`, and what of the two names of this machine they except. */
const EXCEPTIONS: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["127.0.0.1", ["127.0.0.1"]],
  ["127.0.0.0/8", ["127.0.0.1"]],
  ["128.0.0.0/8", []],
  ["localhost", ["localhost"]],
  [".localhost", ["localhost"]],
  // Case counts, as Deno has it.
  ["LocalHost", []],
  ["ocalhost", []],
  ["x.example, localhost ,127.0.0.1", ["127.0.0.1", "localhost"]],
  ["x.example", []],
];

overBoth(
  "calls go through the proxy of the environment, but for the hosts it excepts",
  async () => {
    const program = new URL("proxy_program.ts", import.meta.url).href;
    const found = await Promise.all(EXCEPTIONS.map(async ([exceptions]) => {
      await using server = new HostileServer(inTurn(answer("200 OK")));
      await using proxy = new HostileServer(inTurn(answer("200 OK")));
      const hosts = ["127.0.0.1", "localhost"];

      const { code, stderr } = await new Deno.Command("deno", {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          "--allow-net",
          // Sockets have to read what fetch is told by the platform.
          "--allow-env",
          program,
          transportName(),
          ...hosts.map((host) => `http://${host}:${server.port}`),
        ],
        env: { HTTP_PROXY: proxy.origin, NO_PROXY: exceptions },
      }).output();

      assertEquals([code, text(stderr)], [0, ""]);
      assertEquals(proxy.heads.length + server.heads.length, 2);
      return [
        exceptions,
        hosts.filter((host) =>
          server.heads.some((head) => head.includes(`host: ${host}:`))
        ),
      ];
    }));

    assertEquals(found, EXCEPTIONS.map((one) => [...one]));
  },
);

overBoth(
  "the password of a proxy is in no error and no line of the log",
  async () => {
    const refusing = "HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n";
    await using wanting = new HostileServer(inTurn(refusing));
    await using babbling = new HostileServer(inTurn("SSH-2.0-planted-not\r\n"));
    await using silent = new HostileServer((peer) => void peer.drain());
    const nobody = `http://127.0.0.1:${closedPort()}`;
    for (
      const origin of [wanting.origin, babbling.origin, silent.origin, nobody]
    ) {
      for (const scheme of ["http", "https"]) {
        const lines: Line[] = [];
        using client = s3At(`${scheme}://localhost:1234`, {
          proxy: origin.replace("//", "//planted-name:planted%2Dword@"),
          logger: keeping(lines),
          readTimeoutMs: 100,
          connectTimeoutMs: 100,
          retry: { maxAttempts: 2 },
        });

        const { reason } = await rejected(client.s3.headObject(CAT));

        assertInstanceOf(reason, Error);
        const shown = [
          String(reason.stack),
          Deno.inspect(reason, { depth: 9 }),
          Deno.inspect(lines, { depth: 9 }),
          Deno.inspect(client, { depth: 9 }),
        ].join("\n");
        for (
          const secret of [
            "planted-word",
            "planted%2Dword",
            btoa("planted-name:planted-word"),
          ]
        ) assertEquals(shown.includes(secret), false, `${origin} ${scheme}`);
      }
    }
  },
);

overBoth("maxIdleConnections says how many connections are kept", async () => {
  const used = async (maxIdleConnections: number): Promise<number> => {
    const connections = new Set<number>();
    await using server = new HostileServer(async (peer, connection) => {
      for (;;) {
        await peer.request();
        connections.add(connection);
        await peer.send(answer("200 OK"));
      }
    });
    using client = s3At(server.origin, { maxIdleConnections });
    for (let call = 0; call < 3; call++) await client.s3.headObject(CAT);
    return connections.size;
  };

  assertEquals([await used(0), await used(1)], [3, 1]);
});

overBoth("caCerts and AWS_CA_BUNDLE make a server trusted", async () => {
  await using server = tlsServer();
  const origin = server.origin("localhost");
  const bundle = new FakeSystem({
    env: { AWS_CA_BUNDLE: "/ca.pem" },
    files: { "/ca.pem": AUTHORITY },
  });
  const profile = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: {
      "/home/ann/.aws/config": "[default]\nca_bundle = ~/ca.pem\n",
      "/home/ann/ca.pem": AUTHORITY,
    },
  });
  for (
    const options of [
      { caCerts: [AUTHORITY] },
      { system: bundle },
      { system: profile },
    ]
  ) {
    using client = s3At(origin, options);

    const { ResponseMetadata } = await client.s3.headObject(CAT);

    assertEquals(ResponseMetadata.HTTPStatusCode, 200);
  }
  using client = s3At(origin, { retry: { maxAttempts: 1 } });
  const error = await assertRejects(
    () => client.s3.headObject(CAT),
    TransportError,
  );
  assertEquals([error.kind, error.maybeSent], ["tls", false]);
});
