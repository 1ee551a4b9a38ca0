import { assertEquals, assertRejects } from "@std/assert";
import { Session, type SessionOptions } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { wireServer } from "./wire_server.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "b", Key: "k" };
const LONG = 20 * MIB;

/** Each way to hand over a stream. */
const WAYS: readonly (readonly [
  string,
  (
    s3: S3,
    Body: ReadableStream<Uint8Array>,
    options: { readonly signal?: AbortSignal },
  ) => Promise<unknown>,
])[] = [
  [
    "putObject of a stream",
    (s3, Body, options) =>
      s3.putObject({ ...OBJECT, Body, ContentLength: LONG }, options),
  ],
  [
    "putObject of a Response",
    (s3, stream, options) =>
      s3.putObject({
        ...OBJECT,
        Body: new Response(stream) as unknown as ReadableStream<Uint8Array>,
        ContentLength: LONG,
      }, options),
  ],
  [
    "putObject of a source",
    (s3, stream, options) => {
      const Body = {
        length: LONG,
        replayable: false,
        open: () => stream,
        cancel: (reason: unknown) => {
          if (!stream.locked) stream.cancel(reason);
        },
      };
      return s3.putObject({ ...OBJECT, Body }, options);
    },
  ],
  [
    "upload of a stream",
    (s3, Body, options) => upload(s3, { ...OBJECT, Body }, options),
  ],
];

const REFUSAL =
  "HTTP/1.1 403 Forbidden\r\ncontent-length: 50\r\n\r\n<Error><Code>AccessDenied</Code><Message/></Error>";

/** Answers whatever an upload asks. */
const ANSWER =
  "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";

for (const [name, call] of WAYS) {
  overBoth(`${name} cancels it when the credentials fail`, async () => {
    const { stream, cancelled } = sourceOf(9 * MIB);
    using session = sessionFor("http://127.0.0.1:1", {
      credentials: () => Promise.reject(new Error("no keys")),
    });

    await assertRejects(
      () => call(clientOf(session), stream, {}),
      Error,
      "no keys",
    );

    assertEquals(cancelled.length, 1);
  });

  overBoth(
    `${name} cancels it when it is aborted while the source stalls`,
    async () => {
      for (const before of [0, 1_000, 9 * MIB]) {
        const { stream, cancelled, stalled } = sourceOf(before);
        await using server = wireServer(() => ({ body: ANSWER }));
        using session = sessionFor(server.origin);
        const controller = new AbortController();
        const { signal } = controller;
        const reason = new Error("enough");

        const done = assertRejects(
          () => call(clientOf(session), stream, { signal }),
          Error,
          "enough",
        );
        await stalled;
        controller.abort(reason);

        await done;
        assertEquals(cancelled, [reason]);
      }
    },
  );

  overBoth(
    `${name} cancels it when it was aborted before it began`,
    async () => {
      const { stream, cancelled } = sourceOf(0);
      using session = sessionFor("http://127.0.0.1:1");
      const signal = AbortSignal.abort(new Error("enough"));

      await assertRejects(
        () => call(clientOf(session), stream, { signal }),
        Error,
        "enough",
      );

      assertEquals(cancelled.length, 1);
    },
  );

  overBoth(`${name} cancels it when the server cannot be reached`, async () => {
    const { stream, cancelled } = sourceOf(9 * MIB);
    using session = sessionFor("http://127.0.0.1:1", {
      retry: { maxAttempts: 1 },
    });

    await assertRejects(() => call(clientOf(session), stream, {}));

    assertEquals(cancelled.length, 1);
  });
}

overBoth("totalTimeoutMs cancels a source that stalls", async () => {
  for (const before of [0, 9 * MIB]) {
    const { stream, cancelled } = sourceOf(before);
    await using server = wireServer(() => ({}));
    using session = sessionFor(server.origin, { totalTimeoutMs: 60 });

    await assertRejects(
      () =>
        clientOf(session).putObject({
          ...OBJECT,
          Body: stream,
          ContentLength: LONG,
        }),
      Error,
      "60 ms",
    );

    assertEquals(cancelled.length, 1);
  }
});

overBoth(
  "a refusal that comes while the source stalls cancels it",
  async () => {
    const { stream, cancelled } = sourceOf(9 * MIB);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const refuse = async (connection: Deno.Conn): Promise<void> => {
      const room = new Uint8Array(65_536);
      if (await connection.read(room) !== null) {
        await connection.write(new TextEncoder().encode(REFUSAL));
      }
      while (await connection.read(room).catch(() => null) !== null);
      connection.close();
    };
    const serving = (async () => {
      for await (const connection of listener) await refuse(connection);
    })();
    using session = sessionFor(`http://127.0.0.1:${listener.addr.port}`);

    await assertRejects(
      () =>
        clientOf(session).putObject({
          ...OBJECT,
          Body: stream,
          ContentLength: LONG,
        }),
      Error,
      "AccessDenied",
    );

    assertEquals(cancelled.length, 1);
    listener.close();
    await serving;
  },
);

overBoth(
  "a call with wrong parameters cancels the stream that it was given",
  async () => {
    const { stream, cancelled } = sourceOf(0);
    using session = sessionFor("http://127.0.0.1:1");

    await assertRejects(() =>
      session.client(S3).putObject({ Bucket: "", Key: "k", Body: stream })
    );

    assertEquals(cancelled.length, 1);
  },
);

/** A stream that hands out some bytes and then nothing, not even its end. */
function sourceOf(before: number): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly cancelled: unknown[];
  readonly stalled: Promise<void>;
} {
  const cancelled: unknown[] = [];
  const { promise: stalled, resolve } = Promise.withResolvers<void>();
  let left = before;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (left <= 0) {
        resolve();
        return new Promise(() => {});
      }
      left -= MIB;
      controller.enqueue(new Uint8Array(MIB));
    },
    cancel: (reason) => {
      cancelled.push(reason);
      // A source need not be quick about it.
      return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  return { stream, cancelled, stalled };
}

/** Streams go over http unsigned, or not at all. */
function clientOf(session: Session): S3 {
  return session.client(S3, { payloadSigning: false });
}

function sessionFor(endpointUrl: string, options?: SessionOptions): Session {
  return new Session({
    transport: transportName(),
    endpointUrl,
    region: "us-east-1",
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
    ...options,
  });
}
