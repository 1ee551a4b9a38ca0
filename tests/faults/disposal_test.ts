import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import { downloadStream } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, type Wire, wire } from "./wire.ts";

const CAT = { Bucket: "photos", Key: "cat" };
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

overBoth(
  "a client that is disposed of closes the connections that only it has",
  async () => {
    for (
      const own of [{ maxConnections: 3 }, { maxIdleConnections: 7 }, {
        queueTimeoutMs: 5_000,
      }]
    ) {
      await using server = answering();
      using session = sessionAt(server);
      const other = session.client(S3);
      await other.headObject(CAT);
      {
        using s3 = session.client(S3, own);
        await s3.headObject(CAT);
        await server.open(2);
      }

      await server.open(1);
      await other.headObject(CAT);

      assertEquals(server.heads.length, 3);
    }
  },
);

overBoth(
  "clients of the same settings share connections until the last one is disposed of",
  async () => {
    await using server = answering();
    using session = sessionAt(server);
    const clients = [
      session.client(S3, { maxConnections: 2 }),
      session.client(S3, { maxConnections: 2 }),
      session.client(STS, { maxConnections: 2 }),
    ];
    await clients[0]?.core.settings?.();
    for (const client of clients.slice(0, 2)) await head(client);
    await clients[2]?.core.settings?.();

    clients[0]?.[Symbol.dispose]();
    clients[0]?.[Symbol.dispose]();
    await head(clients[1]);
    await server.open(1);
    clients[1]?.[Symbol.dispose]();
    clients[2]?.[Symbol.dispose]();

    await server.open(0);
    assertEquals(server.heads.length, 3);
  },
);

overBoth(
  "a client that is disposed of can make no further call, whatever the call says of its own",
  async () => {
    await using server = answering();
    using session = sessionAt(server);
    const s3 = session.client(S3);
    const unused = session.client(S3);
    await s3.headObject(CAT);

    s3[Symbol.dispose]();
    unused[Symbol.dispose]();

    for (const client of [s3, unused]) {
      for (
        const options of [{}, { region: "us-west-2" }, { retry: "legacy" }]
      ) {
        const error = await assertRejects(
          () => client.headObject(CAT, options as { region?: string }),
          ConfigError,
          "the client is closed",
        );
        assertEquals(error.code, "ClientClosed");
      }
    }
    assertEquals(server.heads.length, 1);
    await session.client(S3).headObject(CAT);
  },
);

overBoth(
  "a client that is disposed of while it waits to repeat a call tells the failure before",
  async () => {
    await using server = answering("503 Slow Down");
    using session = new Session({
      ...sessionOptions(server),
      clock: {
        now: () => new Date(),
        sleep: () => Promise.resolve(s3[Symbol.dispose]()),
        timer: () => ({ [Symbol.dispose]: () => {} }),
      },
    });
    const s3: S3 = session.client(S3, { maxConnections: 1 });

    const error = await assertRejects(
      () => s3.listBuckets(),
      ConfigError,
      'the client was closed while the call waited to be sent again after "',
    );

    assertEquals(error.code, "ClientClosed");
    assertEquals(server.heads.length, 1);
  },
);

overBoth(
  "roles and questions to STS leave no connection behind that a disposed client has had",
  async () => {
    await using server = answering(
      "200 OK",
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    );
    using session = sessionAt(server);

    const s3 = session.client(S3);
    await s3.headObject(CAT);
    await session.whoami();
    await server.open(1);
    s3[Symbol.dispose]();
    await server.open(0);

    await session.whoami();
    await server.open(0);
    assertEquals(server.heads.length, 3);
  },
);

Deno.test("a transport of one's own is not closed with a client", async () => {
  await using server = answering();
  await using local = new LocalAws();
  const inner = local.transport();
  let closed = 0;
  using session = new Session({
    ...sessionOptions(server),
    ...local.clientConfig,
    transport: {
      send: (request, options) => inner.send(request, options),
      [Symbol.dispose]: () => closed++,
    },
  });
  {
    using s3 = session.client(S3);
    await s3.createBucket({ Bucket: "photos" });
  }
  await session.client(S3).headBucket({ Bucket: "photos" });

  assertEquals(closed, 0);
});

overBoth(
  "a result with a body gives its connection back where its scope ends, read or not",
  async () => {
    await using server = answering("200 OK", "x".repeat(1_000_000));
    using session = sessionAt(server);
    const s3 = session.client(S3, { maxConnections: 1 });
    for (let call = 0; call < 3; call++) {
      await using result = await s3.getObject(CAT);
      assertEquals(result.ContentLength, 1_000_000);
    }
    {
      await using result = await s3.getObject(CAT);
      assertEquals((await result.Body.bytes()).length, 1_000_000);
    }
    {
      await using result = await s3.getObjectTorrent(CAT);
      for await (const piece of result.Body) if (piece.length > 0) break;
    }
    const shown = Deno.inspect(await s3.headObject(CAT));
    assertEquals(shown.includes("asyncDispose"), false);
  },
);

overBoth(
  "the result of a call with events gives its connection back where its scope ends",
  async () => {
    await using server = answering("200 OK", "\0".repeat(64));
    using session = sessionAt(server);
    const s3 = session.client(S3, { maxConnections: 1 });
    for (let call = 0; call < 2; call++) {
      await using result = await s3.selectObjectContent({
        ...CAT,
        Expression: "select * from s3object",
        ExpressionType: "SQL",
        InputSerialization: { CSV: {} },
        OutputSerialization: { CSV: {} },
      });
      assertEquals(typeof result.Payload.cancel, "function");
    }
  },
);

overBoth("a download through a stream ends where its scope does", async () => {
  await using server = answering("200 OK", "x".repeat(1_000_000), 'etag: "e"');
  using session = sessionAt(server);
  const s3 = session.client(S3, { maxConnections: 1 });
  for (const pieces of [0, 1]) {
    await using result = await downloadStream(s3, CAT);
    const reader = result.Body.getReader();
    for (let piece = 0; piece < pieces; piece++) await reader.read();
    reader.releaseLock();
  }
  await s3.headObject(CAT);
});

interface AnsweringServer extends Wire {
  /** Resolves when so many connections are open. */
  open(count: number): Promise<void>;
}

/** Gives one answer to every request; HEAD gets no body. */
function answering(
  status = "200 OK",
  body = "",
  ...fields: readonly string[]
): AnsweringServer {
  let open = 0;
  const waiting = new Set<() => void>();
  const tell = (change: number): void => {
    open += change;
    for (const wake of waiting) wake();
  };
  const server = wire(async (peer) => {
    tell(1);
    try {
      for (;;) {
        const head = await peer.head();
        const whole = answer(status, body, ...fields);
        await peer.send(
          head.startsWith("HEAD ")
            ? whole.slice(0, -body.length || undefined)
            : whole,
        );
      }
    } finally {
      tell(-1);
    }
  });
  return Object.assign(server, {
    open: async (count: number) => {
      while (open !== count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
  });
}

function sessionOptions(
  server: Wire,
): ConstructorParameters<typeof Session>[0] {
  return {
    region: "eu-west-1",
    credentials: KEYS,
    endpointUrl: server.origin,
    system: new FakeSystem({}),
    transport: transportName(),
  };
}

function sessionAt(server: Wire): Session {
  return new Session(sessionOptions(server));
}

async function head(client: S3 | STS | undefined): Promise<void> {
  if (client instanceof S3) await client.headObject(CAT);
}
