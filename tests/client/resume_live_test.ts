import { assert, assertEquals, assertRejects } from "@std/assert";
import { checksum } from "../../src/foundation/checksums.ts";
import { TransportError } from "../../src/foundation/errors.ts";
import type { StreamingBody } from "../../src/foundation/streaming_body.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { seeded } from "../retry/seeded.ts";
import { HostileServer, type Peer } from "../transport/hostile_server.ts";

const BYTES = Uint8Array.from(
  { length: 1_048_576 },
  (_, i) => i * 31 + (i >> 8) * 7,
);

overBoth("a download over the loopback interface survives cuts", async () => {
  const random = seeded(8_128);
  for (let round = 0; round < 10; round++) {
    const cuts = [random(), random(), random()]
      .map((part) => Math.floor(part * BYTES.length / 3));
    await using server = await cutting(cuts);
    using session = sessionOf(server);
    const body = await bodyOf(session);

    const bytes = round % 2 === 0
      ? await body.bytes()
      : await new Response(body.stream).bytes();

    assertEquals(
      await checksum("SHA256", bytes),
      await checksum("SHA256", BYTES),
    );
    assertEquals(server.connections, 4, `cuts after ${cuts}`);
  }
});

overBoth(
  "a download over the loopback interface fails when it breaks too often",
  async () => {
    await using server = await cutting([9, 9, 9, 9, 9]);
    using session = sessionOf(server);
    const body = await bodyOf(session);

    const error = await assertRejects(
      () => new Response(body.stream).bytes(),
      TransportError,
    );

    assertEquals(error.kind, "cut");
    assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  },
);

/** Answers each connection once; the first ones break after so many bytes. */
async function cutting(cuts: readonly number[]): Promise<HostileServer> {
  const crc = await checksum("CRC32", BYTES);
  return new HostileServer(async (peer, connection) => {
    const head = await peer.head();
    const [, from, to = ""] = /^range: bytes=(\d+)-(\d*)\r$/m.exec(head) ?? [];
    const start = Number(from ?? 0);
    const end = to === "" ? BYTES.length - 1 : Number(to);
    assert(from === undefined || /^if-match: "v1"\r$/m.test(head));
    await sendHead(peer, [
      from === undefined ? "HTTP/1.1 200 OK" : "HTTP/1.1 206 Partial Content",
      `content-length: ${end + 1 - start}`,
      'etag: "v1"',
      `x-amz-checksum-crc32: ${crc}`,
      "connection: close",
      ...from === undefined
        ? []
        : [`content-range: bytes ${start}-${end}/${BYTES.length}`],
    ]);
    const cut = cuts[connection - 1] ?? Infinity;
    await peer.send(BYTES.subarray(start, Math.min(end + 1, start + cut)));
    peer.close();
  });
}

async function sendHead(peer: Peer, lines: readonly string[]): Promise<void> {
  await peer.send(`${lines.join("\r\n")}\r\n\r\n`);
}

function sessionOf(server: HostileServer): Session {
  return new Session({
    transport: transportName(),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    system: new FakeSystem(),
    region: "us-east-1",
    endpointUrl: server.origin,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    retry: { maxAttempts: 4 },
    proxy: false,
  });
}

async function bodyOf(
  session: Session,
): Promise<StreamingBody> {
  const s3 = session.client(S3, { responseChecksum: "when_supported" });
  const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.txt" });
  return Body;
}
