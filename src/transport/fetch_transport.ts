/**
 * The transport over the platform's `fetch`.
 *
 * @module
 */
import {
  AwsError,
  ConfigError,
  ProtocolError,
  type TimeLimit,
  TimeoutError,
  type TransportError,
} from "../foundation/errors.ts";
import {
  checkOptions,
  type OptionKinds,
  type OtherNames,
} from "../foundation/options.ts";
import type {
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { ConnectionQueue, QueueOptions } from "./connection_rules.ts";
import {
  ConnectionPool,
  ConnectProbe,
  type Dialer,
  type DialWatch,
  type FetchInit,
  IDLE_MS,
  POOL_OPTIONS,
  type PoolOptions,
} from "./connections.ts";
import {
  Exchanges,
  type InFlightRequest,
  LIMITS,
  type Uploads,
} from "./in_flight_request.ts";
import { describe, requestUrl } from "./request_url.ts";
import {
  checkCount,
  checkLimit,
  decompresses,
  dialTcp,
  isDeno,
  MACHINE_TIME,
  NetPermissions,
  proxyInEnvironment,
  timersOf,
  type Timing,
} from "./runtime.ts";

/** Settings of a {@linkcode FetchTransport}. All times are in milliseconds; `Infinity` means no limit. */
export interface FetchTransportOptions extends PoolOptions {
  /** Time, and timers. Default: the machine's. */
  readonly clock?: Timing;
  /** Where rare events are told. Default: nowhere. */
  readonly logger?: Logger;
  /** Longest time to reach a server. Default: 60 000. */
  readonly connectTimeoutMs?: number;
  /** Longest silence of a server that is waited for. Default: 60 000. */
  readonly readTimeoutMs?: number;
  /** Longest time that one attempt waits for the server. Default: no limit. */
  readonly attemptTimeoutMs?: number;
  /** Most exchanges with one host at a time. Default: no limit. */
  readonly maxConnections?: number;
  /** Longest wait for one of these. Default: 60 000. */
  readonly queueTimeoutMs?: number;
  /**
   * Opens connections for the connect limit. `false`: no such limit. Default:
   * Deno's; none on other runtimes, or where `fetch` is given.
   */
  readonly dialer?: Dialer | false;
}

const OPTIONS: OptionKinds<FetchTransportOptions> = {
  ...POOL_OPTIONS,
  clock: "object",
  logger: "object",
  connectTimeoutMs: "any",
  readTimeoutMs: "any",
  attemptTimeoutMs: "any",
  maxConnections: "any",
  queueTimeoutMs: "any",
  dialer: "any",
};

/** What boto3 and botocore call these settings. */
const OTHER_NAMES: OtherNames = new Map(Object.entries({
  connect_timeout: 'it is "connectTimeoutMs" here',
  read_timeout: 'it is "readTimeoutMs" here',
  max_pool_connections: 'it is "maxIdleConnections" here',
  maxPoolConnections: 'it is "maxIdleConnections" here',
  proxies: 'it is "proxy" here, one URL',
  verify: 'it is "caCerts" here, as PEM texts',
  totalTimeoutMs: "it is an option of the session, its clients and their calls",
  retry: "it is an option of the session and its clients",
}));

/** As in boto3. */
const CONNECT_TIMEOUT_MS = 60_000;

/** As long as a silent server would be waited for. */
const QUEUE_TIMEOUT_MS = 60_000;

/** Where the connect limit may be wrong because a proxy may be in the way. */
const PROXY_UNKNOWN =
  "; if a proxy is in use, this limit does not apply: allow --allow-env=HTTP_PROXY,HTTPS_PROXY,NO_PROXY so that it is seen, or set proxy: false to say that there is none";

/**
 * Sends over `fetch`: HTTP/1.1, connections kept, redirects not followed,
 * bodies never decompressed. It keeps all limits of one attempt, by itself.
 *
 * On another runtime than Deno it works with less: no connect limit, no say in
 * connections, proxy and certificates, and Node and browsers decompress bodies.
 *
 * @example Usage
 * ```ts ignore
 * using transport = new FetchTransport({ maxConnections: 20 });
 * const session = new Session({ transport });
 * ```
 */
export class FetchTransport implements Transport {
  /** The time limits that it keeps. */
  readonly limits: readonly TimeLimit[];
  readonly #pool: ConnectionPool;
  readonly #probe: ConnectProbe | undefined;
  readonly #queueing: QueueOptions | undefined;
  #queue: ConnectionQueue | undefined;
  readonly #timing: Timing;
  readonly #exchanges: Exchanges;
  readonly #connectTimeoutMs: number;
  readonly #logger: Logger | undefined;
  /** Absent where another `fetch` sends, whose permissions are not known. */
  readonly #permissions: NetPermissions | undefined;
  #closed = false;

  /**
   * Makes a transport; connections come with the first request.
   *
   * @param options What differs from the defaults.
   * @throws {ConfigError} If a setting makes no sense.
   */
  constructor(options: FetchTransportOptions = {}) {
    checkOptions("make a FetchTransport", options, OPTIONS, {
      others: OTHER_NAMES,
    });
    if (options.fetch !== undefined) refuseUnused(options);
    const {
      clock,
      logger,
      connectTimeoutMs = CONNECT_TIMEOUT_MS,
      maxConnections = Infinity,
      queueTimeoutMs = QUEUE_TIMEOUT_MS,
    } = options;
    checkLimit("connectTimeoutMs", connectTimeoutMs);
    if (!isDeno()) checkRuntime(options);
    const timing = clock ?? MACHINE_TIME;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#logger = logger;
    this.#pool = new ConnectionPool(options);
    this.#permissions = options.fetch ? undefined : new NetPermissions();
    const dialer = dialerOf(options);
    this.#probe = dialer && probeOf(dialer, options, timing);
    this.#timing = timing;
    if (maxConnections !== Infinity) {
      checkCount("maxConnections", maxConnections, 1);
      checkLimit("queueTimeoutMs", queueTimeoutMs);
      this.#queueing = { maxConnections, queueTimeoutMs };
    }
    this.#exchanges = new Exchanges(options, {
      timers: timersOf(clock),
      heedsSignal: options.fetch === undefined,
      watchesBytes: true,
      onEnd: ({ request, queuedMs }, error) => {
        if (error === undefined && this.#queueing === undefined) return;
        this.#ended(request.origin, queuedMs, error);
      },
    });
    this.limits = dialer === undefined
      ? [...LIMITS, "queue"]
      : [...LIMITS, "connect", "queue"];
  }

  send(
    request: HttpRequest,
    options: SendOptions = {},
  ): Promise<HttpResponse> {
    return this.#queueing === undefined &&
        this.#permissions?.granted.has(request.origin) !== false
      ? this.#exchange(request, options, 0)
      : this.#admitted(request, options);
  }

  /** Sends once the program may, and there is a place in the queue. */
  async #admitted(
    request: HttpRequest,
    options: SendOptions,
  ): Promise<HttpResponse> {
    const { mayPrompt = true } = options;
    const { origin } = request;
    const isAllowed = this.#permissions?.allows(origin, mayPrompt) ?? true;
    if (!isAllowed && !mayPrompt) {
      const { permissionMissing } = await import("./faults.ts");
      throw permissionMissing(request);
    }
    if (this.#queueing === undefined) {
      return await this.#exchange(request, options, 0);
    }
    const { ConnectionQueue } = await import("./connection_rules.ts");
    this.#queue ??= new ConnectionQueue(this.#queueing, this.#timing);
    const queuedMs = await this.#queue.enter(origin, options);
    return await this.#exchange(request, options, queuedMs);
  }

  /** One `fetch`, between our messages and the platform's. */
  async #exchange(
    request: HttpRequest,
    options: SendOptions,
    queuedMs: number,
  ): Promise<HttpResponse> {
    const { origin } = request;
    const {
      direct = false,
      connectTimeoutMs = this.#connectTimeoutMs,
      repeatable,
    } = options;
    const { body: content } = request;
    const loaded = content === undefined
      ? undefined
      : uploads ??= await import("./wire_body.ts");
    let exchange: InFlightRequest;
    try {
      exchange = this.#exchanges.begin(request, options, loaded);
    } catch (error) {
      this.#ended(origin, queuedMs, error);
      throw error;
    }
    exchange.queuedMs = queuedMs;
    let url: string | undefined;
    let watch: DialWatch | undefined;
    try {
      if (this.#closed) {
        throw new TypeError("Cannot send: the transport is closed");
      }
      url = requestUrl(request);
      watch = this.#probe?.watch(
        request,
        connectTimeoutMs,
        exchange,
        exchange.startedMs,
      );
      const sent = this.#pool.fetch(
        url,
        initOf(
          request,
          content && loaded?.fetchBody(exchange.upload ?? content),
          watch?.signal ?? exchange.signal,
        ),
        direct,
        repeatable !== true && isRepeated(request, repeatable),
      );
      // To begin to watch takes its time, which is not the server's.
      exchange.start(watch === undefined ? exchange.startedMs : undefined);
      const response = await exchange.wait(sent, dropLate);
      if (exchange.ended) {
        dropLate(response);
        throw exchange.signal.reason;
      }
      this.#probe?.reached(origin, exchange.heard());
      const { status, body } = response;
      if (status === 407 || status === 0) {
        throw await refusal(response, request);
      }
      const headers: Record<string, string> = {};
      // Several times faster than Object.fromEntries.
      response.headers.forEach((value, name) => {
        headers[name] = value;
      });
      return this.#exchanges.answer(
        exchange,
        status,
        headers,
        body,
        headers["content-encoding"] !== undefined && body !== null &&
          isDecoded(request, status, headers["content-encoding"], body),
      );
    } catch (error) {
      const { aborted, reason } = watch?.signal ?? exchange.signal;
      throw aborted || url === undefined
        ? exchange.fail(aborted ? reason : error)
        : await this.#failed(exchange, error, url, direct);
    } finally {
      watch?.[Symbol.dispose]();
    }
  }

  /** Ends an exchange whose `fetch` failed; returns what to throw. */
  async #failed(
    exchange: InFlightRequest,
    error: unknown,
    url: string,
    direct: boolean,
  ): Promise<unknown> {
    if (error instanceof AwsError) return exchange.fail(error);
    const { sendFault } = await import("./faults.ts");
    const proxy = await this.#pool.proxyOf(url, direct);
    return exchange.fail(sendFault(error, exchange.request, proxy));
  }

  /** Closes idle connections and sends all who wait for one away. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#pool[Symbol.dispose]();
    this.#queue?.close(new TypeError("Cannot send: the transport is closed"));
  }

  /** What is idle may lead through the same hole as a silent connection. */
  #ended(origin: string, queuedMs: number, error: unknown): void {
    this.#queue?.leave(origin);
    if (!(error instanceof TimeoutError)) return;
    if (queuedMs > 0) error.place({ queuedMs });
    this.#pool.renew();
    this.#probe?.lost(origin);
    this.#logger?.debug("Idle connections dropped after a timeout", {
      origin,
      limit: error.limit,
      limitMs: error.limitMs,
    });
  }
}

/** A `fetch` of the user's own decides about connections itself. */
function refuseUnused(options: FetchTransportOptions): void {
  const unused = ([
    "maxIdleConnections",
    "proxy",
    "caCerts",
    "clientCertificate",
  ] as const).find((name) =>
    // That there is no proxy is also told to the connect limit.
    options[name] !== undefined && options[name] !== false
  );
  if (unused === undefined) return;
  throw new ConfigError(
    "ContradictoryOptions",
    `Cannot make a FetchTransport with both fetch and ${unused}: the fetch that is given decides that itself; set it there`,
  );
}

function probeOf(
  dialer: Dialer,
  { proxy }: FetchTransportOptions,
  clock: Timing,
): ConnectProbe | undefined {
  // With a proxy it is the proxy that would have to be reached, and it is near.
  if (typeof proxy === "string") return undefined;
  const environment = proxy === false ? "absent" : proxyInEnvironment();
  if (environment === "present") return undefined;
  const remark = environment === "unreadable" ? PROXY_UNKNOWN : "";
  return new ConnectProbe({ dialer, clock, reachedForMs: IDLE_MS, remark });
}

function dialerOf(
  { dialer, fetch }: FetchTransportOptions,
): Dialer | undefined {
  if (dialer !== undefined) return dialer === false ? undefined : dialer;
  // Where another fetch leads to is not known.
  return fetch === undefined && isDeno() ? dialTcp : undefined;
}

/** What only Deno's `fetch` can do, and what helps elsewhere. */
const DENO_ONLY = {
  proxy: "run on Deno",
  caCerts:
    "run on Deno, or unset AWS_CA_BUNDLE and ca_bundle and name the file in NODE_EXTRA_CA_CERTS",
  clientCertificate: "run on Deno",
  connectTimeoutMs: "leave it out, or set attemptTimeoutMs",
} as const;

/** Refuses what would silently not be kept. */
function checkRuntime(options: FetchTransportOptions): void {
  const { proxy, caCerts = [], clientCertificate, dialer } = options;
  const { connectTimeoutMs = Infinity } = options;
  const isAsked: Readonly<Record<keyof typeof DENO_ONLY, boolean>> = {
    proxy: typeof proxy === "string",
    caCerts: caCerts.length > 0,
    clientCertificate: clientCertificate !== undefined,
    connectTimeoutMs: connectTimeoutMs !== Infinity && !dialer,
  };
  for (const [name, remedy] of Object.entries(DENO_ONLY)) {
    if (isAsked[name as keyof typeof DENO_ONLY]) {
      throw notOnThisRuntime(name, remedy);
    }
  }
}

/**
 * The error of an option that this runtime cannot keep.
 *
 * @param name Name of the option.
 * @param remedy What helps.
 */
export function notOnThisRuntime(name: string, remedy: string): ConfigError {
  return new ConfigError(
    "NotOnThisRuntime",
    `Cannot keep the option ${name}: not on this runtime, whose fetch has nothing like it; ${remedy}, or give the session a transport of your own`,
  );
}

/** What only requests with a body need; loaded with the first. */
let uploads: Uploads | undefined;

function initOf(
  { method, headers }: HttpRequest,
  body: ReturnType<Uploads["fetchBody"]> | undefined,
  signal: AbortSignal,
): FetchInit {
  const init: FetchInit = {
    method,
    // Or the platform unpacks bodies: then lengths, checksums and copies are wrong.
    headers: { ...headers, "accept-encoding": "identity" },
    redirect: "manual",
    signal,
  };
  if (body === undefined) return init;
  init.body = body;
  // "duplex" is what Node asks for; Deno's types do not know it.
  return Object.assign(init, { duplex: "half" });
}

/**
 * Whether the platform would send a request twice that may not be: it does so
 * with bytes, or none, where a kept connection breaks before the answer.
 */
function isRepeated(
  { method, body }: HttpRequest,
  repeatable = method === "GET" || method === "HEAD",
): boolean {
  return !repeatable &&
    (body === undefined || body.length === 0 || body instanceof Uint8Array);
}

/** A `fetch` that does not care for its signal may still answer. */
function dropLate({ body }: Response): void {
  body?.cancel().catch(() => {});
}

/** What an answer means that no server of ours has sent. */
async function refusal(
  { status, body }: Response,
  request: HttpRequest,
): Promise<TransportError> {
  body?.cancel().catch(() => {});
  const { hiddenRedirect, proxyRefusal } = await import("./faults.ts");
  return status === 407 ? proxyRefusal(request) : hiddenRedirect(request);
}

/** Whether the platform has decompressed a body, although it was told not to. */
function isDecoded(
  request: HttpRequest,
  status: number,
  encoding: string,
  body: ReadableStream<Uint8Array>,
): boolean {
  if (!decompresses(encoding)) return false;
  if (status !== 206 || request.method === "HEAD") return true;
  body.cancel().catch(() => {});
  throw new ProtocolError(
    `Cannot read the answer to ${
      describe(request)
    }: it is a part of a body with content-encoding "${encoding}", which this platform can only decompress whole; leave the range out, or use Deno or Bun`,
  );
}
