import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { text } from "../../src/foundation/bytes.ts";
import {
  ConfigError,
  TimeoutError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { ConnectionQueue } from "../../src/transport/connection_rules.ts";
import { ConnectionPool } from "../../src/transport/connections.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { countingSignal } from "./counting_signal.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { answering, HostileServer, ok } from "./hostile_server.ts";
import { bytesOf, requestTo } from "./requests.ts";

/** What the machine says about proxies is not for the programs run here. */
const NO_VARIABLES = Object.fromEntries(
  ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    .flatMap((name) => [[name, ""], [name.toLowerCase(), ""]]),
);

Deno.test("ConnectionPool keeps as many idle connections as it is told", async () => {
  for (const [maxIdleConnections, connections] of [[0, 6], [1, 5], [3, 3]]) {
    await using server = new HostileServer(answering(ok("hello")));
    using pool = new ConnectionPool({
      maxIdleConnections: maxIdleConnections ?? 0,
    });
    const burst = async (): Promise<void> => {
      const responses = [1, 2, 3].map(() => pool.fetch(server.origin, {}));
      for (const response of await Promise.all(responses)) {
        await response.text();
      }
    };

    await burst();
    await settled();
    await burst();

    assertEquals([maxIdleConnections, server.connections], [
      maxIdleConnections,
      connections,
    ]);
  }
});

Deno.test("ConnectionPool leaves no client behind that goes round a proxy", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  const pool = new ConnectionPool();

  const sent = pool.fetch(server.origin, {}, true);
  // What goes round a proxy is not even loaded.
  pool[Symbol.dispose]();

  assertEquals(await (await sent).text(), "hello");
});

Deno.test("ConnectionPool does not harm what is under way when it drops the rest", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.pause(10);
    await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe");
    await peer.pause(10);
    await peer.send("llo");
  });
  using pool = new ConnectionPool();
  const beforeHead = pool.fetch(server.origin, {});
  const inBody = await pool.fetch(server.origin, {});

  pool.renew();

  assertEquals(await (await beforeHead).text(), "hello");
  assertEquals(await inBody.text(), "hello");
});

overBoth("a request over plain HTTP goes by a proxy", async () => {
  await using proxy = new HostileServer(answering(ok("hello")));

  const result = await sendProgram(
    "http://s3.example",
    proxy.origin.replace("//", "//me:pass%40word@"),
  );

  assertEquals(result, { length: 5 });
  // The host is not dialled, as it may be reached through the proxy only.
  assertEquals(proxy.connections, 1);
  const lines = proxy.heads[0]?.split("\r\n") ?? [];
  assertEquals(lines[0], "GET http://s3.example/ HTTP/1.1");
  assertEquals(
    lines.includes(`proxy-authorization: Basic ${btoa("me:pass@word")}`),
    true,
  );
});

overBoth("no error tells the password of a proxy that refuses", async () => {
  await using proxy = new HostileServer(answering(
    "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
  ));

  const { kind, maybeSent, inspected } = await sendProgram(
    "https://s3.example",
    proxy.origin.replace("//", "//me:planted@"),
  );

  assertEquals([kind, maybeSent], ["refused", false]);
  assertEquals(/planted/.test(String(inspected)), false);
});

Deno.test("ConnectionPool refuses a client certificate that is none", async () => {
  using transport = new FetchTransport({
    clientCertificate: { cert: "planted", key: "planted" },
    dialer: false,
  });

  const error = await assertRejects(
    () => transport.send(requestTo("http://127.0.0.1:9")),
    ConfigError,
    "Cannot set up connections with the given proxy and certificates",
  );

  assertEquals(/planted/.test(Deno.inspect(error)), false);
});

Deno.test("ConnectionPool uses the fetch that it is given, and nothing of Deno", async () => {
  const calls: [unknown, RequestInit | undefined][] = [];
  using transport = new FetchTransport({
    fetch: (url, init) => {
      calls.push([url, init]);
      return Promise.resolve(new Response("hello", { headers: { a: "b" } }));
    },
  });

  const response = await transport.send(requestTo("https://s3.example"));

  assertEquals(response.headers.a, "b");
  assertEquals(text(await bytesOf(response)), "hello");
  assertEquals(transport.limits.includes("connect"), false);
  const [[url, init] = []] = calls;
  assertEquals(url, "https://s3.example/");
  assertEquals(Object.keys(init ?? {}).sort(), [
    "headers",
    "method",
    "redirect",
    "signal",
  ]);
});

Deno.test("ConnectionPool works on plain fetch, failures included", async () => {
  const plain: typeof fetch = (url, init) => fetch(url, init);
  await using server = new HostileServer(async (peer) => {
    const head = await peer.head();
    if (head.startsWith("GET /whole")) await peer.send(ok("hello"));
    if (head.startsWith("GET /cut")) await peer.send(ok("hello").slice(0, -1));
    if (head.startsWith("GET /silent")) await peer.drain();
    peer.close();
  });
  using transport = new FetchTransport({ fetch: plain, readTimeoutMs: 50 });
  const at = async (path: string): Promise<string> => {
    try {
      const request = requestTo(server.origin, { path });
      return text(await bytesOf(await transport.send(request)));
    } catch (error) {
      return error instanceof TransportError ? error.kind : String(error);
    }
  };

  const results = [
    await at("/whole"),
    await at("/cut"),
    await at("/silent"),
    await at("/closed"),
  ];

  assertEquals(results, ["hello", "cut", "timeout", "closed"]);
});

Deno.test("FetchTransport tells of a proxy that it cannot see", async () => {
  const [unseen, absent, present, without] = await Promise.all([
    proxyProgram([], {}),
    proxyProgram(["--allow-env"], {}),
    proxyProgram(["--allow-env"], { HTTPS_PROXY: "http://127.0.0.1:9" }),
    proxyProgram([], {}, "false"),
  ]);

  assertEquals(
    unseen,
    "connect: Cannot send GET https://s3.example/: no connection after 20 ms (connectTimeoutMs); if a proxy is in use, this limit does not apply: allow --allow-env=HTTP_PROXY,HTTPS_PROXY,NO_PROXY so that it is seen, or set proxy: false to say that there is none",
  );
  assertEquals(
    absent,
    "connect: Cannot send GET https://s3.example/: no connection after 20 ms (connectTimeoutMs)",
  );
  assertEquals(
    present,
    "read: Cannot finish GET https://s3.example/: the server was silent for 60 ms (readTimeoutMs); handed over after 0 ms",
  );
  assertEquals(without, absent);
});

/** What comes of a request, without the permissions and variables of the tests. */
async function sendProgram(
  origin: string,
  proxy: string,
): Promise<Readonly<Record<string, boolean | number | string>>> {
  const program = new URL("send_program.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net=127.0.0.1,s3.example",
      program,
      origin,
      transportName(),
      proxy,
    ],
    env: NO_VARIABLES,
  }).output();
  return JSON.parse(text(stdout));
}

/** How a request times out that can neither dial nor send, in an environment. */
async function proxyProgram(
  permissions: string[],
  env: Record<string, string>,
  ...args: string[]
): Promise<string> {
  const program = new URL("proxy_program.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", ...permissions, program, ...args],
    env: { ...NO_VARIABLES, ...env },
  }).output();
  return text(stdout).trim();
}

/** Gives the runtime time to take its connections back. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const A = "https://a.example";
const B = "https://b.example";

Deno.test("ConnectionQueue lets in who came first", async () => {
  const { queue } = queueOf({ maxConnections: 2 });
  const order: string[] = [];
  const come = async (name: string): Promise<void> => {
    await queue.enter(A);
    order.push(name);
  };
  const arrivals = ["1", "2", "3", "4"].map(come);
  await Promise.all(arrivals.slice(0, 2));

  queue.leave(A);
  const newcomer = come("5");
  await arrivals[2];
  queue.leave(A);
  await arrivals[3];
  queue.leave(A);
  await newcomer;

  assertEquals(order, ["1", "2", "3", "4", "5"]);
});

Deno.test("ConnectionQueue counts each host by itself", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  await queue.enter(A);

  await queue.enter(B);
  queue.leave(B);

  await queue.enter(B);
});

Deno.test("ConnectionQueue keeps nothing of a host without exchanges", async () => {
  const { queue } = queueOf({ maxConnections: 2 });
  for (let host = 0; host < 1_000; host++) {
    const origin = `https://bucket-${host}.example`;
    await queue.enter(origin);
    await queue.enter(origin);
    queue.leave(origin);
    assertEquals(queue.hosts, 1);
    queue.leave(origin);
  }

  assertEquals(queue.hosts, 0);
});

Deno.test("ConnectionQueue stops listening to the signal of whoever has waited", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const { signal, listeners } = countingSignal();
  await queue.enter(A, { signal });
  const next = queue.enter(A, { signal });
  assertEquals(listeners(), 1);

  queue.leave(A);
  await next;

  assertEquals(listeners(), 0);
  queue.leave(A);
});

Deno.test("ConnectionQueue tells its size and its length when time is up", async () => {
  const { queue, clock } = queueOf({ maxConnections: 1, queueTimeoutMs: 500 });
  await queue.enter(A);
  const first = queue.enter(A);
  const second = queue.enter(A);
  first.catch(() => {});
  second.catch(() => {});

  clock.advance(500);

  const error = await assertRejects(
    () => first,
    TimeoutError,
    `Cannot send to ${A}: none of its 1 connections (maxConnections) became free within 500 ms (queueTimeoutMs), with 2 in the queue`,
  );
  assertEquals([error.limit, error.limitMs, error.maybeSent], [
    "queue",
    500,
    false,
  ]);
  await assertRejects(() => second, TimeoutError, "with 1 in the queue");
});

Deno.test("ConnectionQueue passes over who has given up", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const reason = new Error("enough");
  const controller = new AbortController();
  await queue.enter(A);
  const impatient = queue.enter(A, { signal: controller.signal });
  const patient = queue.enter(A);

  controller.abort(reason);
  const error = await assertRejects(() => impatient, Error);
  queue.leave(A);
  await patient;

  assertEquals(error, reason);
});

Deno.test("ConnectionQueue does not let in who has given up before", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  const signal = AbortSignal.abort(new Error("before"));

  await assertRejects(() => queue.enter(A, { signal }), Error, "before");

  await queue.enter(A);
});

Deno.test("ConnectionQueue sends all away when it closes", async () => {
  const { queue } = queueOf({ maxConnections: 1 });
  await queue.enter(A);
  const waiting = queue.enter(A);

  queue.close(new TypeError("closed"));

  await assertRejects(() => waiting, TypeError, "closed");
});

Deno.test("ConnectionQueue refuses a size that makes no sense", () => {
  for (const maxConnections of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => queueOf({ maxConnections }),
      ConfigError,
      `maxConnections must be a whole number >= 1: current value is ${maxConnections}`,
    );
  }
});

function queueOf(
  options: { maxConnections: number; queueTimeoutMs?: number },
): { queue: ConnectionQueue; clock: FixedClock } {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const queue = new ConnectionQueue(
    { queueTimeoutMs: Infinity, ...options },
    clock,
  );
  return { queue, clock };
}
