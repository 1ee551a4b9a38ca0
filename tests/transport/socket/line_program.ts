/**
 * Sends over a line that long.ts has shaped; prints what came of it.
 *
 * @module
 */
import { TimeoutError } from "../../../src/foundation/errors.ts";
import { SocketTransport } from "../../../src/transport/socket/socket_transport.ts";
import { bytesOf, requestTo } from "../requests.ts";

const SIZE = 8_000_000;
const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: () => {},
}, async (request) => {
  if (request.method === "GET") return new Response(new Uint8Array(SIZE));
  return new Response(String((await request.bytes()).length));
});
const origin = `http://127.0.0.1:${server.addr.port}`;
const transport = new SocketTransport({
  readTimeoutMs: 2_000,
  expectContinueBytes: Infinity,
});
try {
  const put = await transport.send(
    requestTo(origin, { method: "PUT", body: new Uint8Array(SIZE) }),
  );
  const get = await transport.send(requestTo(origin));
  const stored = new TextDecoder().decode(await bytesOf(put));
  console.log(stored, (await bytesOf(get)).length);
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(error.name, error.limit, error.phase);
}
Deno.exit();
