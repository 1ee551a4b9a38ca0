/**
 * Forgets bodies and tells what becomes of their places in the queue. Run by
 * response_body_test.ts, with a garbage collector that can be called.
 *
 * @module
 */
import type { HttpResponse } from "../../src/ports/http.ts";
import type { Logger } from "../../src/ports/telemetry.ts";
import { newTransport, runOver } from "../both_transports.ts";
import { answering, HostileServer, ok } from "./hostile_server.ts";
import { bytesOf, requestTo } from "./requests.ts";

const logger: Logger = {
  enabled: () => true,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (message) => console.log(message),
  child: () => logger,
};

await using server = new HostileServer(answering(ok("x".repeat(300_000))));
runOver(Deno.args[0]);
using transport = newTransport({
  logger,
  maxConnections: 1,
  queueTimeoutMs: 5_000,
});

await forget("unread", () => Promise.resolve());
await forget("opened", ({ body }) => Promise.resolve(body?.open()));
await forget("half read", async ({ body }) => {
  await body?.open().getReader().read();
});

/** Only a place that was given back lets the next request through. */
async function forget(
  name: string,
  use: (response: HttpResponse) => Promise<unknown>,
): Promise<void> {
  await sendAndForget(use);
  const next = transport.send(requestTo(server.origin));
  const collecting = setInterval(() => Reflect.get(globalThis, "gc")(), 5);
  const response = await next;
  clearInterval(collecting);
  console.log(`${name}: given back`);
  await bytesOf(response);
}

async function sendAndForget(
  use: (response: HttpResponse) => Promise<unknown>,
): Promise<void> {
  await use(await transport.send(requestTo(server.origin)));
}

const response = await transport.send(requestTo(server.origin));
Reflect.get(globalThis, "gc")();
const { length } = await bytesOf(response);
console.log(`read: ${length === 300_000 ? "whole" : "not whole"}`);
