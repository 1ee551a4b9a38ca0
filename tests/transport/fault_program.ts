/**
 * Prints how a request to the origin given as argument fails. Run by
 * faults_live_test.ts, with fewer permissions than a test has.
 *
 * @module
 */
import { TransportError } from "../../src/foundation/errors.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { requestTo } from "./requests.ts";

using transport = new FetchTransport();
try {
  await transport.send(requestTo(Deno.args[0] ?? ""));
} catch (error) {
  if (!(error instanceof TransportError)) throw error;
  const { kind, maybeSent, message } = error;
  console.log(JSON.stringify({ kind, maybeSent, message }));
}
