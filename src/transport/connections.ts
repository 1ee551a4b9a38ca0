/**
 * The connections of a transport: the runtime's HTTP client with its proxy and
 * certificates, and the connect limit, which `fetch` does not have.
 *
 * @module
 */
import { ConfigError, TimeoutError } from "../foundation/errors.ts";
import type { OptionKinds } from "../foundation/options.ts";
import type { HttpRequest, SendOptions } from "../ports/http.ts";
import type { DirectClients, ProxyOption } from "./connection_rules.ts";
import { describe } from "./request_url.ts";
import {
  type Address,
  addressOf,
  checkCount,
  isDeno,
  type Timing,
} from "./runtime.ts";

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

/** What `fetch` is given. */
export interface FetchInit extends RequestInit {
  /** What Deno sends with; set by the pool. */
  client?: Deno.HttpClient;
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

/** The connections of a transport, made when they are first used. */
export class ConnectionPool implements Disposable {
  readonly #options: PoolOptions;
  #client: Deno.HttpClient | undefined;
  /** Keeps no connection. */
  #once: Deno.HttpClient | undefined;
  /** Those that go round the proxy. */
  #direct: DirectClients | undefined;
  readonly #isDeno = isDeno();
  #isClosed = false;

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

  /**
   * Sends over a connection of the pool.
   *
   * @param url Where to.
   * @param init What to send.
   * @param isDirect Whether no proxy may be used.
   * @param isOnce Whether the connection must be a new one, kept by nobody.
   * @throws {ConfigError} `"ProxyInTheWay"` if a proxy would be used that must not be.
   */
  fetch(
    url: string,
    init: FetchInit,
    isDirect = false,
    isOnce = false,
  ): Promise<Response> {
    const { fetch: send, proxy } = this.#options;
    const direct = send === undefined && (isDirect || proxy === false);
    if (direct) return this.#fetchDirectly(url, init, isDirect, isOnce);
    if (!this.#isDeno) return (send ?? fetch)(url, { ...init, ...RAW });
    if (send !== undefined) return send(url, init);
    init.client = isOnce
      ? this.#once ??= this.#create(givenProxy(proxy), isOnce)
      : this.#client ??= this.#create(givenProxy(proxy), isOnce);
    return fetch(url, init);
  }

  /** What goes round a proxy is loaded with the first that does. */
  async #fetchDirectly(
    url: string,
    init: FetchInit,
    isDirect: boolean,
    isOnce: boolean,
  ): Promise<Response> {
    const proxies = await import("./connection_rules.ts");
    if (!this.#isDeno) {
      proxies.refuseProxied(new URL(url));
      return await fetch(url, { ...init, ...RAW });
    }
    this.#direct ??= new proxies.DirectClients((proxy, isOnce) =>
      this.#create(proxy, isOnce)
    );
    init.client = this.#direct.clientFor(new URL(url), isDirect, isOnce);
    const sent = fetch(url, init);
    // It was closed while that was loaded: nobody else would close the client.
    if (this.#isClosed) this.renew();
    return await sent;
  }

  /**
   * The proxy that a request goes through, in words, as far as it can be told.
   *
   * @param url Where to.
   * @param direct Whether it must not go through one.
   */
  async proxyOf(url: string, direct = false): Promise<string | undefined> {
    const { fetch: send, proxy } = this.#options;
    if (send !== undefined || direct || proxy === false) return undefined;
    const { proxyInWords } = await import("./connection_rules.ts");
    return proxyInWords(new URL(url), proxy);
  }

  /** Drops the idle connections; those in use go on to their end. */
  renew(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#once?.close();
    this.#once = undefined;
    this.#direct?.close();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.renew();
  }

  #create(proxy: ProxyOption, isOnce: boolean): Deno.HttpClient {
    const { caCerts = [] } = this.#options;
    const { maxIdleConnections = MAX_IDLE } = isOnce
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

function givenProxy(proxy: string | false | undefined): ProxyOption {
  return typeof proxy === "string" ? { proxy: { url: proxy } } : {};
}

function isOwn({ proxy }: ProxyOption): boolean {
  return proxy !== undefined && "transport" in proxy &&
    proxy.transport === "tcp";
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

/**
 * Opens a connection to see whether there is one, and closes it.
 *
 * @param address Where to.
 * @param signal Ends the attempt.
 */
export type Dialer = (address: Address, signal: AbortSignal) => Promise<void>;

/** What {@linkcode ConnectProbe} are made from. */
export interface DialParts {
  /** Opens connections. */
  readonly dialer: Dialer;
  /** Time. */
  readonly clock: Timing;
  /** How long a host counts as reached after it answered, in milliseconds. */
  readonly reachedForMs: number;
  /** What a message adds, for example that a proxy may be in the way. */
  readonly remark: string;
}

/** Hosts remembered as reached; the oldest is forgotten first. */
const REMEMBERED = 256;

/** A host that was reached this short while ago was reached now. */
const LATELY_MS = 1_000;

/** A dial that is under way, for all requests that wait for it. */
interface Dial {
  pending: boolean;
  requests: number;
  /** Told when it succeeds. */
  readonly told: Set<Watched>;
  readonly controller: AbortController;
}

/** The exchange of a request: its signal, and who is told of the connection. */
type Watched = Pick<SendOptions, "onDialled" | "signal">;

/** Watches over one request until its answer begins. */
export interface DialWatch extends Disposable {
  /** Aborted with {@linkcode TimeoutError} when the limit passes, or as the given one. */
  readonly signal: AbortSignal;
}

/**
 * ConnectProbe beside the first requests to a host. It adds no time and decides only
 * one thing: a dial that is still pending at the limit means that the host cannot
 * be reached. Whatever else becomes of it, `fetch` will tell by itself.
 */
export class ConnectProbe {
  readonly #parts: DialParts;
  readonly #running = new Map<string, Dial>();
  readonly #reachedAt = new Map<string, number>();

  /**
   * Starts without any.
   *
   * @param parts What it is made from.
   */
  constructor(parts: DialParts) {
    this.#parts = parts;
  }

  /**
   * Watches over a request, unless its host answered a short while ago.
   *
   * @param request The request, already on its way.
   * @param limitMs The limit, in milliseconds.
   * @param exchange Its exchange.
   * @param nowMs The time, in milliseconds.
   */
  watch(
    request: HttpRequest,
    limitMs: number,
    exchange: Watched,
    nowMs = this.#now(),
  ): DialWatch | undefined {
    const reachedAt = this.#reachedAt.get(request.origin);
    const isReached = reachedAt !== undefined &&
      nowMs - reachedAt < this.#parts.reachedForMs;
    return isReached || limitMs === Infinity
      ? undefined
      : this.#watched(request, limitMs, exchange);
  }

  #watched(
    request: HttpRequest,
    limitMs: number,
    exchange: Watched,
  ): DialWatch {
    const { signal } = exchange;
    const { origin } = request;
    const dial = this.#running.get(origin) ?? this.#start(origin);
    dial.requests++;
    dial.told.add(exchange);
    const limit = new AbortController();
    const timer = this.#parts.clock.timer(limitMs, () => {
      if (dial.pending) limit.abort(this.#timeout(request, limitMs));
    });
    return {
      signal: signal === undefined
        ? limit.signal
        : AbortSignal.any([signal, limit.signal]),
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        dial.told.delete(exchange);
        if (--dial.requests === 0) this.#stop(origin, dial);
      },
    };
  }

  /** Remembers that a host answered. */
  reached(origin: string, now = this.#now()): void {
    const before = this.#reachedAt.get(origin);
    // To remember it each time would cost more than it is worth.
    if (before !== undefined && Math.abs(now - before) < LATELY_MS) return;
    this.#reachedAt.delete(origin);
    this.#reachedAt.set(origin, now);
    if (this.#reachedAt.size <= REMEMBERED) return;
    const [oldest] = this.#reachedAt.keys();
    if (oldest !== undefined) this.#reachedAt.delete(oldest);
  }

  /** Forgets that it did. */
  lost(origin: string): void {
    this.#reachedAt.delete(origin);
  }

  #start(origin: string): Dial {
    const dial = {
      pending: true,
      requests: 0,
      told: new Set<Watched>(),
      controller: new AbortController(),
    };
    this.#running.set(origin, dial);
    this.#parts.dialer(addressOf(new URL(origin)), dial.controller.signal).then(
      () => {
        dial.pending = false;
        for (const exchange of dial.told) exchange.onDialled?.();
      },
      () => {
        dial.pending = false;
      },
    );
    return dial;
  }

  #stop(origin: string, dial: Dial): void {
    this.#running.delete(origin);
    dial.controller.abort();
  }

  #now(): number {
    return this.#parts.clock.now().getTime();
  }

  #timeout(request: HttpRequest, limitMs: number): TimeoutError {
    return new TimeoutError(
      "connect",
      limitMs,
      `Cannot send ${
        describe(request)
      }: no connection after ${limitMs} ms (connectTimeoutMs)${this.#parts.remark}`,
      { maybeSent: false },
    );
  }
}
