import { assertEquals, assertRejects } from "@std/assert";
import { ChecksumError, Session, TransportError } from "../../mod.ts";
import { S3, type StreamingBody } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { assertSameBytes } from "../same_bytes.ts";

/** More than a transport reads by itself, and no multiple of a room. */
const BYTES = Uint8Array.from(
  { length: 700_001 },
  (_, i) => i * 7 + (i >> 8),
);

/** CRC32 of {@linkcode BYTES}, by `zlib.crc32` of Python. */
const CRC32 = "bjll4g==";

overBoth("a body is read by pieces into one room", async () => {
  await using server = serve();
  using session = sessionFor(server.port);
  const { Body } = await get(session);
  const read: Uint8Array[] = [];
  let room = new Uint8Array(100_000);

  for (let piece; (piece = await Body.read(room)) !== undefined;) {
    read.push(piece.slice());
    room = new Uint8Array(piece.buffer);
  }

  assertSameBytes(joined(read), BYTES);
  assertEquals(read.every(({ length }) => length <= 100_000), true);
  assertEquals(await Body.read(), undefined);
});

overBoth("a body is read by pieces in memory of their own", async () => {
  await using server = serve();
  using session = sessionFor(server.port);
  const { Body } = await get(session);
  const read: Uint8Array[] = [];

  for (let piece; (piece = await Body.read()) !== undefined;) read.push(piece);

  assertSameBytes(joined(read), BYTES);
});

overBoth(
  "a body takes nothing of the answer that follows on its connection",
  async () => {
    await using server = serve();
    using session = sessionFor(server.port);
    const first = (await get(session)).Body;
    for (let length = 0; length < BYTES.length;) {
      length += (await first.read())?.length ?? 0;
    }

    const second = (await get(session)).Body;
    assertEquals(await first.read(), undefined);

    assertSameBytes(await readAll(second), BYTES);
  },
);

overBoth("a body that breaks while it is read by pieces goes on", async () => {
  await using server = serve({ cutAfter: 300_000 });
  using session = sessionFor(server.port);
  const { Body } = await get(session);

  assertSameBytes(await readAll(Body, new Uint8Array(64_000)), BYTES);
  assertEquals(server.ranges, [null, "bytes=300000-700000"]);
});

overBoth("a body that breaks for good is an error of its read", async () => {
  await using server = serve({ cutAfter: 300_000 });
  using session = sessionFor(server.port, 1);
  const { Body } = await get(session);

  const error = await assertRejects(() => readAll(Body), TransportError);

  assertEquals(error.kind, "cut");
});

overBoth("pieces are compared with the checksum at their end", async () => {
  for (const [crc, isRight] of [[CRC32, true], ["AAAAAA==", false]] as const) {
    await using server = serve({ crc });
    using session = sessionFor(server.port);
    const { Body } = await get(session);

    if (isRight) assertSameBytes(await readAll(Body), BYTES);
    else await assertRejects(() => readAll(Body), ChecksumError);
  }
});

overBoth("a body stays at its end, whatever tells where that is", async () => {
  // By `hashlib` of Python.
  const sums = {
    "x-amz-checksum-sha256": "sz7KTjnVXDWappA8o70g98DzaDXXUlD985kaE4iszgY=",
    "x-amz-checksum-sha1": "O1FJDmwq1XL44lM0alRuOwoFzHs=",
  };
  for (const isSized of [true, false]) {
    for (const sum of Object.entries(sums)) {
      await using server = serve({ sum, isSized });
      using session = sessionFor(server.port);
      const { Body } = await get(session);

      assertSameBytes(await readAll(Body), BYTES);

      assertEquals(await Body.read(), undefined);
      assertEquals(await Body.read(), undefined);
      assertEquals(server.ranges, [null]);
    }
  }
});

overBoth("a body with a wrong checksum stays refused", async () => {
  await using server = serve({
    sum: ["x-amz-checksum-sha256", `${"A".repeat(43)}=`],
  });
  using session = sessionFor(server.port);
  const { Body } = await get(session);

  const first = await assertRejects(() => readAll(Body), ChecksumError);
  const second = await assertRejects(() => Body.read(), ChecksumError);

  assertEquals(second.message, first.message);
});

overBoth("a body that was cancelled has no further pieces", async () => {
  for (const least of [1, 650_000]) {
    await using server = serve();
    using session = sessionFor(server.port);
    const { Body } = await get(session);
    for (let length = 0; length < least;) {
      length += (await Body.read())?.length ?? 0;
    }

    await Body.cancel();

    await assertRejects(() => Body.read(), TypeError, "read or cancelled");
  }
});

overBoth("a body is read in one way only", async () => {
  await using server = serve();
  using session = sessionFor(server.port);
  const pieces = (await get(session)).Body;
  await pieces.read();

  await assertRejects(() => pieces.bytes(), TypeError, "read or cancelled");
  await pieces.cancel();
  const whole = (await get(session)).Body;
  await whole.bytes();
  await assertRejects(() => whole.read(), TypeError, "read or cancelled");
});

overBoth(
  "a room that was detached is refused, and nothing is asked for again",
  async () => {
    await using server = serve();
    using session = sessionFor(server.port);
    const { Body } = await get(session);
    const room = new Uint8Array(100_000);
    structuredClone(room, { transfer: [room.buffer] });

    await assertRejects(() => Body.read(room), TypeError, "detached");

    assertSameBytes(await readAll(Body), BYTES);
    assertEquals(server.ranges, [null]);
  },
);

overBoth(
  "a piece that is asked for while another is read is refused",
  async () => {
    await using server = serve();
    using session = sessionFor(server.port);
    const { Body } = await get(session);

    const first = Body.read();
    await assertRejects(() => Body.read(), TypeError, "one after another");

    const start = await first;
    const rest = await readAll(Body);
    assertSameBytes(joined([start ?? new Uint8Array(), rest]), BYTES);
  },
);

async function readAll(
  body: StreamingBody,
  room?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  for (let piece; (piece = await body.read(room)) !== undefined;) {
    read.push(piece.slice());
    room &&= new Uint8Array(piece.buffer);
  }
  return joined(read);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(
    pieces.reduce((length, piece) => length + piece.length, 0),
  );
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function get(session: Session): Promise<{ readonly Body: StreamingBody }> {
  const s3 = session.client(S3, { responseChecksum: "when_supported" });
  return s3.getObject({ Bucket: "photos", Key: "cat.mp4" });
}

function sessionFor(port: number, maxAttempts = 3): Session {
  return new Session({
    transport: transportName(),
    endpointUrl: `http://127.0.0.1:${port}`,
    region: "eu-west-1",
    credentials: "anonymous",
    retry: { maxAttempts },
    random: () => 0,
    system: new FakeSystem(),
  });
}

/** A store with one object, whose first answer is cut where that is asked for. */
function serve(
  { cutAfter, crc, sum, isSized = true }: {
    readonly cutAfter?: number;
    readonly crc?: string;
    readonly sum?: readonly [field: string, value: string];
    readonly isSized?: boolean;
  } = {},
): AsyncDisposable & {
  readonly port: number;
  readonly ranges: readonly (string | null)[];
} {
  const ranges: (string | null)[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const range = request.headers.get("range");
      ranges.push(range);
      const from = Number(/\d+/.exec(range ?? "0")?.[0]);
      const rest = BYTES.subarray(from);
      const body = cutAfter === undefined || ranges.length > 1
        ? new Blob([rest]).stream()
        : new Blob([rest.subarray(0, cutAfter)]).stream();
      return new Response(body, {
        status: range === null ? 200 : 206,
        headers: {
          etag: '"v1"',
          ...isSized ? { "content-length": String(rest.length) } : {},
          ...range === null ? {} : {
            "content-range": `bytes ${from}-${
              BYTES.length - 1
            }/${BYTES.length}`,
          },
          ...crc === undefined ? {} : { "x-amz-checksum-crc32": crc },
          ...sum === undefined ? {} : { [sum[0]]: sum[1] },
        },
      });
    },
  );
  return {
    port: server.addr.port,
    ranges,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
