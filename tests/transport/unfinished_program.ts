/**
 * Leaves a transport open and bodies unread, one of them half read. It is to end
 * all the same. Run by leaks_test.ts.
 *
 * @module
 */
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { requestTo } from "./requests.ts";

const [origin = ""] = Deno.args;
const transport = new FetchTransport();
await transport.send(requestTo(origin));
const { body } = await transport.send(requestTo(origin));
await body?.open().getReader().read();
