/**
 * Tests that hold for the transport over `fetch` and the one over sockets: each
 * runs once with either.
 *
 * @module
 */
import type { Transport } from "../src/ports/http.ts";
import {
  FetchTransport,
  type FetchTransportOptions,
} from "../src/transport/fetch_transport.ts";
import {
  SocketTransport,
  type SocketTransportOptions,
} from "../src/transport/socket/socket_transport.ts";

/** The library's transports. */
export type TransportName = "fetch" | "socket";

/**
 * All differences between the transports that the tests know, by name of the
 * test. A test of one transport is run for that one only; in one of `both`,
 * {@linkcode isSocket} decides what is expected.
 */
export const DIFFERENCES: Readonly<
  Record<string, readonly [TransportName | "both", string]>
> = {
  "a transport refuses a path that would name another object": [
    "fetch",
    "sockets send paths as they are",
  ],
  "a key is sent and signed as it is meant, or refused": [
    "both",
    "sockets send keys with dot segments as they are, and refuse none",
  ],
  "a transport refuses a port that fetch blocks": [
    "fetch",
    "sockets have no ports that are blocked",
  ],
  "a TLS handshake that stalls is a read timeout": [
    "fetch",
    "it cannot tell a handshake from a wait",
  ],
  "a TLS handshake that stalls is a connect timeout, never sent": [
    "socket",
    "fetch cannot tell a handshake from a wait",
  ],
  "a server that accepts and says nothing is a read timeout": [
    "both",
    "sockets tell the phase, and when the request was written",
  ],
  "a cut body tells how far it came": [
    "both",
    "sockets tell the phase and the addresses",
  ],
  "proxy: false over https names the NO_PROXY that Deno needs, and sends nothing":
    ["fetch", "sockets go past the proxy without that"],
  "an answer with more than 100 header fields is told as that, after one attempt":
    ["fetch", "sockets take 1000"],
  "a transport asks no new connection for what may be sent twice": [
    "fetch",
    "sockets use a kept connection that was used within the second",
  ],
  "a request over plain HTTP goes by a proxy with TLS": [
    "both",
    "fetch of Deno sends name and password to proxies without TLS only",
  ],
  "a name that cannot be resolved is dns, never sent": [
    "both",
    "sockets tell the phase",
  ],
  "a transport sends what it is given and little else": [
    "both",
    "fetch adds accept, accept-language and user-agent",
  ],
  "a transport uses a connection again, whatever the body": [
    "both",
    "fetch needs a second connection for the connect timeout",
  ],
  "a transport takes a refusal that comes before the upload is through": [
    "both",
    "sockets may see the refusal before they open the body",
  ],
};

let current: TransportName = "fetch";

/** The transport of the test that runs. */
export function transportName(): TransportName {
  return current;
}

/** Whether the test that runs is over sockets. */
export function isSocket(): boolean {
  return current === "socket";
}

/** Makes a program that a test runs use the transport of the test, its argument. */
export function runOver(name: string | undefined): void {
  current = name === "socket" ? "socket" : "fetch";
}

/** A transport of the kind of the test that runs. */
export function newTransport(
  { expectContinueBytes, ...options }:
    & FetchTransportOptions
    & Pick<SocketTransportOptions, "expectContinueBytes"> = {},
): Transport & Disposable {
  if (current === "fetch") return new FetchTransport(options);
  // A connection is dialled there, and not beside.
  const { dialer: _, fetch: __, ...rest } = options;
  return new SocketTransport({
    ...rest,
    ...expectContinueBytes === undefined ? {} : { expectContinueBytes },
  });
}

/**
 * Registers a test once for each transport for which it holds.
 *
 * @param name What holds.
 * @param fn The test.
 * @param options Where it is not run.
 */
export function overBoth(
  name: string,
  fn: (context: Deno.TestContext) => Promise<void> | void,
  { ignore = false }: { readonly ignore?: boolean } = {},
): void {
  const [which = "both"] = DIFFERENCES[name] ?? [];
  for (const transport of ["fetch", "socket"] as const) {
    if (which !== "both" && which !== transport) continue;
    Deno.test({
      name: `${name} (${transport})`,
      ignore,
      fn: async (context) => {
        current = transport;
        try {
          await fn(context);
        } finally {
          current = "fetch";
        }
      },
    });
  }
}
