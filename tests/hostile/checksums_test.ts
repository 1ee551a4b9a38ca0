/**
 * Checksums of downloads and uploads, from the settings to the wire.
 *
 * @module
 */
import { overBoth } from "../both_transports.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  checksum,
  type ChecksumAlgorithm,
  checksumHeader,
} from "../../src/foundation/checksums.ts";
import { ChecksumError } from "../../src/foundation/errors.ts";
import type { HttpRequest, Transport } from "../../src/ports/http.ts";
import { PutObject, S3, type S3Config } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem } from "../../src/testing/fake_system.ts";
import { HostileServer } from "../transport/hostile_server.ts";
import { scripted } from "../scripted_transport.ts";
import { answer, CAT, inTurn, KEYS, s3At } from "./store.ts";

const ALGORITHMS = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
] as const satisfies readonly ChecksumAlgorithm[];

const TEXT = "what the service has, ".repeat(5_000);
const ASKING: S3Config = { responseChecksum: "when_supported" };

/** An answer with the checksum of a text that it has, or has not. */
async function objectWith(
  algorithm: ChecksumAlgorithm,
  of: string,
): Promise<string> {
  const value = await checksum(algorithm, new TextEncoder().encode(of));
  return answer("200 OK", TEXT, `${checksumHeader(algorithm)}: ${value}`);
}

overBoth(
  "a download is verified by each algorithm, whole and by pieces",
  async () => {
    for (const algorithm of ALGORITHMS) {
      await using server = new HostileServer(
        inTurn(await objectWith(algorithm, TEXT)),
      );
      using client = s3At(server.origin, {}, ASKING);

      const whole = await (await client.s3.getObject(CAT)).Body.text();
      const { Body } = await client.s3.getObject(CAT);
      const pieces = await new Response(Body.stream).text();

      assertEquals([whole, pieces], [TEXT, TEXT], algorithm);
      assertMatch(server.heads[0] ?? "", /^x-amz-checksum-mode: ENABLED\r$/m);
    }
  },
);

overBoth(
  "a download with other bytes fails by each algorithm, at its end",
  async () => {
    for (const algorithm of ALGORITHMS) {
      await using server = new HostileServer(
        inTurn(await objectWith(algorithm, `${TEXT}!`)),
      );
      using client = s3At(server.origin, {}, ASKING);

      const whole = await assertRejects(
        async () => await (await client.s3.getObject(CAT)).Body.bytes(),
        ChecksumError,
      );
      const { Body } = await client.s3.getObject(CAT);
      let received = 0;
      const pieces = await assertRejects(async () => {
        for await (const piece of Body) received += piece.length;
      }, ChecksumError);

      assertEquals([whole.algorithm, pieces.algorithm], [algorithm, algorithm]);
      assertEquals(received, TEXT.length);
      for (const { ResponseMetadata } of [whole, pieces]) {
        assertEquals(ResponseMetadata?.Attempts.length, 1);
      }
    }
  },
);

overBoth("a checksum of checksums says nothing of the bytes", async () => {
  await using server = new HostileServer(
    inTurn(answer("200 OK", TEXT, "x-amz-checksum-crc32: AAAAAA==-3")),
  );
  using client = s3At(server.origin, {}, ASKING);

  assertEquals(await (await client.s3.getObject(CAT)).Body.text(), TEXT);
});

Deno.test("Amazon's hosts get and give checksums, other endpoints only when asked", async () => {
  const uploads = [
    [{}, "jNwWgw=="],
    [{ requestChecksum: "when_required" }, undefined],
    [{ endpointUrl: "https://store.example" }, undefined],
    [
      {
        endpointUrl: "https://store.example",
        requestChecksum: "when_supported",
      },
      "jNwWgw==",
    ],
  ] as const;
  for (const [config, checksum] of uploads) {
    const put = await sentBy(
      config,
      (s3) => s3.putObject({ ...CAT, Body: "x" }),
    );

    assertEquals(put?.headers["x-amz-checksum-crc32"], checksum);
  }
  const downloads = [
    [{}, "ENABLED"],
    [{ responseChecksum: "when_required" }, undefined],
    [{ endpointUrl: "https://store.example" }, undefined],
    [{ endpointUrl: "https://store.example", ...ASKING }, "ENABLED"],
  ] as const;
  for (const [config, mode] of downloads) {
    const get = await sentBy(config, (s3) => s3.getObject(CAT));

    assertEquals(get?.headers["x-amz-checksum-mode"], mode);
  }
});

overBoth("a presigned URL has no checksum of its own", async () => {
  using session = sessionOver(scripted([]));

  const { headers } = await session.client(S3).presign(PutObject, CAT);

  assertEquals(headers, {});
});

async function sentBy(
  config: S3Config,
  call: (s3: S3) => Promise<unknown>,
): Promise<HttpRequest | undefined> {
  const sent: HttpRequest[] = [];
  using session = sessionOver(scripted([{ status: 200 }], sent));
  await call(session.client(S3, config));
  return sent[0];
}

function sessionOver(transport: Transport): Session {
  return new Session({
    system: new FakeSystem(),
    region: "us-east-1",
    credentials: KEYS,
    transport,
  });
}
