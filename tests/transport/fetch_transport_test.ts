import { assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { EndpointError } from "../../src/foundation/errors.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { answering, HostileServer, ok } from "./hostile_server.ts";

Deno.test("FetchTransport sends what it is given and little else", async () => {
  await using server = new HostileServer(answering(ok("hello", "x-amz-id: 1")));
  using transport = new FetchTransport();

  const response = await transport.send(request(server, {
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
  assertEquals(lines.slice(1, -2).map((line) => line.split(":")[0]).sort(), [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "content-length",
    "host",
    "user-agent",
    "x-amz-meta-a",
  ]);
  assertEquals(lines.includes("accept-encoding: identity"), true);
  assertEquals(lines.includes("content-length: 7"), true);
  assertEquals(lines.at(-1), "content");
});

Deno.test("FetchTransport uses a connection again", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  using transport = new FetchTransport();

  for (let count = 0; count < 5; count++) {
    await bytesOf(await transport.send(request(server)));
  }

  // One is the dial of the connect limit.
  assertEquals(server.connections, 2);
});

Deno.test("FetchTransport refuses a path that would name another object", async () => {
  await using server = new HostileServer(answering(ok("hello")));
  using transport = new FetchTransport();

  await assertRejects(
    () => transport.send(request(server, { path: "/mine/../theirs" })),
    EndpointError,
    'the platform would send the path "/theirs" instead',
  );

  assertEquals(server.connections, 0);
});

function request(
  server: HostileServer,
  parts: Partial<HttpRequest> = {},
): HttpRequest {
  return {
    method: "GET",
    origin: server.origin,
    path: "/",
    query: [],
    headers: {},
    body: undefined,
    ...parts,
  };
}

async function bytesOf(
  response: Awaited<ReturnType<FetchTransport["send"]>>,
): Promise<Uint8Array> {
  return await response.body?.bytes() ?? new Uint8Array();
}
