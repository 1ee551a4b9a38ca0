/**
 * Prints through which proxy `SocketTransport` sends to each origin in its
 * arguments. Run by ways_test.ts, in several environments.
 *
 * @module
 */
import { routeTo } from "../../../src/transport/socket/dial.ts";

for (const origin of Deno.args) {
  const { proxy } = routeTo(origin, undefined);
  console.log(proxy === undefined ? "direct" : `${proxy.words} ${proxy.tls}`);
}
