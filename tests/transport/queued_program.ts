/**
 * Sends a request that waits for the only connection while nobody reads what
 * comes over that one. It is to be answered. Run by leaks_test.ts.
 *
 * @module
 */
import { newTransport, runOver } from "../both_transports.ts";
import { bytesOf, requestTo } from "./requests.ts";

const [origin = "", name] = Deno.args;
runOver(name);
const transport = newTransport({ maxConnections: 1 });

async function main(): Promise<void> {
  const first = await transport.send(requestTo(origin));
  const second = await transport.send(requestTo(origin));
  console.log((await bytesOf(second)).length, (await bytesOf(first)).length);
}

// Awaited here, it would be an error of its own if the program ended early.
main();
