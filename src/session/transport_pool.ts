/**
 * The transports of a session: one for all clients that want the same
 * connections.
 *
 * @module
 */
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/http.ts";
import type { Logger } from "../ports/logger.ts";
import { withDeadlines } from "../transport/deadlines.ts";
import {
  FetchTransport,
  type FetchTransportOptions,
} from "../transport/fetch_transport.ts";

/** What distinguishes one client's connections from another's. */
export type Connections = Pick<
  FetchTransportOptions,
  | "caCerts"
  | "maxConnections"
  | "maxIdleConnections"
  | "proxy"
  | "queueTimeoutMs"
>;

/** Makes transports when they are first asked for, and closes them. */
export class TransportPool implements Disposable {
  readonly #given: Transport | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #made = new Map<string, Transport>();

  /**
   * Makes a pool without transports.
   *
   * @param given The user's own transport, which replaces all others. It stays
   * the user's to close.
   * @param clock Time.
   * @param logger Where transports tell rare events.
   */
  constructor(given: Transport | undefined, clock: Clock, logger: Logger) {
    this.#given = given && withDeadlines(given, clock, { logger });
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * The transport for some connections.
   *
   * @param connections What they are like. Default: the usual ones.
   */
  get(connections: Connections = {}): Transport {
    if (this.#given !== undefined) return this.#given;
    const key = JSON.stringify(Object.entries(connections).sort());
    const made = this.#made.get(key) ?? new FetchTransport({
      ...connections,
      clock: this.#clock,
      logger: this.#logger,
    });
    this.#made.set(key, made);
    return made;
  }

  [Symbol.dispose](): void {
    for (const transport of this.#made.values()) transport[Symbol.dispose]();
    this.#made.clear();
  }
}
