/**
 * Forgets the bodies of objects and tells what becomes of their connections. Run
 * by connections_test.ts, with a garbage collector that can be called.
 *
 * @module
 */
import type { GetObjectOutput } from "../../src/services/s3/mod.ts";
import { loggerFrom } from "../../src/logging/mod.ts";
import { runOver } from "../both_transports.ts";
import { answering, HostileServer } from "../transport/hostile_server.ts";
import { answer, CAT, s3At } from "./store.ts";

runOver(Deno.args[0]);
await using server = new HostileServer(answering(
  answer(
    "200 OK",
    "x".repeat(300_000),
    'etag: "e"',
    "x-amz-checksum-crc32: AAAAAA==",
  ),
));
const print = (message: string): void => console.log(message);
using client = s3At(server.origin, {
  logger: loggerFrom(
    { debug: print, info: print, warn: print, error: print },
    "error",
  ),
  maxConnections: 1,
  queueTimeoutMs: 5_000,
}, { responseChecksum: "when_supported" });

await forget("unread", () => {});
await forget("opened", ({ Body }) => void Body.stream);
await forget("half read", async ({ Body }) => {
  await Body.stream.getReader().read();
});

/** Only a place that was given back lets the next request through. */
async function forget(
  name: string,
  use: (output: GetObjectOutput) => Promise<void> | void,
): Promise<void> {
  await callAndForget(use);
  const next = client.s3.getObject(CAT);
  const collecting = setInterval(() => Reflect.get(globalThis, "gc")(), 5);
  const { Body } = await next;
  clearInterval(collecting);
  await Body.cancel();
  console.log(`${name}: given back`);
}

async function callAndForget(
  use: (output: GetObjectOutput) => Promise<void> | void,
): Promise<void> {
  await use(await client.s3.getObject(CAT));
}
