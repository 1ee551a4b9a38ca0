/**
 * Sends a GET to the origin given as first argument, through the proxy given as
 * second, and prints what came of it as JSON. The tests run it with other
 * permissions and another environment than they have themselves.
 *
 * @module
 */
import { TransportError } from "../../src/foundation/errors.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { bytesOf, requestTo } from "./requests.ts";

const [origin = "", proxy] = Deno.args;
using transport = new FetchTransport(proxy === undefined ? {} : { proxy });
try {
  const response = await transport.send(requestTo(origin));
  console.log(JSON.stringify({ length: (await bytesOf(response)).length }));
} catch (error) {
  if (!(error instanceof TransportError)) throw error;
  const { kind, maybeSent, message } = error;
  const inspected = Deno.inspect(error);
  console.log(JSON.stringify({ kind, maybeSent, message, inspected }));
}
