/**
 * The transport over sockets of its own: HTTP/1.1 on `Deno.connect`.
 *
 * @module
 */
import {
  ConfigError,
  EndpointError,
  type TimeLimit,
  TimeoutError,
} from "../../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  type OtherNames,
} from "../../foundation/options.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
  SendOptions,
  Transport,
} from "../../ports/http.ts";
import type { Logger } from "../../ports/telemetry.ts";
import type { ClientCertificate } from "../connections.ts";
import { proxyRefusal } from "../faults.ts";
import { describe } from "../request_url.ts";
import {
  checkCount,
  checkLimit,
  isDeno,
  NetPermissions,
  type Timing,
} from "../runtime.ts";
import { ForgottenBodies } from "./body.ts";
import {
  type Call,
  Connection,
  type ConnectionParts,
  isResendable,
  type Times,
} from "./connection.ts";
import {
  bracketed,
  dial,
  DialProgress,
  proxyRoute,
  type Route,
  routeTo,
} from "./dial.ts";
import { dialFault, permissionMissing, waitFault } from "./faults.ts";
import { headOf, UnsendableRequest } from "./request_head.ts";
import { Pool } from "./pool.ts";
import { Timers } from "./timers.ts";

/** Settings of a {@linkcode SocketTransport}. All times are in milliseconds; `Infinity` means no limit. */
export interface SocketTransportOptions {
  /** Time, and timers. Default: the machine's. */
  readonly clock?: Timing;
  /** Where rare events are told. Default: nowhere. */
  readonly logger?: Logger;
  /** Longest time to reach a server: name, connection and TLS. Default: 60 000. */
  readonly connectTimeoutMs?: number;
  /** Longest silence of a server that is waited for. Default: 60 000. */
  readonly readTimeoutMs?: number;
  /** Longest time that one attempt waits for the server. Default: no limit. */
  readonly attemptTimeoutMs?: number;
  /** Most connections to one host, idle ones among them. Default: no limit. */
  readonly maxConnections?: number;
  /** Longest wait for one of these. Default: 60 000. */
  readonly queueTimeoutMs?: number;
  /** Idle connections that are kept per host. Default: 10. */
  readonly maxIdleConnections?: number;
  /** How long a connection may idle before it is closed. Default: 60 000. */
  readonly idleTimeoutMs?: number;
  /**
   * URL of an `http` proxy, with name and password where it wants them; for
   * servers without TLS also of an `https` proxy. `false`: none, also where the
   * environment names one. Default: what the environment names. Hosts in
   * `NO_PROXY` never use a proxy.
   */
  readonly proxy?: string | false;
  /** Certificates of further authorities, in PEM. */
  readonly caCerts?: readonly string[];
  /** What this program proves itself with to the server. */
  readonly clientCertificate?: ClientCertificate;
  /**
   * Length from which a body waits until the server wants it, in bytes, for at
   * most a second (`Expect: 100-continue`). `Infinity`: never. Default: 2 MiB.
   */
  readonly expectContinueBytes?: number;
}

const OPTIONS: OptionKinds<SocketTransportOptions> = {
  clock: "object",
  logger: "object",
  connectTimeoutMs: "any",
  readTimeoutMs: "any",
  attemptTimeoutMs: "any",
  maxConnections: "any",
  queueTimeoutMs: "any",
  maxIdleConnections: "any",
  idleTimeoutMs: "any",
  proxy: "any",
  caCerts: "list",
  clientCertificate: "object",
  expectContinueBytes: "any",
};

/** What boto3 and botocore call these settings. */
const OTHER_NAMES: OtherNames = new Map(Object.entries({
  connect_timeout: 'it is "connectTimeoutMs" here',
  read_timeout: 'it is "readTimeoutMs" here',
  max_pool_connections: 'it is "maxConnections" here',
  proxies: 'it is "proxy" here, one URL',
  verify: 'it is "caCerts" here, as PEM texts',
  fetch: "it is an option of FetchTransport",
  dialer: "it is an option of FetchTransport",
}));

/** As in boto3. */
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_IDLE = 10;
const IDLE_MS = 60_000;
const EXPECT_BYTES = 2 * 1_024 * 1_024;

/**
 * How long ago the connection of a request that may not be repeated was used
 * last. Servers close those that idle, and a request that crosses it may be lost.
 */
const FRESH_MS = 1_000;

/** Ways that are remembered, once they are allowed; the oldest is forgotten first. */
const REMEMBERED = 256;

/**
 * Sends over sockets of its own: HTTP/1.1, on Deno only. It keeps all limits of
 * one attempt, tells in every error what was being done, and sends a request
 * twice only where that does no harm.
 *
 * @example Usage
 * ```ts ignore
 * using transport = new SocketTransport({ maxConnections: 20 });
 * const session = new Session({ transport });
 * ```
 */
export class SocketTransport implements Transport {
  /** The time limits that it keeps. */
  readonly limits: readonly TimeLimit[] = [
    "attempt",
    "connect",
    "queue",
    "read",
  ];
  readonly #options: SocketTransportOptions;
  readonly #times: Times;
  readonly #timers: Timers;
  readonly #pool: Pool;
  readonly #forgotten: ForgottenBodies;
  readonly #permissions = new NetPermissions();
  readonly #routes = new Map<string, Route>();
  /** Ways on which nobody is asked whether a body is wanted. */
  readonly #unexpecting = new WeakSet<Route>();
  #isClosed = false;

  /**
   * Makes a transport; connections come with the first request.
   *
   * @param options What differs from the defaults.
   * @throws {ConfigError} If a setting makes no sense, or this is not Deno.
   */
  constructor(options: SocketTransportOptions = {}) {
    checkOptions("make a SocketTransport", options, OPTIONS, {
      others: OTHER_NAMES,
    });
    if (!isDeno()) {
      throw new ConfigError(
        "UnsupportedRuntime",
        "Cannot make a SocketTransport: only Deno has the sockets that it uses. Use a FetchTransport here",
      );
    }
    const {
      connectTimeoutMs = DEFAULT_TIMEOUT_MS,
      readTimeoutMs = DEFAULT_TIMEOUT_MS,
      attemptTimeoutMs = Infinity,
      queueTimeoutMs = DEFAULT_TIMEOUT_MS,
      maxConnections = Infinity,
      maxIdleConnections = MAX_IDLE,
      idleTimeoutMs = IDLE_MS,
      expectContinueBytes = EXPECT_BYTES,
    } = options;
    const times = {
      connectTimeoutMs,
      readTimeoutMs,
      attemptTimeoutMs,
      queueTimeoutMs,
    };
    checkTimes(times);
    checkLimit("idleTimeoutMs", idleTimeoutMs);
    checkCount("maxConnections", maxConnections, 1);
    checkCount("maxIdleConnections", maxIdleConnections, 0);
    checkCount("expectContinueBytes", expectContinueBytes, 0);
    checkWays(options);
    this.#options = options;
    this.#times = times;
    this.#timers = new Timers(options.clock);
    this.#forgotten = new ForgottenBodies(options.logger);
    this.#pool = new Pool({
      maxConnections,
      maxIdleConnections: Math.min(maxIdleConnections, maxConnections),
      idleMs: idleTimeoutMs,
    }, this.#timers);
  }

  send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    try {
      if (this.#isClosed) {
        throw new TypeError("Cannot send: the transport is closed");
      }
      options.signal?.throwIfAborted();
      return this.#exchange(this.#prepare(request, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes idle connections and sends all who wait for one away. Those in use go
   * on to the end of their answers.
   */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#pool.close(new TypeError("Cannot send: the transport is closed"));
    this.#timers.close();
  }

  #prepare(request: HttpRequest, options: SendOptions): Call {
    const limits = this.#timesOf(options);
    const { method, origin, body } = request;
    const { direct = false, repeatable, signal, onSent, onDialled } = options;
    // What changes something is repeated by the retries alone, which tell it.
    const mayRepeat = repeatable !== false &&
      (method === "GET" || method === "HEAD");
    const name = direct ? `direct ${origin}` : origin;
    try {
      const known = this.#routes.get(name);
      const route = known ?? this.#routeTo(origin, direct);
      const expects = body !== undefined && this.#expects(request, body, route);
      const head = headOf(request, route, expects);
      if (known === undefined) this.#remember(name, route, request, options);
      return {
        route,
        request,
        head,
        expects,
        limits,
        attemptLeftMs: limits.attemptTimeoutMs,
        signal,
        startMs: this.#timers.now(),
        timeline: {},
        onSent,
        onDialled,
        mayRepeat,
        maxIdleMs: mayRepeat ? Infinity : FRESH_MS,
        opened: false,
      };
    } catch (error) {
      if (!(error instanceof UnsendableRequest)) throw error;
      throw new EndpointError(
        `Cannot send ${describe(request)}: ${error.message}`,
      );
    }
  }

  #timesOf(options: SendOptions): Times {
    const {
      connectTimeoutMs,
      readTimeoutMs,
      attemptTimeoutMs,
      queueTimeoutMs,
    } = options;
    if (
      connectTimeoutMs === undefined && readTimeoutMs === undefined &&
      attemptTimeoutMs === undefined && queueTimeoutMs === undefined
    ) return this.#times;
    const defaults = this.#times;
    const times = {
      connectTimeoutMs: connectTimeoutMs ?? defaults.connectTimeoutMs,
      readTimeoutMs: readTimeoutMs ?? defaults.readTimeoutMs,
      attemptTimeoutMs: attemptTimeoutMs ?? defaults.attemptTimeoutMs,
      queueTimeoutMs: queueTimeoutMs ?? defaults.queueTimeoutMs,
    };
    checkTimes(times);
    return times;
  }

  #routeTo(origin: string, direct: boolean): Route {
    const route = routeTo(origin, direct ? false : this.#options.proxy);
    checkCertificate(route, this.#options.clientCertificate);
    return route;
  }

  /** Permission is asked for before any time limit runs, once for a host. */
  #remember(
    name: string,
    route: Route,
    request: HttpRequest,
    { mayPrompt = true }: SendOptions,
  ): void {
    const { origin, proxy } = route;
    const target = proxy === undefined
      ? origin
      : `http://${bracketed(proxy.hostname)}:${proxy.port}`;
    if (!this.#permissions.allows(target, mayPrompt)) {
      throw permissionMissing(request);
    }
    this.#routes.set(name, route);
    if (this.#routes.size <= REMEMBERED) return;
    const [oldest] = this.#routes.keys();
    if (oldest !== undefined) this.#routes.delete(oldest);
  }

  #expects(
    { headers }: HttpRequest,
    body: NonNullable<RequestBody>,
    route: Route,
  ): boolean {
    const { expectContinueBytes = EXPECT_BYTES } = this.#options;
    const asked = headers.expect?.toLowerCase() === "100-continue";
    return asked || (body.length ?? 0) >= expectContinueBytes &&
        !this.#unexpecting.has(route);
  }

  /** Over an idle connection without a function of its own that waits. */
  #exchange(call: Call): Promise<HttpResponse> {
    const { route, maxIdleMs, startMs } = call;
    const idle = this.#pool.take(route, maxIdleMs, startMs);
    return idle === undefined ? this.#exchangeAnew(call) : idle.exchange(call);
  }

  async #exchangeAnew(call: Call): Promise<HttpResponse> {
    const connection = await this.#acquire(call);
    return await connection.exchange(call);
  }

  readonly #again: ConnectionParts["again"] = (call, failed) => {
    if (failed !== undefined) {
      const { request, route, mayRepeat, maxIdleMs, expects, opened } = call;
      const { connection: { stale }, error } = failed;
      const again = mayRepeat && maxIdleMs > 0 && stale &&
        isResendable(request.body, opened);
      if (!again) throw placed(error, call);
      // The server closed it while the request was on its way.
      call.maxIdleMs = 0;
      call.opened = false;
      call.head = headOf(request, route, expects);
    }
    return this.#exchange(call);
  };

  readonly #refused: ConnectionParts["refused"] = (
    call,
    connection,
    response,
  ) => {
    const { request, route, expects, opened } = call;
    if (response.status === 407) refusedByProxy(response, request);
    if (!expects || !isResendable(request.body, opened)) {
      return Promise.resolve(response);
    }
    // Section 10.1.1 of RFC 9110: someone on the way does not know it.
    this.#unexpecting.add(route);
    const next = unasking(call, connection.wait.leftMs);
    response.body?.cancel().catch(() => {});
    return this.#exchange(next);
  };

  async #acquire(call: Call): Promise<Connection> {
    const { route, limits: { queueTimeoutMs }, maxIdleMs, signal } = call;
    const left = (): void => {
      const queuedMs = this.#timers.now() - call.startMs;
      if (queuedMs < 1) return;
      call.startMs += queuedMs;
      call.timeline.queuedMs = queuedMs;
    };
    let isNew = false;
    const open = async (): Promise<Connection> => {
      isNew = true;
      left();
      const connection = await this.#dial(call);
      call.timeline.dialledMs = this.#timers.now() - call.startMs;
      call.onDialled?.();
      return connection;
    };
    const connection = await this.#pool.acquire(route, {
      open,
      maxIdleMs,
      queueTimeoutMs,
      signal,
    });
    if (!isNew) left();
    return connection;
  }

  async #dial(call: Call): Promise<Connection> {
    const { route, request, signal } = call;
    const { connectTimeoutMs, attemptTimeoutMs } = call.limits;
    const { caCerts = [], clientCertificate } = this.#options;
    const progress = new DialProgress();
    const startMs = this.#timers.now();
    const isAttempt = call.attemptLeftMs < connectTimeoutMs;
    let socket: Deno.Conn;
    try {
      signal?.throwIfAborted();
      socket = await dial(route, progress, {
        timers: this.#timers,
        connectTimeoutMs: Math.min(connectTimeoutMs, call.attemptLeftMs),
        signal,
        caCerts,
        clientCertificate,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!progress.timedOut || !isAttempt) {
        throw dialFault(error, request, route, progress, connectTimeoutMs);
      }
      const { phase } = progress;
      throw waitFault(
        "attempt",
        attemptTimeoutMs,
        request,
        { phase },
        undefined,
      );
    } finally {
      call.attemptLeftMs -= this.#timers.now() - startMs;
    }
    return new Connection(socket, route, progress, {
      timers: this.#timers,
      forgotten: this.#forgotten,
      again: this.#again,
      refused: this.#refused,
      release: this.#pool.release,
      closed: this.#pool.closed,
      timedOut: this.#timedOut,
    });
  }

  readonly #timedOut = (route: Route, error: TimeoutError): void => {
    // What is idle may lead through the same hole as the silent one.
    this.#pool.drop(route);
    this.#options.logger?.debug("Idle connections dropped after a timeout", {
      origin: route.origin,
      limit: error.limit,
      limitMs: error.limitMs,
    });
  };
}

function checkTimes(times: Times): void {
  for (const [name, ms] of Object.entries(times)) checkLimit(name, ms);
}

/** An error of a time limit also tells how far the exchange came. */
function placed(error: unknown, { timeline }: Call): unknown {
  if (error instanceof TimeoutError && error.limit !== "queue") {
    error.place(timeline);
  }
  return error;
}

/** The same call, which does not ask whether the body is wanted. */
function unasking(call: Call, attemptLeftMs: number): Call {
  const { expect: _asked, ...headers } = call.request.headers;
  const request = { ...call.request, headers };
  return {
    ...call,
    request,
    head: headOf(request, call.route, false),
    expects: false,
    attemptLeftMs,
    timeline: {},
    opened: false,
  };
}

function refusedByProxy(
  response: HttpResponse,
  request: HttpRequest,
): never {
  response.body?.cancel().catch(() => {});
  throw proxyRefusal(request);
}

/** In a tunnel the platform presents none; the server would see nobody. */
function checkCertificate(
  { origin, tls, proxy }: Route,
  clientCertificate: ClientCertificate | undefined,
): void {
  if (clientCertificate === undefined || proxy === undefined || !tls) return;
  throw new ConfigError(
    "ContradictoryOptions",
    `Cannot send to ${origin} with a clientCertificate through ${proxy.words}: the platform cannot present a certificate through a proxy. Use a FetchTransport for that, or name the host in NO_PROXY`,
  );
}

/** Refuses proxies and certificates that cannot be used, when the transport is made. */
function checkWays(
  { proxy, caCerts = [], clientCertificate }: SocketTransportOptions,
): void {
  if (typeof proxy === "string") proxyRoute({ url: proxy }, false);
  else if (proxy !== undefined && proxy !== false) {
    throw new ConfigError(
      "InvalidProxiesConfigError",
      `Cannot make a SocketTransport: proxy must be a URL or false, found a ${typeof proxy}`,
    );
  }
  if (clientCertificate !== undefined && typeof proxy === "string") {
    throw new ConfigError(
      "ContradictoryOptions",
      "Cannot make a SocketTransport with both clientCertificate and proxy: the platform cannot present a certificate through a proxy. Use a FetchTransport for that",
    );
  }
  if (caCerts.every((pem) => /-----BEGIN CERTIFICATE-----/.test(pem))) return;
  throw new ConfigError(
    "InvalidCaBundle",
    "Cannot set up the transport as caCerts must hold certificates in PEM: one of them has no BEGIN CERTIFICATE line",
  );
}
