import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AwsError, Session, TimeoutError } from "../../mod.ts";
import { type CallOptions, S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { newTransport, overBoth, transportName } from "../both_transports.ts";
import { answer, type Wire, wire } from "./wire.ts";

const CAT = { Bucket: "photos", Key: "cat" };
const BUSY = answer("503 Slow Down", "<Error><Code>SlowDown</Code></Error>");

overBoth(
  "a call may wait for its connection longer than the client's queue limit",
  async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: taken, resolve: take } = Promise.withResolvers<void>();
    await using server = wire(async (peer) => {
      for (;;) {
        await peer.head();
        take();
        await gate;
        await peer.send(answer("200 OK"));
      }
    });
    using session = sessionAt(server);
    const s3 = session.client(S3, { maxConnections: 1, queueTimeoutMs: 10 });
    const first = s3.headObject(CAT);
    await taken;
    const short = s3.headObject(CAT);
    // As a name of its own, so that this also compiles where it does not exist.
    const lifted: CallOptions & { queueTimeoutMs: number } = {
      queueTimeoutMs: Infinity,
    };
    const patient = s3.headObject(CAT, lifted);

    const error = await assertRejects(() => short, TimeoutError);
    open();
    await Promise.all([first, patient]);

    assertEquals([error.limit, error.limitMs], ["queue", 10]);
  },
);

overBoth(
  "a session that is closed during a back-off tells the failure that the call waited after",
  async () => {
    await using server = wire(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.send(BUSY);
      }
    });
    for (const maxConnections of [undefined, 1]) {
      const session = sessionAt(server, (sleeping) => sleeping());
      const s3 = session.client(S3, {
        ...maxConnections && { maxConnections },
      });

      const error = await assertRejects(
        () => s3.listBuckets(),
        AwsError,
        "the session was closed",
      );

      assertStringIncludes(error.message, "SlowDown (ListBuckets, 503");
      assertEquals((error.cause as Error).name, "ServiceError");
    }
  },
);

overBoth(
  "a closed transport with a full queue says that it is closed, at once",
  async () => {
    await using server = wire(async (peer) => {
      await peer.head();
      await peer.send(answer("200 OK", "x".repeat(100_000)));
      await peer.drain();
    });
    const transport = newTransport({
      maxConnections: 1,
      queueTimeoutMs: 100,
      proxy: false,
    });
    const request = {
      method: "GET",
      origin: server.origin,
      path: "/",
      query: [],
      headers: {},
      body: undefined,
    } as const;
    const held = await transport.send(request);
    transport[Symbol.dispose]();

    const error = await assertRejects(() => transport.send(request), Error);
    await held.body?.cancel();

    assertStringIncludes(error.message, "closed");
  },
);

/** A session whose back-offs close it, where that is wished. */
function sessionAt(
  { origin }: Wire,
  duringBackOff: (close: () => void) => void = () => {},
): Session {
  const session: Session = new Session({
    transport: transportName(),
    system: new FakeSystem(),
    clock: {
      now: () => new Date(),
      sleep: () => {
        duringBackOff(() => session[Symbol.dispose]());
        return Promise.resolve();
      },
      timer: (ms, fn) => {
        const id = setTimeout(fn, ms);
        return { [Symbol.dispose]: () => clearTimeout(id) };
      },
    },
    random: () => 1,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    endpointUrl: origin,
    proxy: false,
    readTimeoutMs: 5_000,
  });
  return session;
}
