/**
 * The runtime's HTTP client: connections that are kept, proxy, certificates.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { checkCount } from "./limits.ts";
import { isDeno } from "./runtime.ts";

/** A client certificate, in PEM. */
export interface ClientCertificate {
  /** The certificate, with those that lead to its authority. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
}

/** Settings of the connections. All but `fetch` take effect on Deno only. */
export interface PoolOptions {
  /** Idle connections that are kept per host. Default: 10. */
  readonly maxIdleConnections?: number;
  /**
   * URL of an `http`, `https` or `socks5` proxy, with name and password where it
   * wants them. `false` says that there is none. Default: what the environment
   * names, found by Deno itself. Hosts in `NO_PROXY` never use a proxy.
   */
  readonly proxy?: string | false;
  /** Certificates of further authorities, in PEM. */
  readonly caCerts?: readonly string[];
  /** What this program proves itself with to the server. */
  readonly clientCertificate?: ClientCertificate;
  /** What sends. Default: the platform's `fetch`, with a client of its own. */
  readonly fetch?: typeof fetch;
}

/** How long a connection may idle before it is closed. */
export const IDLE_MS = 60_000;

/** As in botocore. */
const MAX_IDLE = 10;

/** The connections of a transport, made when they are first used. */
export class ConnectionPool implements Disposable {
  readonly #options: PoolOptions;
  #client: Deno.HttpClient | undefined;
  #closed = false;

  /**
   * Makes a pool without connections.
   *
   * @param options The settings.
   * @throws {ConfigError} If a setting makes no sense.
   */
  constructor(options: PoolOptions = {}) {
    const { maxIdleConnections = MAX_IDLE, proxy, caCerts = [] } = options;
    checkCount("maxIdleConnections", maxIdleConnections, 0);
    if (typeof proxy === "string") checkProxy(proxy);
    caCerts.forEach(checkCertificate);
    this.#options = options;
  }

  /** Whether it was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends over a connection of the pool.
   *
   * @param url Where to.
   * @param init What to send.
   */
  fetch(url: string, init: RequestInit): Promise<Response> {
    const { fetch: send } = this.#options;
    if (send !== undefined) return send(url, init);
    if (!isDeno()) return fetch(url, init);
    this.#client ??= this.#create();
    return fetch(url, { ...init, client: this.#client });
  }

  /** Drops the idle connections; those in use go on to their end. */
  renew(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.renew();
  }

  #create(): Deno.HttpClient {
    const { maxIdleConnections = MAX_IDLE, proxy, caCerts = [] } =
      this.#options;
    const { clientCertificate } = this.#options;
    const options: Deno.CreateHttpClientOptions = {
      // Costs more than it saves with requests that do not share a connection.
      http2: false,
      allowHost: true,
      poolMaxIdlePerHost: Math.min(maxIdleConnections, 2 ** 31 - 1),
      poolIdleTimeout: IDLE_MS,
      caCerts: [...caCerts],
      ...typeof proxy === "string" ? { proxy: { url: proxy } } : {},
    };
    try {
      return Deno.createHttpClient({ ...options, ...clientCertificate });
    } catch (cause) {
      throw new ConfigError(
        "InvalidHttpClient",
        "Cannot set up connections with the given proxy and certificates",
        { cause },
      );
    }
  }
}

function checkProxy(proxy: string): void {
  const url = URL.parse(proxy);
  if (url !== null && /^(?:https?|socks5h?):$/.test(url.protocol)) return;
  // Not the value: it may hold a password.
  throw new ConfigError(
    "InvalidProxiesConfigError",
    'Cannot set up the transport as proxy must be a URL like "http://proxy.example:3128": the current value is not',
  );
}

/** Deno skips what is no certificate without a word. */
function checkCertificate(pem: string): void {
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return;
  throw new ConfigError(
    "InvalidCaBundle",
    "Cannot set up the transport as caCerts must hold certificates in PEM: one of them has no BEGIN CERTIFICATE line",
  );
}
