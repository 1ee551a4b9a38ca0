/**
 * Prints how a request times out for which neither the dial nor `fetch` gets
 * anywhere. Run by connection_pool_test.ts, in several environments. An argument
 * says that there is no proxy.
 *
 * @module
 */
import { TimeoutError } from "../../src/foundation/errors.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";
import { requestTo } from "./requests.ts";

using transport = new FetchTransport({
  dialer: () => new Promise(() => {}),
  fetch: (_url, init) =>
    new Promise((_resolve, reject) =>
      init?.signal?.addEventListener(
        "abort",
        () => reject(init.signal?.reason),
      )
    ),
  connectTimeoutMs: 20,
  readTimeoutMs: 60,
  ...Deno.args.length > 0 ? { proxy: false } : {},
});
try {
  await transport.send(requestTo("https://s3.example"));
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(`${error.limit}: ${error.message}`);
}
