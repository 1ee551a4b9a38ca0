import { newTransport, overBoth } from "../both_transports.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "@std/assert";
import {
  ConfigError,
  type TimeLimit,
  TimeoutError,
} from "../../src/foundation/errors.ts";
import type { CallOptions } from "../../src/ports/caller.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import { scripted } from "../scripted_transport.ts";
import { fullQueue } from "../transport/full_queue.ts";
import { HostileServer, type Script } from "../transport/hostile_server.ts";
import { answer, CAT, inTurn, refusal, s3At } from "./store.ts";

const ONCE = { retry: { maxAttempts: 1 } };

const silent: Script = async (peer) => {
  await peer.head();
  await peer.drain();
};

/** A byte every 20 ms, for ever. */
const trickling: Script = async (peer) => {
  await peer.head();
  await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n");
  for (;;) {
    await peer.send("x");
    await peer.pause(20);
  }
};

/** Calls with a time of the client, and with the same time of the call. */
async function failures(
  origin: string,
  times: CallOptions,
): Promise<TimeoutError[]> {
  using client = s3At(origin, { ...ONCE, ...times });
  using usual = s3At(origin, ONCE);
  return [
    await assertRejects(() => client.s3.headObject(CAT), TimeoutError),
    await assertRejects(() => usual.s3.headObject(CAT, times), TimeoutError),
  ];
}

function assertLimit(
  errors: readonly TimeoutError[],
  limit: TimeLimit,
  limitMs: number,
  stages: readonly string[],
): void {
  for (const error of errors) {
    assertEquals([error.limit, error.limitMs], [limit, limitMs]);
    // Whether the dial is through by then is up to the machine.
    const { dialledMs: _dial, ...reached } = error.timeline;
    assertEquals(Object.keys(reached), stages);
    const [attempt] = error.ResponseMetadata?.Attempts ?? [];
    assertEquals(attempt?.failure, `timeout: ${limit}`);
    assertEquals(attempt?.timeline, error.timeline);
  }
}

overBoth(
  "connectTimeoutMs ends a call whose server cannot be reached",
  async () => {
    await using queue = await fullQueue();

    const errors = await failures(queue.origin, { connectTimeoutMs: 40 });

    assertLimit(errors, "connect", 40, []);
  },
);

overBoth("readTimeoutMs ends a call whose server is silent", async () => {
  await using server = new HostileServer(silent);

  const errors = await failures(server.origin, { readTimeoutMs: 40 });

  assertLimit(errors, "read", 40, ["sentMs"]);
});

overBoth("attemptTimeoutMs ends a call whose answer trickles", async () => {
  await using server = new HostileServer(trickling);
  using client = s3At(server.origin, { ...ONCE, attemptTimeoutMs: 60 });

  const error = await assertRejects(
    () => client.s3.getBucketPolicy({ Bucket: "photos" }),
    TimeoutError,
  );

  assertEquals(error.limit, "attempt");
  const { firstByteMs = -1, lastByteMs = -1 } = error.timeline;
  assert(firstByteMs >= 0 && lastByteMs > firstByteMs, error.message);
  assertMatch(
    error.message,
    /first byte after \d+ ms, last byte after \d+ ms$/,
  );
});

overBoth("totalTimeoutMs ends a call in the middle of an attempt", async () => {
  await using server = new HostileServer(silent);

  const errors = await failures(server.origin, { totalTimeoutMs: 50 });

  assertLimit(errors, "total", 50, ["sentMs"]);
  assertEquals(errors[0]?.ResponseMetadata?.StopReason, "total-timeout");
});

overBoth(
  "totalTimeoutMs is asked before each wait, and tells the waits",
  async () => {
    const clock = new FixedClock("2024-02-29T12:34:56Z");
    await using server = new HostileServer(
      inTurn(refusal("503 Slow Down", "SlowDown")),
    );
    using client = s3At(server.origin, {
      clock,
      random: () => 0.5,
      retry: { maxAttempts: 9 },
    });

    const error = await assertRejects(
      () => client.s3.listBuckets({}, { totalTimeoutMs: 2_000 }),
      TimeoutError,
    );

    assertEquals(clock.slept, [500, 1_000]);
    assertEquals(error.timeline, { waitedMs: 1_500 });
    assertEquals(
      error.message,
      "Cannot call ListBuckets within 2000 ms: 1500 ms are spent and the next attempt is 2000 ms away; waited 1500 ms between attempts",
    );
    assertEquals(error.ResponseMetadata?.Attempts.length, 3);
  },
);

overBoth(
  "a total time that passes during a wait tells of the attempts too",
  async () => {
    const clock = new FixedClock("2024-02-29T12:34:56Z");
    const stuck = Object.assign(clock, {
      sleep: (_ms: number, signal?: AbortSignal): Promise<void> =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          // The clock goes on while the call waits.
          clock.advance(2_000);
        }),
    });
    using client = s3At("http://store.example", {
      clock: stuck,
      random: () => 0.5,
      transport: scripted([{ status: 503 }]),
    });

    const error = await assertRejects(
      () => client.s3.listBuckets({}, { totalTimeoutMs: 1_000 }),
      TimeoutError,
    );

    assertEquals(error.limit, "total");
    assertEquals(error.ResponseMetadata?.StopReason, "total-timeout");
    assertEquals(error.ResponseMetadata?.Attempts.length, 1);
  },
);

overBoth(
  "a time that was retried stays in the record of its attempt",
  async () => {
    let requests = 0;
    await using server = new HostileServer(async (peer) => {
      for (;;) {
        await peer.request();
        if (++requests === 1) return void await peer.drain();
        await peer.send(answer("200 OK"));
      }
    });
    using client = s3At(server.origin, { readTimeoutMs: 100 });

    const { ResponseMetadata } = await client.s3.headBucket({
      Bucket: "photos",
    });

    const [first, second] = ResponseMetadata.Attempts;
    assertEquals(first?.failure, "timeout: read");
    assert(first?.timeline?.sentMs !== undefined);
    assertEquals(second?.timeline, undefined);
  },
);

overBoth("Infinity lifts a time of the client for one call", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.request();
    await peer.pause(60);
    await peer.send(answer("200 OK"));
  });
  using client = s3At(server.origin, {
    readTimeoutMs: 20,
    attemptTimeoutMs: 20,
    totalTimeoutMs: 20,
  });

  const { ResponseMetadata } = await client.s3.headBucket(
    { Bucket: "photos" },
    {
      readTimeoutMs: Infinity,
      attemptTimeoutMs: Infinity,
      totalTimeoutMs: Infinity,
    },
  );

  assertEquals(ResponseMetadata.Attempts.length, 1);
});

overBoth(
  "a connect limit is refused where the transport does not keep it",
  async () => {
    const options: SessionOptions = { transport: scripted([]) };
    using client = s3At("http://store.example", options);

    const error = await assertRejects(
      () => client.s3.headBucket({ Bucket: "photos" }, { connectTimeoutMs: 1 }),
      ConfigError,
    );

    assertEquals(error.code, "ContradictoryOptions");
  },
);

overBoth(
  "the times of a transport hold where nobody has set others",
  async () => {
    await using server = new HostileServer(silent);
    await using queue = await fullQueue();
    using transport = newTransport({
      proxy: false,
      connectTimeoutMs: 30,
      readTimeoutMs: 40,
    });
    using client = s3At(server.origin, { ...ONCE, transport });
    using unreachable = s3At(queue.origin, { ...ONCE, transport });

    const read = await assertRejects(() => client.s3.headObject(CAT));
    const own = await assertRejects(() =>
      client.s3.headObject(CAT, { readTimeoutMs: 20 })
    );
    const connect = await assertRejects(() => unreachable.s3.headObject(CAT));

    const limits = [read, own, connect].map((error) => {
      assertInstanceOf(error, TimeoutError);
      return [error.limit, error.limitMs];
    });
    assertEquals(limits, [["read", 40], ["read", 20], ["connect", 30]]);
  },
);
