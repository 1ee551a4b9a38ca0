/**
 * Sends over a line that long.ts has shaped; prints what came of it. Its
 * arguments: the transport, and what is tried.
 *
 * @module
 */
import { AwsError, TimeoutError } from "../../../src/foundation/errors.ts";
import { newTransport, runOver } from "../../both_transports.ts";
import { bytesOf, requestTo } from "../requests.ts";

const [name, act = ""] = Deno.args;
runOver(name);
const SIZE = 8_000_000;
Deno.serve({
  hostname: "127.0.0.1",
  port: 4_000,
  onListen: () => {},
}, async (request) => {
  if (request.method === "GET") return new Response(new Uint8Array(SIZE));
  return new Response(String((await request.bytes()).length));
});
const transport = newTransport({
  connectTimeoutMs: 1_000,
  readTimeoutMs: 2_000,
  expectContinueBytes: Infinity,
});

/** Sends a body, and gets one. */
async function bothWays(host = "127.0.0.1"): Promise<string> {
  const origin = `http://${host}:4000`;
  const put = await transport.send(
    requestTo(origin, { method: "PUT", body: new Uint8Array(SIZE) }),
  );
  const get = await transport.send(requestTo(origin));
  const stored = new TextDecoder().decode(await bytesOf(put));
  return `${stored} ${(await bytesOf(get)).length}`;
}

const ACTS: Readonly<Record<string, () => Promise<string>>> = {
  "both ways": () => bothWays(),
  "two addresses": () => bothWays("two.example"),
  "nobody there": () => bothWays("10.9.9.1"),
  vanished: async () => {
    await bothWays();
    await new Deno.Command("ip", { args: ["link", "set", "lo", "down"] })
      .output();
    const answer = await transport.send(requestTo("http://127.0.0.1:4000"));
    return String(answer.status);
  },
};

try {
  console.log(await ACTS[act]?.());
} catch (error) {
  if (!(error instanceof AwsError)) throw error;
  const limit = error instanceof TimeoutError ? ` ${error.limit}` : "";
  const { phase = "none" } = error as { readonly phase?: string };
  console.log(`${error.name}${limit} ${phase}`);
}
Deno.exit();
