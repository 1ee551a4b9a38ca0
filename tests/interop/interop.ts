/**
 * The library against servers that others wrote. Started by
 * `deno task test:interop`; not part of the suite, which needs no server.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session, type TransportName } from "../../mod.ts";
import { bucketExists, S3 } from "../../src/services/s3/mod.ts";
import { deleteBucketWithObjects } from "../../src/transfer/mod.ts";
import { FLOWS } from "./flows.ts";
import { AWKWARD_KEYS, keepKeys, refuseDots } from "./flows/keys.ts";
import { form, urls } from "./plainly.ts";
import { startServers, stopServers, told } from "./servers/all.ts";
import { RADOSGW_DIFFERENCES } from "./servers/radosgw.ts";
import type { Server } from "./servers/server.ts";
import { bucketOf, type Clients, type ServerName } from "./story.ts";
import { composed, copyInParts, goOn, roundTrip } from "./transfers.ts";

const SERVERS = await startServers();
console.log(told(SERVERS));
Deno.test.afterAll(() => stopServers(SERVERS));

for (const [name, server] of Object.entries(SERVERS)) {
  const running = "endpoint" in server ? server : undefined;
  const test = (
    title: string,
    tell: (clients: Clients) => Promise<void>,
    over: readonly TransportName[] = ["fetch", "socket"],
  ) => {
    for (const transport of over) {
      Deno.test({
        name: `${name}: ${title} (${transport})`,
        ignore: running === undefined,
        fn: async () => {
          assert(running !== undefined);
          if (name === "radosgw" && RADOSGW_DIFFERENCES.has(title)) {
            await assertRejects(() =>
              withBucket(running, title, tell, transport)
            );
          } else await withBucket(running, title, tell, transport);
        },
      });
    }
  };

  for (const flow of FLOWS) {
    // What Swift plays, radosgw plays too, but for the differences that are listed.
    const player = name === "radosgw" ? "swift" : name as ServerName;
    if (!flow.servers.includes(player)) continue;
    test(bucketOf(flow), flow.tell);
  }
  test("presigned URLs, fetched plainly", urls);
  test("keys of every kind", (clients) => keepKeys(clients, AWKWARD_KEYS));
  // The one difference: fetch cannot send them.
  test("keys with dot segments", refuseDots, ["fetch"]);
  test("transfers to a file and back", roundTrip);
  test("a copy in parts", copyInParts);
  test("an object composed of others", composed);
  test("an upload that goes on", goOn);
  if (name === "moto") test("a form, sent plainly", form);
  if (name === "swift") test("a clock that is two hours late", lateClock);
}

async function lateClock({ session, bucket }: Clients): Promise<void> {
  const { accessKeyId, secretAccessKey } = await session.credentials();
  const endpointUrl = "endpoint" in SERVERS.swift ? SERVERS.swift.endpoint : "";
  using late = new Session({
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId, secretAccessKey },
    clock: {
      now: () => new Date(Date.now() - 7_200_000),
      sleep: () => Promise.resolve(),
      timer: () => ({ [Symbol.dispose]: () => {} }),
    },
  });

  const { ResponseMetadata } = await late.client(S3).listObjectsV2({
    Bucket: bucket,
  });

  assertEquals(ResponseMetadata.Attempts.map(({ recovery }) => recovery), [
    "skew",
    undefined,
  ]);
}

async function withBucket(
  server: Server,
  title: string,
  tell: (clients: Clients) => Promise<void>,
  transport: TransportName,
): Promise<void> {
  const { endpoint: endpointUrl, accessKeyId, secretAccessKey } = server;
  const settings = {
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId, secretAccessKey },
    transport,
  };
  using session = new Session(settings);
  const s3 = session.client(S3);
  // A server that stays keeps what a test has left.
  const run = server.name === "radosgw" ? `${Date.now().toString(36)}-` : "";
  const bucket = run + title.toLowerCase().replace(/[^a-z]+/g, "-");
  await s3.createBucket({ Bucket: bucket });
  await tell({ session, settings, s3, bucket });
  await deleteBucketWithObjects(s3, bucket);
  assertEquals(await bucketExists(s3, { Bucket: bucket }), false);
}
