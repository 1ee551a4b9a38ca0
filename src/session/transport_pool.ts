/**
 * The transports of a session: one for all clients that want the same
 * connections.
 *
 * @module
 */
import { ConfigError, type TimeLimit } from "../foundation/errors.ts";
import type { Clock } from "../ports/system.ts";
import type {
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import { SystemClock } from "../system/platform.ts";
import { withDeadlines } from "../transport/in_flight_request.ts";
import {
  FetchTransport,
  type FetchTransportOptions,
} from "../transport/fetch_transport.ts";
import type { SocketTransportOptions } from "../transport/socket/socket_transport.ts";
import type { TransportName } from "./options.ts";

/** What distinguishes one client's connections from another's. */
export type Connections = Pick<
  FetchTransportOptions,
  | "caCerts"
  | "maxConnections"
  | "maxIdleConnections"
  | "proxy"
  | "queueTimeoutMs"
>;

/** The transports that one client uses. */
export class TransportLease implements Disposable {
  #pool: TransportPool | undefined;
  #closed = false;

  /** Whether the client was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Returns the transport for some connections, and keeps it open.
   *
   * @param pool The session's transports.
   * @param connections What they are like.
   * @throws {ConfigError} `"ClientClosed"` if the client was disposed of.
   */
  take(pool: TransportPool, connections: Connections): Transport {
    if (this.#closed) this.check();
    this.#pool = pool;
    return pool.get(connections, this);
  }

  /** @throws {ConfigError} `"ClientClosed"` if the client was disposed of. */
  check(): void {
    if (!this.#closed) return;
    throw new ConfigError(
      "ClientClosed",
      "Cannot call: the client is closed; keep it open until the last call has ended",
    );
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#pool?.release(this);
  }
}

/** The transport over sockets, loaded by those who use it. */
class LazySocketTransport implements Transport {
  readonly limits: readonly TimeLimit[] = [
    "attempt",
    "connect",
    "queue",
    "read",
  ];
  readonly #options: SocketTransportOptions;
  #transport: Transport | undefined;
  #loading: Promise<Transport> | undefined;
  #isClosed = false;

  constructor(options: SocketTransportOptions) {
    this.#options = options;
  }

  send(request: HttpRequest, options?: SendOptions): Promise<HttpResponse> {
    return this.#transport === undefined
      ? this.#loadAndSend(request, options)
      : this.#transport.send(request, options);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#transport?.[Symbol.dispose]();
  }

  async #loadAndSend(
    request: HttpRequest,
    options?: SendOptions,
  ): Promise<HttpResponse> {
    const transport = await (this.#loading ??= this.#load());
    return await transport.send(request, options);
  }

  async #load(): Promise<Transport> {
    const { SocketTransport } = await import(
      "../transport/socket/socket_transport.ts"
    );
    const transport = new SocketTransport(this.#options);
    if (this.#isClosed) transport[Symbol.dispose]();
    this.#transport = transport;
    return transport;
  }
}

/** A transport, and who uses it. */
interface PooledTransport {
  /** Its settings, as text, but for the certificates: they may be long. */
  readonly settings: string;
  readonly caCerts: readonly string[];
  readonly transport: Transport;
  readonly users: Set<TransportLease>;
  /** Whether the session itself uses it, which ends with the session. */
  kept: boolean;
}

/** Makes transports when they are first asked for, and closes them. */
export class TransportPool implements Disposable {
  readonly #given: Transport | undefined;
  readonly #name: TransportName;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #made = new Set<PooledTransport>();

  /**
   * Makes a pool without transports.
   *
   * @param given Which of the library's transports is used, or the user's own,
   * which replaces them and stays the user's to close.
   * @param clock Time.
   * @param logger Where transports tell rare events.
   */
  constructor(
    given: Transport | TransportName | undefined,
    clock: Clock,
    logger: Logger,
  ) {
    this.#name = typeof given === "string" ? given : "fetch";
    this.#given = typeof given === "object"
      ? withDeadlines(withCheckedAnswers(given), clock, { logger })
      : undefined;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Returns the transport for some connections.
   *
   * @param connections What they are like. Default: the usual ones.
   * @param user Who uses it until it is disposed of. Default: the session, until
   * its own end.
   */
  get(connections: Connections = {}, user?: TransportLease): Transport {
    if (this.#given !== undefined) return this.#given;
    const { caCerts = [], ...others } = connections;
    const settings = JSON.stringify(Object.entries(others).sort());
    const made =
      this.#made.values().find((made) =>
        made.settings === settings && made.caCerts.length === caCerts.length &&
        made.caCerts.every((pem, index) => pem === caCerts[index])
      ) ?? {
        settings,
        caCerts,
        transport: this.#make(connections),
        users: new Set(),
        kept: false,
      };
    this.#made.add(made);
    if (user === undefined) made.kept = true;
    else made.users.add(user);
    return made.transport;
  }

  #make(connections: Connections): Transport {
    const clock = this.#clock;
    const logger = this.#logger;
    // The machine's own time costs less without a clock in between.
    const options = clock instanceof SystemClock
      ? { ...connections, logger }
      : { ...connections, clock, logger };
    return this.#name === "fetch"
      ? new FetchTransport(options)
      : new LazySocketTransport(options);
  }

  /**
   * Ends the use of all transports by a client; those without another user are
   * closed.
   *
   * @param user The client's lease.
   */
  release(user: TransportLease): void {
    for (const made of this.#made) {
      const { transport, users, kept } = made;
      if (!users.delete(user) || kept || users.size > 0) continue;
      this.#made.delete(made);
      transport[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    for (const { transport } of this.#made) {
      transport[Symbol.dispose]();
    }
    this.#made.clear();
  }
}

/** Refuses an answer that is none, as that of a function that forgot to return it. */
function withCheckedAnswers(transport: Transport): Transport {
  return {
    ...transport.limits && { limits: transport.limits },
    send: async (request, options) => {
      const response: unknown = await transport.send(request, options);
      if (isResponse(response)) return response;
      throw new ConfigError(
        "InvalidPart",
        `Cannot read the answer to ${request.method} ${request.path}: the transport's send must resolve to { status, headers, body }, where body is null or has the methods open, bytes and cancel; found ${
          kindOf(response)
        }`,
      );
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

function isResponse(value: unknown): value is HttpResponse {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body }: Partial<
    Record<keyof HttpResponse, unknown>
  > = value;
  if (typeof status !== "number" || typeof headers !== "object") return false;
  if (headers === null || headers instanceof Headers) return false;
  return body === null ||
    ["open", "bytes", "cancel"].every((method) => method in Object(body));
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return value instanceof Response
    ? "a Response of the platform"
    : `an object with ${Object.keys(value).join(", ") || "no members"}`;
}
