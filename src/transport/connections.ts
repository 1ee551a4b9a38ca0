/**
 * The connections of a transport: the runtime's HTTP client with its proxy and
 * certificates, a limit to the connections per host, first come, first served,
 * and the connect limit, which `fetch` does not have.
 *
 * @module
 */
import { ConfigError, TimeoutError } from "../foundation/errors.ts";
import type { OptionKinds } from "../foundation/options.ts";
import type { HttpRequest, SendOptions } from "../ports/http.ts";
import { describe } from "./request_url.ts";
import {
  type Address,
  checkCount,
  checkLimit,
  isDeno,
  isProxied,
  LONGEST_TIMER_MS,
  proxyInWords,
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
  readonly #isDeno = isDeno();

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
    if (!this.#isDeno) {
      if (direct && isProxied(new URL(url))) throw proxyInTheWay(new URL(url));
      return (send ?? fetch)(url, { ...init, ...RAW });
    }
    if (send !== undefined) return send(url, init);
    if (direct) {
      init.client = this.#directClient(new URL(url), isDirect, isOnce);
    } else {
      init.client = isOnce
        ? this.#once ??= this.#create(givenProxy(proxy), isOnce)
        : this.#client ??= this.#create(givenProxy(proxy), isOnce);
    }
    return fetch(url, init);
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
    this.renew();
  }

  /**
   * Deno follows the proxy of the environment in every client. Over http, a host
   * that is given as its own proxy is reached directly.
   */
  #directClient(
    url: URL,
    isDirect: boolean,
    isOnce: boolean,
  ): Deno.HttpClient {
    const proxied = isProxied(url);
    const { origin, protocol } = url;
    if (protocol === "https:" && proxied) throw proxyInTheWay(url);
    // In that way Deno writes the whole URL into the request line, which not every
    // server takes: so only where there is a proxy, or a token is at stake.
    const isOwnProxy = protocol === "http:" && (proxied ?? isDirect);
    const key = (isOnce ? "once " : "") + (isOwnProxy ? origin : "");
    const known = this.#direct.get(key);
    if (known !== undefined) return known;
    const client = this.#create(isOwnProxy ? ownProxy(url) : {}, isOnce);
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

function proxyInTheWay({ hostname, protocol }: URL): ConfigError {
  const runtime = isDeno() ? "Deno" : "this runtime";
  return new ConfigError(
    "ProxyInTheWay",
    `Cannot send to ${hostname} without a proxy: the environment names one for ${
      protocol.slice(0, -1)
    }, and ${runtime} goes round it only for hosts in NO_PROXY; set NO_PROXY=${hostname}, or leave proxy: false out`,
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

/** Settings of a {@linkcode ConnectionQueue}. */
export interface QueueOptions {
  /** Most exchanges with one host at a time. */
  readonly maxConnections: number;
  /** Longest wait for a place, in milliseconds; `Infinity`: no limit. */
  readonly queueTimeoutMs: number;
}

/** Someone who waits for a place. */
interface Waiter {
  readonly enter: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** The exchanges with one host. */
interface Line {
  taken: number;
  readonly waiters: Set<Waiter>;
}

/** The queues to all hosts. */
export class ConnectionQueue {
  readonly #options: QueueOptions;
  readonly #clock: Timing;
  readonly #lines = new Map<string, Line>();
  #closed: { readonly reason: unknown } | undefined;

  /**
   * Makes queues that are empty.
   *
   * @param options How many connections, and how long to wait for one.
   * @param clock Time.
   * @throws {ConfigError} If a setting makes no sense.
   */
  constructor(options: QueueOptions, clock: Timing) {
    checkCount("maxConnections", options.maxConnections, 1);
    checkLimit("queueTimeoutMs", options.queueTimeoutMs);
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Takes a place, at once or when it is this one's turn. Give it back with
   * {@linkcode leave}.
   *
   * @param origin The host.
   * @param options What ends the wait early by throwing its reason, and how long
   * to wait where that differs from the queue's own limit.
   * @returns How long it waited, in milliseconds.
   * @throws {TimeoutError} If no place becomes free in time.
   */
  async enter(
    origin: string,
    options: Pick<SendOptions, "queueTimeoutMs" | "signal"> = {},
  ): Promise<number> {
    const { signal, queueTimeoutMs = this.#options.queueTimeoutMs } = options;
    signal?.throwIfAborted();
    checkLimit("queueTimeoutMs", queueTimeoutMs);
    if (this.#closed) throw this.#closed.reason;
    const line = this.#lines.get(origin) ?? { taken: 0, waiters: new Set() };
    this.#lines.set(origin, line);
    if (line.taken < this.#options.maxConnections) {
      line.taken++;
      return 0;
    }
    const startMs = this.#clock.now().getTime();
    await this.#wait(line, origin, { signal, queueTimeoutMs });
    return this.#clock.now().getTime() - startMs;
  }

  /** How many hosts have exchanges now; nothing is kept of the others. */
  get hosts(): number {
    return this.#lines.size;
  }

  /** Gives a place back, to the request that has waited longest. */
  leave(origin: string): void {
    const line = this.#lines.get(origin);
    if (line === undefined) return;
    const [next] = line.waiters;
    if (next !== undefined) {
      // The place changes hands, so that no newcomer slips in between.
      next.enter();
    } else if (--line.taken === 0) {
      this.#lines.delete(origin);
    }
  }

  /** Sends all who wait away, and all who come after. */
  close(reason: unknown): void {
    this.#closed = { reason };
    for (const line of this.#lines.values()) {
      for (const waiter of line.waiters) waiter.refuse(reason);
    }
  }

  async #wait(
    line: Line,
    origin: string,
    { signal, queueTimeoutMs }: {
      readonly signal: AbortSignal | undefined;
      readonly queueTimeoutMs: number;
    },
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      enter: () => line.waiters.delete(waiter) && resolve(),
      refuse: (reason) => line.waiters.delete(waiter) && reject(reason),
    };
    const abort = (): void => waiter.refuse(signal?.reason);
    line.waiters.add(waiter);
    signal?.addEventListener("abort", abort);
    const timer = queueTimeoutMs > LONGEST_TIMER_MS
      ? undefined
      : this.#clock.timer(
        queueTimeoutMs,
        () => waiter.refuse(this.#timeout(line, origin, queueTimeoutMs)),
      );
    try {
      await promise;
    } finally {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    }
  }

  #timeout(line: Line, origin: string, queueTimeoutMs: number): TimeoutError {
    const { maxConnections } = this.#options;
    const error = new TimeoutError(
      "queue",
      queueTimeoutMs,
      `Cannot send to ${origin}: none of its ${maxConnections} connections (maxConnections) became free within ${queueTimeoutMs} ms (queueTimeoutMs), with ${line.waiters.size} in the queue; read or cancel the bodies of answers, or allow more connections`,
      { maybeSent: false },
    );
    error.place({ queuedMs: queueTimeoutMs });
    return error;
  }
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
    const { signal } = exchange;
    const { origin } = request;
    const reachedAt = this.#reachedAt.get(origin) ?? -Infinity;
    if (nowMs - reachedAt < this.#parts.reachedForMs) return undefined;
    if (limitMs === Infinity) return undefined;
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

/** Where the server of a URL listens. */
export function addressOf({ protocol, hostname, port }: URL): Address {
  return {
    // Without the brackets of an IPv6 address.
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}
