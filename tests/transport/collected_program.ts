/**
 * Reads bodies that stop in the middle, after a garbage collection, and tells how
 * that ends. Run by response_body_test.ts, with a garbage collector that can be
 * called.
 *
 * @module
 */
import type { ResponseBody } from "../../src/ports/http.ts";
import { newTransport, runOver } from "../both_transports.ts";
import { HostileServer } from "./hostile_server.ts";
import { requestTo } from "./requests.ts";

/** Longer than what is read at once, and without an end. */
const STARTED = "HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\nstart";

class Enough extends Error {
  override readonly name = "Enough";
}

await using server = new HostileServer(async (peer) => {
  const head = await peer.head();
  if (!head.startsWith("GET /silent")) await peer.send(STARTED);
  await peer.drain();
});
runOver(Deno.args[0]);
using transport = newTransport();

await broken("head", () => Promise.resolve(), "/silent");
await broken("by pieces", async (body) => {
  while (await body.readInto?.() !== undefined);
});
await broken("whole", (body) => body.bytes());
await broken("to a file", (body) =>
  body.writeTo?.({
    length: 300_000,
    written: 0,
    take: (source, signal) =>
      source.pipeTo(new WritableStream(), { signal, preventCancel: true }),
  }) ?? body.bytes());

const controller = new AbortController();
const { signal } = controller;
const late = await endOf(async (body) => {
  await collected();
  controller.abort(new Enough());
  while (await body.readInto?.() !== undefined);
}, { signal });
console.log(`late, signal: ${late}`);

async function broken(
  name: string,
  read: (body: ResponseBody) => Promise<unknown>,
  path = "/",
): Promise<void> {
  const limit = await endOf(read, { readTimeoutMs: 100 }, undefined, path);
  console.log(`${name}, limit: ${limit}`);
  const controller = new AbortController();
  const { signal } = controller;
  const ending = endOf(
    read,
    { signal },
    () => controller.abort(new Enough()),
    path,
  );
  console.log(`${name}, signal: ${await ending}`);
}

async function endOf(
  read: (body: ResponseBody) => Promise<unknown>,
  options: Parameters<typeof transport.send>[1],
  then?: () => void,
  path = "/",
): Promise<string> {
  const answer = transport.send(requestTo(server.origin, { path }), options)
    .then(({ body }) => body ?? Promise.reject(new Error("no body")));
  // What waits for a head is collected there, the rest in its body.
  if (path === "/") await answer;
  const ended = answer.then(read).then(
    () => "no error",
    (error) => error.name,
  );
  await collected();
  then?.();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return await Promise.race([
    ended,
    new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("it goes on"), 2_000);
    }),
  ]).finally(() => clearTimeout(timer));
}

async function collected(): Promise<void> {
  // Twice, with turns of the event loop between: what waits is looked at again.
  for (let count = 0; count < 2; count++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    Reflect.get(globalThis, "gc")();
  }
}
