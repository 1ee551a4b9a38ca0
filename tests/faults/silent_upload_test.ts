import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Session, TimeoutError } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import {
  type BodySource,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  withDeadlines,
} from "../../src/transport/mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { newTransport, overBoth, transportName } from "../both_transports.ts";
import { wireServer } from "./wire_server.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "b", Key: "k" };

for (
  const [name, Body] of [
    ["bytes", new Uint8Array(12 * MIB)],
    ["a Blob", new Blob([new Uint8Array(12 * MIB)])],
    ["short bytes", new Uint8Array(1_000)],
  ] as const
) {
  overBoth(
    `readTimeoutMs holds for ${name} whose server reads some and falls silent`,
    async () => {
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      await using server = wireServer(() => "hang", {
        beforeRead: (received) => received > MIB ? over : undefined,
      });
      using session = sessionFor(server.origin, 100);
      const start = performance.now();

      const error = await session.client(S3).putObject({ ...OBJECT, Body })
        .then(() => undefined, (error) => error);
      end();

      assertInstanceOf(error, TimeoutError);
      assertEquals([error.limit, error.limitMs], ["read", 100]);
      assert(performance.now() - start < 1_500);
    },
  );
}

overBoth("readTimeoutMs holds for a part of an upload", async () => {
  await using server = wireServer(({ target, method }) =>
    method === "POST" && target.includes("uploads")
      ? {
        body:
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
      }
      : method === "DELETE"
      ? { status: 204 }
      : "hang"
  );
  using session = sessionFor(server.origin, 100);
  const start = performance.now();

  const error = await upload(session.client(S3), {
    ...OBJECT,
    Body: new Uint8Array(17 * MIB),
  }).then(() => undefined, (error) => error);

  assertInstanceOf(error, TimeoutError);
  assertEquals(error.limit, "read");
  assert(performance.now() - start < 3_000);
});

overBoth("a server that takes a body slowly is not silent", async () => {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  await using server = wireServer(() => ({}), {
    // What the buffers of both ends hold takes less than the limit.
    beforeRead: () => clock.advance(1),
  });
  using transport = newTransport({
    clock,
    dialer: false,
    // The clock stands still until the body flows.
    expectContinueBytes: Infinity,
    readTimeoutMs: 600,
  });

  const { status } = await transport.send({
    method: "PUT",
    origin: server.origin,
    path: "/",
    query: [],
    headers: {},
    body: new Uint8Array(96 * MIB),
  });

  assertEquals(status, 200);
  assert(clock.now().getTime() > Date.parse("2026-11-22T10:00:01Z"));
});

Deno.test("a body that waits while others use the line is not told that the server is silent", async () => {
  const line = scriptedLine();
  const waiting = line.send("one", 4 * MIB);
  const moving = line.send("two", 4 * MIB);
  await line.take("one");

  for (let piece = 0; piece < 10; piece++) {
    await line.take("two");
    line.clock.advance(30_000);
  }
  assertEquals(line.ended, []);

  // Nothing moves any more. What has left may be in buffers for a while.
  line.clock.advance(120_000);
  await Promise.allSettled([waiting, moving]);
  assertEquals(line.ended, ["one read", "two read"]);
});

Deno.test("bodies that left in step are given the time that they need at their pace", async () => {
  const line = scriptedLine();
  const names = ["one", "two", "three", "four", "five"];
  const sent = names.map((name) => line.send(name, 8 * MIB));
  for (let piece = 0; piece < 32; piece++) {
    for (const name of names) await line.take(name);
    line.clock.advance(3_000);
  }

  // They took 96 s to be handed over, and a third of them is on its way.
  line.clock.advance(80_000);
  assertEquals(line.ended, []);
  names.forEach(line.answer);

  assertEquals((await Promise.all(sent)).length, 5);
});

Deno.test("a body that hangs while others pass it by ends in time", async () => {
  const line = scriptedLine();
  const hanging = line.send("one", 4 * MIB);
  const moving = line.send("two", 900 * MIB);
  await line.take("one");

  for (let piece = 0; piece < 200; piece++) {
    await line.take("two");
    line.clock.advance(1_000);
  }
  await hanging.catch(() => {});
  assertEquals(line.ended, ["one read"]);

  line.answer("two");
  assertEquals((await moving).status, 200);
});

Deno.test("other hosts are no excuse for a silent server", async () => {
  const line = scriptedLine();
  const silent = line.send("one", 4 * MIB);
  const moving = line.send("two", 4 * MIB, "http://other.example");
  await line.take("one");

  for (let piece = 0; piece < 3; piece++) {
    await line.take("two");
    line.clock.advance(30_000);
  }
  await silent.catch(() => {});
  assertEquals(line.ended, ["one read"]);

  line.answer("two");
  await moving;
});

overBoth(
  "an answer counts from the last byte that left, however large the body",
  async () => {
    const clock = new FixedClock("2026-11-22T10:00:00Z");
    await using server = wireServer(() => "hang");
    using transport = newTransport({
      clock,
      dialer: false,
      expectContinueBytes: Infinity,
    });
    const sending = transport.send({
      method: "PUT",
      origin: server.origin,
      path: "/",
      query: [],
      headers: {},
      body: new Uint8Array(8 * MIB),
    });
    while (server.requests.length === 0) {
      await new Promise((go) => setTimeout(go, 5));
    }

    clock.advance(60_000);

    const error = await sending.then(() => undefined, (error) => error);
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.limit, "read");
  },
);

/** A transport whose pace is said by the test, under limits. */
interface ScriptedLine {
  readonly clock: FixedClock;
  /** The requests that failed, and the limit that passed. */
  readonly ended: string[];
  send(path: string, length: number, origin?: string): Promise<HttpResponse>;
  /** Sends a piece of a request's body. */
  take(path: string): Promise<unknown>;
  answer(path: string): void;
}

function scriptedLine(): ScriptedLine {
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  const readers = new Map<string, ReadableStreamDefaultReader<Uint8Array>>();
  const answers = new Map<string, (response: HttpResponse) => void>();
  const ended: string[] = [];
  const inner: Transport = {
    send({ path, body }): Promise<HttpResponse> {
      assert(body !== undefined && !(body instanceof Uint8Array));
      readers.set(path, body.open().getReader());
      return new Promise((resolve) => answers.set(path, resolve));
    },
    [Symbol.dispose]: () => {},
  };
  const transport = withDeadlines(inner, clock);
  return {
    clock,
    ended,
    send: (path: string, length: number, origin = "http://s3.example") => {
      const sent = transport.send(requestOf(path, origin, zeros(length)));
      sent.catch((error) => ended.push(`${path} ${error.limit}`));
      return sent;
    },
    take: async (path: string) => await readers.get(path)?.read(),
    answer: (path: string) =>
      answers.get(path)?.({ status: 200, headers: {}, body: null }),
  };
}

function requestOf(
  path: string,
  origin: string,
  body: BodySource,
): HttpRequest {
  return { method: "PUT", origin, path, query: [], headers: {}, body };
}

function zeros(length: number): BodySource {
  return {
    length,
    replayable: true,
    open: () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(256 * 1_024)),
      }, { highWaterMark: 0 }),
  };
}

function sessionFor(endpointUrl: string, readTimeoutMs: number): Session {
  return new Session({
    transport: transportName(),
    endpointUrl,
    readTimeoutMs,
    region: "us-east-1",
    retry: { maxAttempts: 1 },
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
  });
}
