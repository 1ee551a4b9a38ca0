/**
 * A signal ends a call at once, wherever the call is.
 *
 * @module
 */
import { overBoth } from "../both_transports.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { S3 } from "../../src/services/s3/mod.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { countingSignal } from "../transport/counting_signal.ts";
import { fullQueue } from "../transport/full_queue.ts";
import {
  HostileServer,
  type Peer,
  type Script,
} from "../transport/hostile_server.ts";
import { answer, CAT, refusal, rejected, s3At } from "./store.ts";

/** Far more than a call takes to end, far less than any limit. */
const AT_ONCE_MS = 1_000;

/** What a test does before the signal fires, and what it calls. */
interface Stage {
  readonly script?: Script;
  readonly options?: SessionOptions;
  readonly call: (s3: S3, signal: AbortSignal) => Promise<unknown>;
  /** The moment; where it is not told, the server's first request. */
  readonly moment?: Promise<unknown>;
}

const silent: Script = async (peer) => {
  await peer.head();
  await peer.drain();
};

async function assertEndsAtOnce(stage: Stage): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const { script = silent, options, call, moment = reached.promise } = stage;
  const telling = (peer: Peer, connection: number): void | Promise<void> =>
    script({
      ...peer,
      head: async () => {
        const head = await peer.head();
        reached.resolve();
        return head;
      },
    }, connection);
  await using server = new HostileServer(telling);
  // Streams go over http unsigned, or not at all.
  using client = s3At(server.origin, options, { payloadSigning: false });
  const controller = new AbortController();
  const reason = { mine: true };

  const ended = rejected(call(client.s3, controller.signal));
  await moment;
  controller.abort(reason);
  const aborted = performance.now();
  const result = await ended;

  assertStrictEquals(result.reason, reason);
  assert(performance.now() - aborted < AT_ONCE_MS);
}

const head = (s3: S3, signal: AbortSignal): Promise<unknown> =>
  s3.headObject(CAT, { signal });

overBoth("a signal ends a call that was not started", async () => {
  using client = s3At("http://127.0.0.1:1");
  const reason = { mine: true };

  const result = await rejected(head(client.s3, AbortSignal.abort(reason)));

  assertStrictEquals(result.reason, reason);
});

overBoth(
  "a signal ends the reading of a body that is given as a stream",
  async () => {
    const pulled = Promise.withResolvers<void>();
    let cancelled: unknown;
    const Body = new ReadableStream<Uint8Array>({
      pull: () => {
        pulled.resolve();
        return new Promise(() => {});
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    }, { highWaterMark: 0 });

    await assertEndsAtOnce({
      moment: pulled.promise,
      call: (s3, signal) => s3.putObject({ ...CAT, Body }, { signal }),
    });

    assertEquals(cancelled, { mine: true });
  },
);

overBoth("a signal ends the search for credentials", async () => {
  const asked = Promise.withResolvers<void>();

  await assertEndsAtOnce({
    options: {
      credentials: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    },
    moment: asked.promise,
    call: head,
  });
});

overBoth("a signal ends a wait for a connection", async () => {
  const holder = new AbortController();
  const taken = Promise.withResolvers<void>();
  let first: Promise<unknown> | undefined;

  await assertEndsAtOnce({
    options: { maxConnections: 1 },
    script: async (peer) => {
      await peer.head();
      taken.resolve();
      await peer.drain();
    },
    call: async (s3, signal) => {
      first = rejected(head(s3, holder.signal));
      await taken.promise;
      return await head(s3, signal);
    },
    moment: taken.promise.then(() =>
      new Promise((resolve) => setTimeout(resolve, 20))
    ),
  });

  holder.abort();
  await first;
});

overBoth("a signal ends a call that dials", async () => {
  await using queue = await fullQueue();

  await assertEndsAtOnce({
    options: { endpointUrl: queue.origin },
    moment: new Promise((resolve) => setTimeout(resolve, 20)),
    call: head,
  });
});

overBoth("a signal ends an upload that nobody takes", async () => {
  await assertEndsAtOnce({
    script: async (peer) => {
      await peer.head();
      await peer.pause(60_000);
    },
    call: (s3, signal) =>
      s3.putObject({ ...CAT, Body: new Uint8Array(8_000_000) }, { signal }),
  });
});

overBoth("a signal ends an upload whose source is stuck", async () => {
  const first = new Uint8Array(65_536);
  const pieces = 9 * 16;
  await assertEndsAtOnce({
    call: (s3, signal) => {
      let sent = 0;
      const Body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (sent++ < pieces) controller.enqueue(first);
          else return new Promise(() => {});
        },
      });
      const ContentLength = 20_000_000;
      return s3.putObject({ ...CAT, Body, ContentLength }, { signal });
    },
  });
});

overBoth("a signal ends a wait for the answer", async () => {
  await assertEndsAtOnce({ call: head });
});

overBoth("a signal ends a document that does not come to its end", async () => {
  await assertEndsAtOnce({
    script: async (peer) => {
      await peer.head();
      await peer.send(
        answer("200 OK", "<ListBucketResult>").replace("18", "99"),
      );
      await peer.drain();
    },
    call: (s3, signal) => s3.listObjectsV2({ Bucket: "photos" }, { signal }),
  });
});

overBoth("a signal ends a body after its call has returned", async () => {
  const stalling: Script = async (peer) => {
    await peer.head();
    await peer.send(answer("200 OK", "x".repeat(9), 'etag: "e"').slice(0, -4));
    await peer.drain();
  };
  const read = {
    whole: async (s3: S3, signal: AbortSignal): Promise<unknown> => {
      const { Body } = await s3.getObject(CAT, { signal });
      return await Body.bytes();
    },
    pieces: async (s3: S3, signal: AbortSignal): Promise<unknown> => {
      const { Body } = await s3.getObject(CAT, { signal });
      return await Array.fromAsync(Body);
    },
  };

  await assertEndsAtOnce({ script: stalling, call: read.whole });
  await assertEndsAtOnce({ script: stalling, call: read.pieces });
});

overBoth("a signal ends a wait between attempts", async () => {
  await assertEndsAtOnce({
    options: { random: () => 0.999, retry: { maxAttempts: 9 } },
    script: async (peer) => {
      for (;;) {
        await peer.head();
        await peer.send(refusal("503 Slow Down", "SlowDown"));
      }
    },
    call: (s3, signal) => s3.listBuckets({}, { signal }),
    moment: new Promise((resolve) => setTimeout(resolve, 100)),
  });
});

overBoth("a signal ends the question where a bucket is", async () => {
  let requests = 0;
  const asked = Promise.withResolvers<void>();

  await assertEndsAtOnce({
    script: async (peer) => {
      for (;;) {
        await peer.head();
        if (++requests > 1) {
          asked.resolve();
          return void await peer.drain();
        }
        await peer.send(refusal("301 Moved", "PermanentRedirect"));
      }
    },
    call: (s3, signal) => s3.getBucketPolicy({ Bucket: "photos" }, { signal }),
    moment: asked.promise,
  });
});

overBoth("calls take their listeners off the signal again", async () => {
  let requests = 0;
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      await peer.head();
      await peer.send(
        ++requests % 2 === 0
          ? answer("200 OK", "hello", 'etag: "e"')
          : refusal("503 Slow Down", "SlowDown"),
      );
    }
  });
  using client = s3At(server.origin);
  const { signal, listeners } = countingSignal();

  for (const totalTimeoutMs of [Infinity, 60_000]) {
    const options = { signal, totalTimeoutMs };
    const { Body } = await client.s3.getObject(CAT, options);
    assertEquals(await Body.text(), "hello");
    const second = await client.s3.getObject(CAT, options);
    await second.Body.cancel();
  }

  assertEquals(listeners(), 0);
});
