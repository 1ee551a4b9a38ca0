/**
 * Leaves a transport open and bodies unread, one of them half read. It is to end
 * all the same. Run by leaks_test.ts.
 *
 * @module
 */
import { newTransport, runOver } from "../both_transports.ts";
import { requestTo } from "./requests.ts";

const [origin = "", name] = Deno.args;
runOver(name);
const transport = newTransport();
await transport.send(requestTo(origin));
const { body } = await transport.send(requestTo(origin));
await body?.open().getReader().read();
