import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createServer } from "node:https";
import { concat } from "../../../src/foundation/bytes.ts";
import {
  ConfigError,
  EndpointError,
  TransportError,
} from "../../../src/foundation/errors.ts";
import { proxyRoute, routeTo } from "../../../src/transport/socket/dial.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { answering, closedPort, HostileServer, ok } from "../hostile_server.ts";
import { bytesOf, requestTo } from "../requests.ts";
import { AUTHORITY } from "../tls_server.ts";

const TLS = new URL("../../fixtures/tls/", import.meta.url);
const OWN = {
  cert: Deno.readTextFileSync(new URL("localhost.pem", TLS)),
  key: Deno.readTextFileSync(new URL("localhost.key.pem", TLS)),
};

/** A server that takes only those whom the authority vouches for; notes the names it is asked for. */
async function strictServer(): Promise<
  AsyncDisposable & { readonly port: number; readonly names: string[] }
> {
  const names: string[] = [];
  const server = createServer({
    ...OWN,
    ca: AUTHORITY,
    requestCert: true,
    rejectUnauthorized: true,
  }, (request, response) => {
    const { servername } = request.socket as { servername?: string | false };
    names.push(String(servername));
    response.end("known");
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  assert(address !== null && typeof address === "object");
  return {
    port: address.port,
    names,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => server.close(() => done())),
  };
}

Deno.test("SocketTransport proves itself with its certificate, where the server asks for one", async () => {
  await using server = await strictServer();
  const request = requestTo(`https://localhost:${server.port}`);
  {
    using transport = new SocketTransport({
      caCerts: [AUTHORITY],
      clientCertificate: OWN,
    });
    for (let call = 0; call < 2; call++) {
      const bytes = await bytesOf(await transport.send(request));
      assertEquals(new TextDecoder().decode(bytes), "known");
    }
  }
  using unknown = new SocketTransport({ caCerts: [AUTHORITY] });
  const error = await assertRejects(
    () => unknown.send(request),
    TransportError,
  );
  assertEquals([error.kind, error.phase], ["tls", "head"]);
  assertStringIncludes(error.message, "give it as clientCertificate");
  assertEquals(error.remoteAddress, `127.0.0.1:${server.port}`);
});

Deno.test("SocketTransport refuses a certificate for another name, in the phase tls", async () => {
  await using server = await strictServer();
  using transport = new SocketTransport({
    caCerts: [AUTHORITY],
    clientCertificate: OWN,
  });
  const error = await assertRejects(
    () => transport.send(requestTo(`https://127.0.0.1:${server.port}`)),
    TransportError,
  );
  assertEquals([error.kind, error.phase, error.maybeSent], [
    "tls",
    "tls",
    false,
  ]);
  assertEquals(error.remoteAddress, `127.0.0.1:${server.port}`);
  assertEquals(server.names, []);
});

Deno.test("SocketTransport says connect, and that nothing was sent, where nobody listens", async () => {
  using transport = new SocketTransport();
  const error = await assertRejects(
    () => transport.send(requestTo(`http://127.0.0.1:${closedPort()}`)),
    TransportError,
  );
  assertEquals([error.kind, error.phase, error.maybeSent], [
    "refused",
    "connect",
    false,
  ]);
});

Deno.test("SocketTransport reads an answer to its end after the server has closed its half", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(4_096));
    await connection.write(new TextEncoder().encode(ok("half")));
    await connection.closeWrite();
    // Until the client has closed its own half.
    while (await connection.read(new Uint8Array(64)) !== null);
    connection.close();
  })();
  {
    using transport = new SocketTransport();
    const origin = `http://127.0.0.1:${listener.addr.port}`;
    const bytes = await bytesOf(await transport.send(requestTo(origin)));
    assertEquals(bytes.length, 4);
    await serving;
  }
  listener.close();
});

/** Values of `NO_PROXY`, and which of the origins below go past the proxy by them. */
const EXCEPTIONS: readonly (readonly [rule: string, direct: string])[] = [
  ["", ""],
  ["*", "a b c"],
  ["store.example", "a b"],
  [".store.example", "a b"],
  ["tore.example", ""],
  ["other.example, store.example", "a b"],
  ["store.example:81", ""],
  ["10.1.2.3", "d"],
  ["10.1.0.0/16", "d"],
  ["10.2.0.0/16", ""],
  ["10.0.0.0/33", ""],
  ["::1", "e"],
];
const ORIGINS = {
  a: "http://store.example:81",
  b: "https://eu.store.example",
  c: "http://mystore.example",
  d: "https://10.1.2.3",
  e: "http://[::1]:81",
};

async function waysIn(env: Record<string, string>): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--allow-env",
      new URL("ways_program.ts", import.meta.url).href,
      ...Object.values(ORIGINS),
    ],
    env: {
      HTTP_PROXY: "",
      HTTPS_PROXY: "",
      ALL_PROXY: "",
      NO_PROXY: "",
      ...env,
    },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

Deno.test("SocketTransport goes past a proxy for the hosts of NO_PROXY", async () => {
  const found = [];
  for (const [rule] of EXCEPTIONS) {
    const ways = await waysIn({ ALL_PROXY: "p.example:3128", NO_PROXY: rule });
    const names = Object.keys(ORIGINS);
    found.push([
      rule,
      names.filter((_, at) => ways[at] === "direct").join(" "),
    ]);
  }
  assertEquals(found, EXCEPTIONS.map((one) => [...one]));
});

Deno.test("SocketTransport takes the proxy of the scheme before that of all", async () => {
  const ways = await waysIn({
    HTTPS_PROXY: "http://me:planted@s.example:1",
    ALL_PROXY: "all.example:2",
  });
  assertEquals(ways.slice(0, 2), [
    "the proxy all.example:2 (ALL_PROXY) false",
    "the proxy s.example:1 (HTTPS_PROXY) false",
  ]);
});

Deno.test("a proxy is told the bytes of its name and password, a bare % among them", () => {
  const url = "http://m\u00e9:50%&%C3%A9%ff%40@p.example:1";
  const { authorization } = proxyRoute({ url }, false);
  const [, basic = ""] = /^Basic (.*)$/.exec(authorization ?? "") ?? [];
  const bytes = Uint8Array.from(atob(basic), (one) => one.charCodeAt(0));
  const text = new TextEncoder();
  assertEquals(
    bytes,
    concat([text.encode("m\u00e9:50%&\u00e9"), Uint8Array.of(0xff, 0x40)]),
  );
});

Deno.test("the error of a proxy that is none holds no password", () => {
  const error = assertThrows(
    () => proxyRoute({ url: "ftp://me:planted@p.example" }, false),
    ConfigError,
    "must be a URL like",
  );
  assertEquals(error.message.includes("planted"), false);
});

Deno.test("a proxy with TLS and one without share no connections", () => {
  const key = (proxy: string): string =>
    routeTo("http://store.example", proxy).key;
  assertEquals(key("http://p.example:1") === key("https://p.example:1"), false);
});

Deno.test("a proxy is told the origin once, however it was written", async () => {
  await using server = new HostileServer(answering(ok("a")));
  using transport = new SocketTransport({
    proxy: `http://127.0.0.1:${server.port}`,
  });
  for (const origin of ["http://Store.example/", "http://store.example?"]) {
    await bytesOf(await transport.send(requestTo(origin, { path: "/x" })));
  }
  assertEquals(
    server.heads.map((head) => head.split(" ")[1]),
    ["http://store.example/x", "http://store.example/x"],
  );
});

Deno.test("SocketTransport sends no body whose length is none", async () => {
  await using server = new HostileServer(answering(ok("")));
  using transport = new SocketTransport();
  for (const length of [-1, NaN, 2.5, Infinity]) {
    const body = {
      length,
      replayable: true,
      open: () => new Blob(["GET /smuggled HTTP/1.1\r\n\r\n"]).stream(),
    };
    await assertRejects(
      () => transport.send(requestTo(server.origin, { method: "PUT", body })),
      EndpointError,
      "the length of its body must be a whole number >= 0",
    );
  }
  assertEquals(server.connections, 0);
});

Deno.test("SocketTransport presents no certificate to a proxy that the environment names", async () => {
  await using proxy = new HostileServer(answering(ok("planted")));
  const program = `
    import { SocketTransport } from "${
    import.meta.resolve("../../../src/transport/socket/socket_transport.ts")
  }";
    const clientCertificate = ${JSON.stringify(OWN)};
    using transport = new SocketTransport({ clientCertificate });
    for (const origin of ["https://store.example", "http://store.example"]) {
      const request = { method: "GET", origin, path: "/", query: [], headers: {}, body: undefined };
      const told = await transport.send(request).then(
        async ({ body }) => await new Response(body?.open()).text(),
        ({ name, code, message }) => name + " " + code + ": " + message,
      );
      console.log(told);
    }
  `;
  const { stdout } = await new Deno.Command("deno", {
    args: ["eval", "--no-check", program],
    env: {
      ALL_PROXY: proxy.origin,
      NO_PROXY: "",
      HTTP_PROXY: "",
      HTTPS_PROXY: "",
    },
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trimEnd().split("\n"), [
    `ConfigError ContradictoryOptions: Cannot send to https://store.example with a clientCertificate through the proxy 127.0.0.1:${proxy.port} (ALL_PROXY): the platform cannot present a certificate through a proxy. Use a FetchTransport for that, or name the host in NO_PROXY`,
    "planted",
  ]);
  assertEquals(proxy.connections, 1);
});
