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
import { SocketTransport } from "../src/transport/socket/socket_transport.ts";

/** The library's transports. */
export type TransportName = "fetch" | "socket";

/** In which way a test differs between the transports. */
export interface Difference {
  /** The only transport for which it holds. */
  readonly only: TransportName;
  /** Why. */
  readonly why: string;
}

let current: TransportName = "fetch";

/** The transport of the test that runs. */
export function transportName(): TransportName {
  return current;
}

/** Whether the test that runs is over sockets. */
export function isSocket(): boolean {
  return current === "socket";
}

/** A transport of the kind of the test that runs. */
export function newTransport(
  options: FetchTransportOptions = {},
): Transport & Disposable {
  if (current === "fetch") return new FetchTransport(options);
  // A connection is dialled there, and not beside.
  const { dialer: _, fetch: __, ...rest } = options;
  return new SocketTransport(rest);
}

/**
 * Registers a test once for each transport.
 *
 * @param name What holds.
 * @param fn The test.
 * @param difference Where it holds for one only.
 */
export function overBoth(
  name: string,
  fn: (context: Deno.TestContext) => Promise<void> | void,
  difference?: Difference,
): void {
  for (const transport of ["fetch", "socket"] as const) {
    if (difference !== undefined && difference.only !== transport) continue;
    Deno.test(`${name} (${transport})`, async (context) => {
      current = transport;
      try {
        await fn(context);
      } finally {
        current = "fetch";
      }
    });
  }
}
