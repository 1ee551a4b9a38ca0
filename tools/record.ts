/**
 * Records the stories of the interop tests as fixtures, from real servers.
 *
 * Usage: `deno task fixtures:record [story ...]`; without names, all of them.
 *
 * @module
 */
import { Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { FakeSystem, RecordingTransport } from "../src/testing/mod.ts";
import { FetchTransport } from "../src/transport/mod.ts";
import { FLOWS } from "../tests/interop/flows.ts";
import {
  startServers,
  stopServers,
  told,
} from "../tests/interop/servers/all.ts";
import type { Server } from "../tests/interop/servers/server.ts";
import { bucketOf, type ServerName } from "../tests/interop/story.ts";

const FIXTURES = new URL("../tests/fixtures/flows/", import.meta.url);
const STORIES = FLOWS.filter(({ name }) =>
  Deno.args.length === 0 || Deno.args.includes(name)
);

const servers = await startServers();
console.log(told(servers));
try {
  for (const [name, server] of Object.entries(servers)) {
    if ("endpoint" in server) await record(name as ServerName, server);
  }
} finally {
  await stopServers(servers);
}

async function record(name: ServerName, server: Server): Promise<void> {
  const { endpoint: endpointUrl, accessKeyId, secretAccessKey } = server;
  for (const flow of STORIES) {
    if (!flow.servers.includes(name)) continue;
    const transport = new RecordingTransport(new FetchTransport(), {
      // Some stories are about how credentials are got.
      recordCredentials: true,
    });
    const settings = {
      region: "us-east-1",
      endpointUrl,
      credentials: { accessKeyId, secretAccessKey },
      system: new FakeSystem(),
    };
    using plain = new Session(settings);
    const bucket = bucketOf(flow);
    await plain.client(S3).createBucket({ Bucket: bucket });

    const recorded = { ...settings, transport };
    using session = new Session(recorded);
    const s3 = session.client(S3);
    await flow.tell({ session, settings: recorded, s3, bucket });
    await transport.save(new URL(`${name}/${flow.name}`, FIXTURES), {
      origin: `recorded ${
        new Date().toISOString().slice(0, 10)
      } from ${server.name}`,
      service: flow.service,
      operation: flow.operation,
      region: "us-east-1",
      input: flow.service === "s3" ? { Bucket: bucket } : {},
    });
    transport[Symbol.dispose]();
    console.log(`${name}/${flow.name}`);
  }
}
