/**
 * The stories of the interop tests, told to recordings of real servers.
 *
 * @module
 */
import { assert, assertMatch } from "@std/assert";
import { Session } from "../mod.ts";
import { S3 } from "../src/services/s3/mod.ts";
import {
  FakeSystem,
  FixedClock,
  type ReplayOptions,
  ReplayTransport,
} from "../src/testing/mod.ts";
import { FLOWS } from "./interop/flows.ts";
import { PORTS } from "./interop/servers/all.ts";
import { bucketOf, type Flow, type ServerName } from "./interop/story.ts";

const FIXTURES = new URL("fixtures/flows/", import.meta.url);

for (const flow of FLOWS) {
  for (const server of flow.servers) {
    Deno.test(`${flow.name}, as recorded from ${server}`, async () => {
      await replay(flow, server, `http://127.0.0.1:${PORTS[server]}`);
    });
  }
}

Deno.test("every recording is replayed at another endpoint, the bucket in its host", async () => {
  for (const flow of FLOWS) {
    for (const server of flow.servers) {
      await replay(flow, server, "http://storage.example", {
        anyEndpoint: true,
      });
    }
  }
});

Deno.test("every recording belongs to a story", async () => {
  for (const server of Object.keys(PORTS)) {
    for await (const { name } of Deno.readDir(new URL(server, FIXTURES))) {
      assert(FLOWS.some((flow) => flow.name === name), `${server}/${name}`);
    }
  }
});

/** Tells a story to its recording, which must have come whole. */
async function replay(
  flow: Flow,
  server: ServerName,
  endpointUrl: string,
  { anyEndpoint = false }: ReplayOptions = {},
): Promise<void> {
  const folder = new URL(`${server}/${flow.name}/`, FIXTURES);
  const { origin } = JSON.parse(
    await Deno.readTextFile(new URL("call.json", folder)),
  );
  assertMatch(origin, /^recorded \d{4}-\d{2}-\d{2} from \S/);
  const transport = await ReplayTransport.fromFolder(folder, { anyEndpoint });
  const settings = {
    region: "us-east-1",
    endpointUrl,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport,
    system: new FakeSystem(),
    clock: new FixedClock(`${origin.slice(9, 19)}T00:00:00Z`),
  };
  const session = new Session(settings);

  await flow.tell({
    session,
    settings,
    s3: session.client(S3, {
      addressingStyle: anyEndpoint ? "virtual" : "auto",
    }),
    bucket: bucketOf(flow),
  });

  transport.done();
}
