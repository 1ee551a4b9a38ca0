/**
 * What few transports need of connections: a limit to their number per host, first
 * come, first served, and the ways round a proxy. Loaded with the first need.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import type { SendOptions } from "../ports/http.ts";
import { queueTimeout } from "./request_url.ts";
import {
  addressOf,
  checkCount,
  checkLimit,
  isDeno,
  LONGEST_TIMER_MS,
  readable,
  type Timing,
} from "./runtime.ts";

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
        () =>
          waiter.refuse(
            queueTimeout(origin, {
              maxConnections: this.#options.maxConnections,
              queueTimeoutMs,
              waiting: line.waiters.size,
            }),
          ),
      );
    try {
      await promise;
    } finally {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    }
  }
}

/** How a client of Deno reaches its hosts. */
export type ProxyOption = Pick<Deno.CreateHttpClientOptions, "proxy">;

/** Hosts with a way of their own that are remembered; the oldest is dropped first. */
const DIRECT_HOSTS = 32;

/** Clients of Deno that go round the proxy. */
export class DirectClients {
  /** By origin; `""` for those that need no care. */
  readonly #clients = new Map<string, Deno.HttpClient>();
  readonly #create: (proxy: ProxyOption, isOnce: boolean) => Deno.HttpClient;

  /**
   * Starts without any.
   *
   * @param create Makes a client.
   */
  constructor(
    create: (proxy: ProxyOption, isOnce: boolean) => Deno.HttpClient,
  ) {
    this.#create = create;
  }

  /**
   * Deno follows the proxy of the environment in every client. Over http, a host
   * that is given as its own proxy is reached directly.
   */
  clientFor(
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
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = this.#create(isOwnProxy ? ownProxy(url) : {}, isOnce);
    this.#clients.set(key, client);
    if (this.#clients.size > DIRECT_HOSTS) this.#dropOldest();
    return client;
  }

  #dropOldest(): void {
    for (const [key, client] of this.#clients) {
      client.close();
      this.#clients.delete(key);
      return;
    }
  }

  /** Closes all. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

/**
 * Refuses a URL that a runtime other than Deno would send through a proxy.
 *
 * @throws {ConfigError} `"ProxyInTheWay"`
 */
export function refuseProxied(url: URL): void {
  if (isProxied(url)) throw proxyInTheWay(url);
}

function ownProxy(url: URL): ProxyOption {
  return { proxy: { transport: "tcp", ...addressOf(url) } };
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

/**
 * Whether the runtime sends a URL through a proxy that the environment names.
 * Asks for no permission.
 *
 * Source: `ext/fetch/proxy.rs` of Deno, which follows the rules of curl.
 *
 * @param url Where to.
 * @returns `undefined` where the variables may not be read.
 */
export function isProxied(url: URL): boolean | undefined {
  if (!isDeno()) return isProxiedElsewhere(url);
  const named = variablesFor(url).map((name) => variable(name));
  if (named.every((value) => value === "")) return false;
  const isNamed = named.some((value) => value !== "" && value !== undefined);
  const excepted = isNamed ? isExcepted(url) : undefined;
  return excepted === undefined ? undefined : !excepted;
}

/** The part of the global `process` of Bun and Node that is used. */
interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
}

/**
 * Bun follows the variables always, Node where it is told to. What counts as an
 * exception is less than there, so that nothing goes through a proxy unseen.
 */
function isProxiedElsewhere({ protocol, host, hostname }: URL): boolean {
  const { process } = globalThis as { readonly process?: ProcessFacts };
  if (process === undefined) return false;
  const { env, execArgv = [] } = process;
  const isTold = env["NODE_USE_ENV_PROXY"] === "1" ||
    [...execArgv, env["NODE_OPTIONS"] ?? ""].some((flags) =>
      flags.includes("--use-env-proxy")
    );
  if (!isTold && !("Bun" in globalThis)) return false;
  const own = protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const isNamed = [own, "ALL_PROXY"].some((name) =>
    env[name] || env[name.toLowerCase()]
  );
  const rules = (env["NO_PROXY"] ?? env["no_proxy"] ?? "").split(/[\s,]+/);
  return isNamed &&
    !rules.some((rule) =>
      rule === "*" || rule === hostname || rule === host ||
      rule.startsWith(".") && hostname.endsWith(rule)
    );
}

/**
 * The proxy that Deno sends a URL through, for errors: without the name and the
 * password that its URL may have.
 *
 * @param url Where to.
 * @param given The proxy that was given in code, if any.
 * @returns `undefined` where there is none, or none that is known of.
 */
export function proxyInWords(
  url: URL,
  given: string | undefined,
): string | undefined {
  const proxy = proxyFor(url, given);
  if (proxy === undefined) return undefined;
  const source = proxy.variable === undefined ? "" : ` (${proxy.variable})`;
  return `the proxy ${hostOf(proxy.url)}${source}`;
}

/** A proxy, and the variable that names it, if one does. */
export interface ProxySetting {
  /** Its URL, as it was written. */
  readonly url: string;
  /** Name of the variable. */
  readonly variable?: string;
}

/**
 * The proxy that Deno sends a URL through.
 *
 * @param url Where to.
 * @param given The proxy that was given in code, if any.
 * @returns `undefined` where there is none, or none that is known of.
 */
export function proxyFor(
  url: URL,
  given: string | undefined,
): ProxySetting | undefined {
  if (!isDeno()) return undefined;
  if (given !== undefined) return isExcepted(url) ? undefined : { url: given };
  if (!isProxied(url)) return undefined;
  for (const name of variablesFor(url)) {
    const value = variable(name);
    if (value) return { url: value, variable: name };
  }
  return undefined;
}

function hostOf(proxy: string): string {
  const url = URL.parse(
    /^[a-z\d]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`,
  );
  return url?.host || "of the settings";
}

function variablesFor({ protocol }: URL): readonly string[] {
  return [protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY", "ALL_PROXY"];
}

/** Whether `NO_PROXY` excepts a host; `undefined`: it may not be read. */
function isExcepted({ hostname }: URL): boolean | undefined {
  const rules = variable("NO_PROXY", false);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return rules?.split(",").some((rule) => covers(rule.trim(), host));
}

/**
 * Upper case first, as Deno reads them. `undefined`: may not be read.
 *
 * @param skipsEmpty Whether an empty one gives way to the one in lower case.
 */
function variable(name: string, skipsEmpty = true): string | undefined {
  if (!readable(name)) return undefined;
  const upper = Deno.env.get(name);
  if (upper !== undefined && !(skipsEmpty && upper === "")) return upper;
  const lower = name.toLowerCase();
  return readable(lower) ? Deno.env.get(lower) ?? "" : "";
}

/**
 * A rule is a domain with all below it, an address, or a network of IPv4. `*`
 * stands for all names, and for no address.
 */
function covers(rule: string, host: string): boolean {
  if (ipv4(host) !== undefined || host.includes(":")) {
    return host === rule || isInNetwork(host, rule);
  }
  const domain = rule.replace(/^\./, "");
  return rule === "*" || host === domain ||
    domain !== "" && host.endsWith(`.${domain}`);
}

function isInNetwork(host: string, rule: string): boolean {
  const [network = "", bits = ""] = rule.split("/");
  const address = ipv4(host);
  const start = ipv4(network);
  if (address === undefined || start === undefined) return false;
  if (!/^(?:\d|[12]\d|3[0-2])$/.test(bits)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(start / size);
}

function ipv4(text: string): number | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
