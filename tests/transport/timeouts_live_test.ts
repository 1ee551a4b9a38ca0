import { isSocket, newTransport, overBoth } from "../both_transports.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { text } from "../../src/foundation/bytes.ts";
import { type TimeLimit, TimeoutError } from "../../src/foundation/errors.ts";
import type { Logger } from "../../src/ports/telemetry.ts";
import type { FetchTransportOptions } from "../../src/transport/fetch_transport.ts";
import { fullQueue } from "./full_queue.ts";
import { answering, HostileServer, ok, type Peer } from "./hostile_server.ts";
import { bytesOf, piecesOf, requestTo } from "./requests.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

overBoth(
  "a server that accepts and says nothing is a read timeout",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.drain();
    });

    const error = await failure(server.origin, { readTimeoutMs: 40 });

    assertTimeout(error, "read", 40);
    assertMatch(
      error.message,
      /^Cannot finish GET http:\S+: the server was silent for 40 ms \(readTimeoutMs\)(?: \(phase head, \S+ to \S+\))?; (?:dialled after \d+ ms, )?handed over after \d+ ms$/,
    );
    // Handing over to fetch takes no time; a socket tells when it was done.
    if (!isSocket()) assertEquals(error.timeline.sentMs, 0);
    assertEquals(error.phase, isSocket() ? "head" : undefined);
  },
);

overBoth("a TLS handshake that stalls is a read timeout", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.drain();
  });

  const error = await failure(server.tlsOrigin, { readTimeoutMs: 40 });

  assertTimeout(error, "read", 40);
});

overBoth(
  "a TLS handshake that stalls is a connect timeout, never sent",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.drain();
    });

    const error = await failure(server.tlsOrigin, { connectTimeoutMs: 40 });

    assertTimeout(error, "connect", 40);
    assertEquals(error.phase, "tls");
    assertEquals(error.maybeSent, false);
    assertMatch(
      error.message,
      /: no secure connection after 40 ms \(connectTimeoutMs\) \(phase tls, \S+ to \S+\)/,
    );
  },
);

overBoth(
  "a body that stalls is a read timeout, read whole or by pieces",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.head();
      await peer.send(`${HEAD}hel`);
      await peer.drain();
    });
    using transport = newTransport({ readTimeoutMs: 40 });

    for (const readAll of [bytesOf, piecesOf]) {
      const response = await transport.send(requestTo(server.origin));
      const error = await assertRejects(() => readAll(response));

      assertTimeout(error, "read", 40);
      assertMatch(
        error.message,
        /: the server was silent for 40 ms after 3 of 8 bytes \(readTimeoutMs\)(?: \(phase body, \S+ to \S+\))?; .*first byte after \d+ ms, last byte after \d+ ms$/,
      );
      const { firstByteMs = -1, lastByteMs = -1 } = error.timeline;
      assert(firstByteMs >= 0 && lastByteMs >= firstByteMs);
    }
  },
);

overBoth("a body that trickles is none, read whole or by pieces", async () => {
  await using server = new HostileServer(trickle);
  using transport = newTransport({ readTimeoutMs: 120, dialer: false });

  const whole = await bytesOf(await transport.send(requestTo(server.origin)));
  const pieces = await piecesOf(
    await transport.send(requestTo(server.origin, { path: "/chunked" })),
  );

  assertEquals(text(whole), "trickles");
  assert(pieces.length > 1);
  assertEquals(pieces.map(text).join(""), "trickles");
});

overBoth(
  "a body that trickles for too long is an attempt timeout",
  async () => {
    await using server = new HostileServer(trickle);

    const error = await failure(server.origin, {
      readTimeoutMs: 1_000,
      attemptTimeoutMs: 70,
      dialer: false,
    });

    assertTimeout(error, "attempt", 70);
  },
);

overBoth("a reader that takes its time is no silent server", async () => {
  await using server = new HostileServer(answering(ok("x".repeat(100_000))));
  using transport = newTransport({
    readTimeoutMs: 30,
    attemptTimeoutMs: 60,
  });
  const response = await transport.send(requestTo(server.origin));

  await new Promise((resolve) => setTimeout(resolve, 90));

  assertEquals((await bytesOf(response)).length, 100_000);
});

overBoth(
  "an accept queue that is full is a connect timeout, never sent",
  async () => {
    await using queue = await fullQueue();

    const error = await failure(queue.origin, { connectTimeoutMs: 60 });

    assertTimeout(error, "connect", 60);
    assertEquals(error.maybeSent, false);
  },
);

overBoth("the times of a request win over those of the transport", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.head();
    await peer.drain();
  });
  await using queue = await fullQueue();
  using transport = newTransport();

  const read = await assertRejects(() =>
    transport.send(requestTo(server.origin), { readTimeoutMs: 20 })
  );
  const attempt = await assertRejects(() =>
    transport.send(requestTo(server.origin), { attemptTimeoutMs: 25 })
  );
  const connect = await assertRejects(() =>
    transport.send(requestTo(queue.origin), { connectTimeoutMs: 30 })
  );

  assertTimeout(read, "read", 20);
  assertTimeout(attempt, "attempt", 25);
  assertTimeout(connect, "connect", 30);
});

overBoth("after a timeout no idle connection is used again", async () => {
  const messages: string[] = [];
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      const head = await peer.head();
      if (!head.startsWith("GET /silent")) await peer.send(ok("hello"));
    }
  });
  using transport = newTransport({
    dialer: false,
    logger: loggerOf(messages),
  });
  await bytesOf(await transport.send(requestTo(server.origin)));
  await assertRejects(() =>
    transport.send(requestTo(server.origin, { path: "/silent" }), {
      readTimeoutMs: 20,
    })
  );
  const before = server.connections;

  await bytesOf(await transport.send(requestTo(server.origin)));

  assertEquals([before, server.connections], [1, 2]);
  assertEquals(messages, ["Idle connections dropped after a timeout"]);
});

/** Eight bytes in 160 ms, of which the client knows the number or not. */
async function trickle(peer: Peer): Promise<void> {
  for (;;) {
    const isChunked = (await peer.head()).startsWith("GET /chunked");
    await peer.send(isChunked ? CHUNKED : HEAD);
    for (const byte of "trickles") {
      await peer.pause(20);
      await peer.send(isChunked ? `1\r\n${byte}\r\n` : byte);
    }
    if (isChunked) await peer.send("0\r\n\r\n");
  }
}

async function failure(
  origin: string,
  options: FetchTransportOptions,
): Promise<Error> {
  using transport = newTransport(options);
  return await assertRejects(
    async () => await bytesOf(await transport.send(requestTo(origin))),
    Error,
  );
}

function assertTimeout(
  error: unknown,
  limit: TimeLimit,
  limitMs: number,
): asserts error is TimeoutError {
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.limit, error.limitMs], [limit, limitMs]);
}

function loggerOf(messages: string[]): Logger {
  const log = (message: string): void => void messages.push(message);
  const logger: Logger = {
    enabled: () => true,
    debug: log,
    info: log,
    warn: log,
    error: log,
    child: () => logger,
  };
  return logger;
}
