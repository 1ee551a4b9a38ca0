/**
 * The runtime's HTTP client: connections that are kept, proxy, certificates.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { addressOf } from "./connect_probe.ts";
import type { OptionKinds } from "../foundation/options.ts";
import { checkCount } from "./limits.ts";
import { isDeno, isProxied, proxyInWords } from "./runtime.ts";

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
   * wants them. `false`: none, also where the environment names one; over
   * https, Deno then needs the host in `NO_PROXY`, and without it a request is
   * refused. Default: what the environment names, found by Deno itself. Hosts in
   * `NO_PROXY` never use a proxy.
   */
  readonly proxy?: string | false;
  /** Certificates of further authorities, in PEM. */
  readonly caCerts?: readonly string[];
  /** What this program proves itself with to the server. */
  readonly clientCertificate?: ClientCertificate;
  /** What sends. Default: the platform's `fetch`, with a client of its own. */
  readonly fetch?: typeof fetch;
}

/** What the connection of a request must be like. */
export interface WantedConnection {
  /** Whether no proxy may be used. */
  readonly direct?: boolean;
  /** Whether it must be a new one, kept by nobody. */
  readonly once?: boolean;
}

/** The settings of the connections; the numbers are checked by their ranges. */
export const POOL_OPTIONS: OptionKinds<PoolOptions> = {
  maxIdleConnections: "any",
  proxy: "any",
  caCerts: "list",
  clientCertificate: "object",
  fetch: "function",
};

/** How long a connection may idle before it is closed. */
export const IDLE_MS = 60_000;

/** As in botocore. */
const MAX_IDLE = 10;

/** What keeps Bun from decompressing bodies; the others do not know it. */
const RAW = { decompress: false };

/** Hosts with a way of their own that are remembered; the oldest is dropped first. */
const DIRECT_HOSTS = 32;

/** The connections of a transport, made when they are first used. */
export class ConnectionPool implements Disposable {
  readonly #options: PoolOptions;
  #client: Deno.HttpClient | undefined;
  /** Keeps no connection. */
  #once: Deno.HttpClient | undefined;
  /** Clients that go round the proxy, by origin; `""` for those that need no care. */
  readonly #direct = new Map<string, Deno.HttpClient>();
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
   * @param wanted What the connection must be like.
   * @throws {ConfigError} `"ProxyInTheWay"` if a proxy would be used that must not be.
   */
  fetch(
    url: string,
    init: RequestInit,
    wanted: WantedConnection = {},
  ): Promise<Response> {
    const { fetch: send, proxy } = this.#options;
    if (!isDeno()) return (send ?? fetch)(url, { ...init, ...RAW });
    if (send !== undefined) return send(url, init);
    const client = wanted.direct || proxy === false
      ? this.#directClient(new URL(url), wanted)
      : this.#clientOf(wanted);
    return fetch(url, { ...init, client });
  }

  /**
   * The proxy that a request goes through, in words, as far as it can be told.
   *
   * @param url Where to.
   * @param direct Whether it must not go through one.
   */
  proxyOf(url: string, direct = false): string | undefined {
    const { fetch: send, proxy } = this.#options;
    if (send !== undefined || direct || proxy === false) return undefined;
    return proxyInWords(new URL(url), proxy);
  }

  /** Drops the idle connections; those in use go on to their end. */
  renew(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#once?.close();
    this.#once = undefined;
    for (const client of this.#direct.values()) client.close();
    this.#direct.clear();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.renew();
  }

  /**
   * Deno follows the proxy of the environment in every client. Over http, a host
   * that is given as its own proxy is reached directly.
   */
  #directClient(url: URL, wanted: WantedConnection): Deno.HttpClient {
    const proxied = isProxied(url);
    const { origin, protocol } = url;
    if (protocol === "https:" && proxied) throw proxyInTheWay(url);
    // In that way Deno writes the whole URL into the request line, which not every
    // server takes: so only where there is a proxy, or a token is at stake.
    const isOwnProxy = protocol === "http:" && (proxied ?? wanted.direct);
    const key = (wanted.once ? "once " : "") + (isOwnProxy ? origin : "");
    const known = this.#direct.get(key);
    if (known !== undefined) return known;
    const client = this.#create(isOwnProxy ? ownProxy(url) : {}, wanted);
    this.#direct.set(key, client);
    if (this.#direct.size > DIRECT_HOSTS) this.#dropOldest();
    return client;
  }

  #dropOldest(): void {
    for (const [key, client] of this.#direct) {
      client.close();
      this.#direct.delete(key);
      return;
    }
  }

  #clientOf(wanted: WantedConnection): Deno.HttpClient {
    const { proxy } = this.#options;
    return wanted.once
      ? this.#once ??= this.#create(givenProxy(proxy), wanted)
      : this.#client ??= this.#create(givenProxy(proxy), wanted);
  }

  #create(proxy: ProxyOption, { once }: WantedConnection): Deno.HttpClient {
    const { caCerts = [] } = this.#options;
    const { maxIdleConnections = MAX_IDLE } = once
      ? { maxIdleConnections: 0 }
      : this.#options;
    const { clientCertificate } = this.#options;
    const options: Deno.CreateHttpClientOptions = {
      // Costs more than it saves with requests that do not share a connection.
      http2: false,
      allowHost: true,
      poolMaxIdlePerHost: Math.min(maxIdleConnections, 2 ** 31 - 1),
      poolIdleTimeout: IDLE_MS,
      caCerts: [...caCerts],
      ...proxy,
    };
    try {
      return Deno.createHttpClient({ ...options, ...clientCertificate });
    } catch (cause) {
      // A host that is its own proxy and may not be reached, told as any other.
      if (cause instanceof Deno.errors.NotCapable && isOwn(proxy)) throw cause;
      throw new ConfigError(
        "InvalidHttpClient",
        "Cannot set up connections with the given proxy and certificates",
        { cause },
      );
    }
  }
}

type ProxyOption = Pick<Deno.CreateHttpClientOptions, "proxy">;

function givenProxy(proxy: string | false | undefined): ProxyOption {
  return typeof proxy === "string" ? { proxy: { url: proxy } } : {};
}

function ownProxy(url: URL): ProxyOption {
  return { proxy: { transport: "tcp", ...addressOf(url) } };
}

function isOwn({ proxy }: ProxyOption): boolean {
  return proxy !== undefined && "transport" in proxy &&
    proxy.transport === "tcp";
}

function proxyInTheWay({ hostname }: URL): ConfigError {
  return new ConfigError(
    "ProxyInTheWay",
    `Cannot send to ${hostname} without a proxy: the environment names one for https, and Deno goes round it only for hosts in NO_PROXY; set NO_PROXY=${hostname}, or leave proxy: false out`,
  );
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
