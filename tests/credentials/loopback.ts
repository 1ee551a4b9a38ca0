/**
 * Small HTTP servers for tests of credentials.
 *
 * @module
 */
import type { Transport } from "../../src/ports/http.ts";
import { FetchTransport } from "../../src/transport/fetch_transport.ts";

/** A server on the loopback interface, and what reaches it. */
export interface Loopback extends AsyncDisposable {
  /** Its address, without a slash at the end. */
  readonly origin: string;
  /** Sends over the network; hosts other than loopback lead to this server. */
  readonly transport: Transport;
  /** The requests so far: method, path and query. */
  readonly requests: readonly string[];
}

/** What a server does with a request; `silent` keeps it waiting. */
export type Handler = (
  request: Request,
  silent: Promise<Response>,
) => Response | Promise<Response>;

/** Starts a server. */
export function loopback(handler: Handler): Loopback {
  const requests: string[] = [];
  // Ends requests that were kept waiting, when the test is over.
  const { promise: silent, resolve: end } = Promise.withResolvers<Response>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      return handler(request, silent);
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const inner = new FetchTransport();
  const transport: Transport = {
    ...inner.limits && { limits: inner.limits },
    send: (request, options) =>
      inner.send(
        {
          ...request,
          origin: isLocal(request.origin) ? request.origin : origin,
        },
        options,
      ),
    [Symbol.dispose]: () => inner[Symbol.dispose](),
  };
  return {
    origin,
    transport,
    requests,
    [Symbol.asyncDispose]: async () => {
      end(new Response());
      transport[Symbol.dispose]();
      await server.shutdown();
    },
  };
}

function isLocal(origin: string): boolean {
  return origin.startsWith("http://127.0.0.1:");
}
