/**
 * Sends a GET to the origin given as first argument, over the transport given as
 * second and through the proxy given as third, and prints what came of it as JSON. The tests run it with other
 * permissions and another environment than they have themselves.
 *
 * @module
 */
import { TransportError } from "../../src/foundation/errors.ts";
import { newTransport, runOver } from "../both_transports.ts";
import { bytesOf, requestTo } from "./requests.ts";

const [origin = "", name, proxy] = Deno.args;
runOver(name);
using transport = newTransport(proxy === undefined ? {} : { proxy });
try {
  const response = await transport.send(requestTo(origin));
  console.log(JSON.stringify({ length: (await bytesOf(response)).length }));
} catch (error) {
  if (!(error instanceof TransportError)) throw error;
  const { kind, maybeSent, message, phase } = error;
  const inspected = Deno.inspect(error);
  console.log(JSON.stringify({ kind, maybeSent, message, phase, inspected }));
}
