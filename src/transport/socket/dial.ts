/**
 * From the origin of a request to an open connection: addresses, proxies, TLS.
 *
 * @module
 */
import { ConfigError } from "../../foundation/errors.ts";
import type { TransportPhase } from "../../foundation/errors.ts";
import type { ClientCertificate } from "../connections.ts";
import { proxyFor, type ProxySetting } from "../connection_rules.ts";
import { ResponseReader } from "./http1.ts";
import { UnsendableRequest, writeHead, writeLatin1 } from "./request_head.ts";
import type { Deadline, Timers } from "./timers.ts";

/** A proxy on the way to a server. */
export interface ProxyRoute {
  /** Name or address of its host. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Whether it speaks TLS. */
  readonly tls: boolean;
  /** Value of `proxy-authorization`, if it has a name and a password. */
  readonly authorization: string | undefined;
  /** What it is called in errors. */
  readonly words: string;
}

/** The way to a server. Requests on equal ways may share connections. */
export interface Route {
  /** Scheme, host and port of the server. */
  readonly origin: string;
  /** Names the way. */
  readonly key: string;
  /** Name or address of the server, an IPv6 address without brackets. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Whether it speaks TLS. */
  readonly tls: boolean;
  /** Value of `host`. */
  readonly host: string;
  /** The proxy in between, if there is one. */
  readonly proxy: ProxyRoute | undefined;
}

/**
 * The way to the server of an origin.
 *
 * @param proxy The proxy that was given in code; `false`: none at all.
 * @throws {UnsendableRequest} If it is no origin.
 * @throws {ConfigError} If the proxy is of a kind that is not supported.
 */
export function routeTo(
  origin: string,
  proxy: string | false | undefined,
): Route {
  const url = URL.parse(origin);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UnsendableRequest(
      'its origin must be "http://" or "https://" and a host',
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UnsendableRequest("its origin holds a name or a password");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new UnsendableRequest("its origin holds more than a host and a port");
  }
  const tls = url.protocol === "https:";
  const setting = proxy === false ? undefined : proxyFor(url, proxy);
  const through = setting && proxyRoute(setting, tls);
  const key = through === undefined
    ? url.origin
    : `${url.origin} by ${through.tls ? "https" : "http"}://${
      bracketed(through.hostname)
    }:${through.port} ${through.authorization ?? ""}`;
  return {
    // Not as it was written: a proxy is told it with the path behind it.
    origin: url.origin,
    key,
    ...addressOf(url),
    tls,
    host: url.host,
    proxy: through,
  };
}

function addressOf(
  { protocol, hostname, port }: URL,
): { readonly hostname: string; readonly port: number } {
  return {
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}

/**
 * A proxy by its setting.
 *
 * @throws {ConfigError} If it is of a kind that is not supported.
 */
export function proxyRoute(
  { url: text, variable }: ProxySetting,
  tls: boolean,
): ProxyRoute {
  const source = variable ?? "proxy";
  // Variables often leave the scheme out.
  const hasScheme = variable === undefined || /^[a-z\d]+:\/\//i.test(text);
  const url = URL.parse(hasScheme ? text : `http://${text}`);
  const isSecure = url?.protocol === "https:";
  if (
    url === null || !isSecure && url.protocol !== "http:" || isSecure && tls
  ) {
    throw new ConfigError(
      "InvalidProxiesConfigError",
      `Cannot set up the socket transport as ${source} must be a URL like "http://proxy.example:3128"${
        isSecure
          ? ", as a server with https cannot be reached through a proxy with https"
          : ""
      }. The fetch transport also takes "https://" and "socks5://"`,
    );
  }
  const { username, password, host } = url;
  const name = `${percentDecoded(username)}:${percentDecoded(password)}`;
  const authorization = username === "" && password === ""
    ? undefined
    : `Basic ${btoa(name)}`;
  return {
    ...addressOf(url),
    tls: isSecure,
    authorization,
    words: `the proxy ${host}${variable === undefined ? "" : ` (${variable})`}`,
  };
}

/**
 * The bytes that a part of a URL stands for, a character for each. A "%" that
 * begins no escape stands for itself, as in a password.
 */
function percentDecoded(text: string): string {
  return text.replace(
    /%([\da-f]{2})/gi,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
}

/** The name or address of a host as it stands in a URL. */
export function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** How names become addresses, and addresses connections. */
export interface Network {
  /** Opens a connection; several addresses of a name are tried as RFC 8305 says. */
  readonly connect: (
    options: Deno.ConnectOptions,
  ) => Promise<Deno.TcpConn>;
  /** The addresses of a name. */
  readonly lookUp: (hostname: string) => Promise<readonly string[]>;
}

/** That of the platform, which tries the addresses itself and tells none of them. */
const PLATFORM: Network = {
  connect: (options) => Deno.connect(options),
  lookUp: async (hostname) => {
    // The platform would ask on the terminal for the host without its port.
    const { state } = Deno.permissions.querySync({
      name: "net",
      host: bracketed(hostname),
    });
    if (state !== "granted") throw new Deno.errors.NotCapable();
    // Bundlers for browsers refuse an import of it.
    const { process }: { readonly process?: NodeProcess } = globalThis;
    return await new Promise((resolve, reject) => {
      if (process === undefined) throw new Deno.errors.NotSupported();
      process.getBuiltinModule("node:dns").lookup(
        hostname,
        { all: true },
        (error, found) => {
          if (error !== null) reject(error);
          else resolve(found.map(({ address }) => address));
        },
      );
    });
  },
};

interface NodeProcess {
  readonly getBuiltinModule: (name: "node:dns") => {
    readonly lookup: (
      hostname: string,
      options: { readonly all: true },
      done: (
        error: Error | null,
        found: readonly { readonly address: string }[],
      ) => void,
    ) => void;
  };
}

/** What a {@linkcode dial} is given. */
export interface DialOptions {
  /** Where it leads to. Default: that of the platform. */
  readonly network?: Network;
  /** Time. */
  readonly timers: Timers;
  /** Longest time for all of it, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal | undefined;
  /** Certificates of further authorities, in PEM. */
  readonly caCerts: readonly string[];
  /** What this program proves itself with to the server. */
  readonly clientCertificate: ClientCertificate | undefined;
}

/** How far a dial came. */
export class DialProgress {
  /** What was being done. */
  phase: TransportPhase = "dns";
  /** Whether the time limit passed. */
  timedOut = false;
  /** What was opened, also after its end: its addresses are told in errors. */
  connection: Deno.Conn | undefined;
  /** The addresses of the name, where a dial failed for all of several. */
  tried: readonly string[] = [];

  /** Address and port on this machine. */
  get local(): string | undefined {
    return addressText(this.connection?.localAddr);
  }

  /** Address and port of the server or the proxy. */
  get remote(): string | undefined {
    return addressText(this.connection?.remoteAddr);
  }
}

/** A proxy that made no connection to the server. */
export class TunnelRefused extends Error {
  /** What it answered; 0: nothing. */
  readonly status: number;

  constructor(status: number) {
    super(`unsuccessful tunnel: status ${status}`);
    this.status = status;
  }
}

/**
 * Opens a connection. Several addresses are tried as RFC 8305 says, by the
 * platform; a failure of all is told with all of them.
 *
 * @throws What the platform throws, {@linkcode TunnelRefused}, or
 * `MalformedResponse` for what a proxy says.
 */
export async function dial(
  route: Route,
  progress: DialProgress,
  options: DialOptions,
): Promise<Deno.Conn> {
  const { timers, connectTimeoutMs, signal } = options;
  const ends = new AbortController();
  let open: Deno.Conn | undefined;
  const stop = (): void => {
    ends.abort();
    // A handshake ends with its connection.
    if (open !== undefined) closeQuietly(open);
  };
  const stopTimer = timers.after(connectTimeoutMs, () => {
    progress.timedOut = true;
    stop();
  });
  signal?.addEventListener("abort", stop);
  try {
    const { connect } = options.network ?? PLATFORM;
    const { hostname, port } = route.proxy ?? route;
    if (isAddress(hostname)) progress.phase = "connect";
    const own = route.tls ? options.clientCertificate : undefined;
    const opening: Promise<Deno.TcpConn | Deno.TlsConn> = own === undefined
      ? connect({ hostname, port, signal: ends.signal })
      : orClosed(
        Deno.connectTls({ hostname, port, ...tlsOptions(options), ...own }),
        ends.signal,
      );
    const connection = await named(
      opening,
      hostname,
      progress,
      options,
      ends.signal,
    );
    open = connection;
    if ("handshake" in connection) progress.phase = "tls";
    else {
      connection.setNoDelay(true);
      if (route.proxy?.tls) {
        open = await startTls(connection, hostname, progress, options);
      } else if (route.tls) {
        if (route.proxy) await tunnel(connection, route, route.proxy);
        open = await startTls(
          connection,
          route.hostname,
          progress,
          options,
        );
      }
    }
    // Closing the connection ends a handshake that stalls.
    if (isTls(open)) await open.handshake();
    ends.signal.throwIfAborted();
    return open;
  } catch (error) {
    if (open !== undefined) closeQuietly(open);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    stopTimer();
  }
}

function isTls(connection: Deno.Conn): connection is Deno.TlsConn {
  return "handshake" in connection;
}

/** Waits for a connection; tells from now on what its name and address did. */
async function named<T extends Deno.Conn>(
  opening: Promise<T>,
  hostname: string,
  progress: DialProgress,
  options: DialOptions,
  signal: AbortSignal,
): Promise<T> {
  const watch = new NameWatch(hostname, progress, options);
  try {
    const connection = await opening;
    progress.phase = "connect";
    progress.connection = connection;
    return connection;
  } catch (error) {
    if (isNameFault(error)) throw error;
    if (!progress.timedOut) {
      progress.phase = "connect";
      if (!signal.aborted) await watch.lookUp(signal);
    }
    const { addresses } = watch;
    if (addresses.length > 1) progress.tried = addresses;
    throw error;
  } finally {
    watch[Symbol.dispose]();
  }
}

/** The platform cannot end this one early: one that comes too late is closed. */
function orClosed<T extends Deno.Conn>(
  opening: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    opening.then((connection) => {
      if (signal.aborted) closeQuietly(connection);
      else resolve(connection);
    }, reject);
  });
}

function tlsOptions(
  { caCerts }: DialOptions,
): { caCerts: string[]; alpnProtocols: string[] } {
  return { caCerts: [...caCerts], alpnProtocols: ["http/1.1"] };
}

async function startTls(
  tcp: Deno.TcpConn,
  hostname: string,
  progress: DialProgress,
  options: DialOptions,
): Promise<Deno.TlsConn> {
  progress.phase = "tls";
  return await Deno.startTls(tcp, { hostname, ...tlsOptions(options) });
}

/** Asks a proxy for a connection to the server. */
async function tunnel(
  tcp: Deno.TcpConn,
  { hostname, port }: Route,
  { authorization }: ProxyRoute,
): Promise<void> {
  const target = `${bracketed(hostname)}:${port}`;
  const text = writeHead({
    method: "CONNECT",
    target,
    host: target,
    headers: authorization === undefined
      ? {}
      : { "proxy-authorization": authorization },
    ours: {},
    length: -1,
  });
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes);
  await writeAll(tcp, bytes);
  const reader = new ResponseReader();
  reader.begin("CONNECT");
  for (;;) {
    const head = reader.head();
    if (head === undefined) {
      const count = await tcp.read(reader.room());
      if (count === null) throw new TunnelRefused(0);
      reader.filled(count);
    } else if (head.status >= 200) {
      // A server that speaks before it is spoken to is none of ours.
      if (head.status < 300 && reader.buffered === 0) return;
      throw new TunnelRefused(head.status);
    }
  }
}

/** Writes all bytes. */
export async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    rest = rest.subarray(await connection.write(rest));
  }
}

/** Closes what may be closed already. */
export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was: by the platform, with a handshake that failed.
  }
}

function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}

/** Whether it is the name of the host that failed. */
function isNameFault(error: unknown): boolean {
  return error instanceof Error &&
    /failed to lookup address/.test(error.message);
}

function addressText(address: Deno.Addr | undefined): string | undefined {
  if (address?.transport !== "tcp") return undefined;
  const { hostname, port } = address;
  return `${bracketed(hostname)}:${port}`;
}

/**
 * Finds out whether it is the name or the address that takes long, which the
 * platform does not tell: at half the time limit the name is looked up beside it.
 */
class NameWatch implements Disposable, Deadline {
  dueMs: number;
  /** What the name stands for, where it was looked up. */
  addresses: readonly string[] = [];
  readonly #hostname: string;
  readonly #progress: DialProgress;
  readonly #network: Network;
  readonly #timers: Timers;
  #done = false;

  constructor(
    hostname: string,
    progress: DialProgress,
    { connectTimeoutMs, timers, network = PLATFORM }: DialOptions,
  ) {
    this.#hostname = hostname;
    this.#progress = progress;
    this.#network = network;
    this.#timers = timers;
    this.dueMs = isAddress(hostname)
      ? Infinity
      : timers.now() + connectTimeoutMs / 2;
    timers.add(this);
    timers.arm(this.dueMs);
  }

  readonly expire = (): void => {
    this.dueMs = Infinity;
    this.#network.lookUp(this.#hostname).then((found) => {
      this.addresses = found;
      if (!this.#done) this.#progress.phase = "connect";
    }, () => {});
  };

  /** Looks the name up for an error, as long as there is time. */
  async lookUp(signal: AbortSignal): Promise<void> {
    if (isAddress(this.#hostname) || this.addresses.length > 0) return;
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const stop = (): void => resolve([]);
    signal.addEventListener("abort", stop);
    this.#network.lookUp(this.#hostname).then(resolve, stop);
    this.addresses = await promise;
    signal.removeEventListener("abort", stop);
  }

  [Symbol.dispose](): void {
    this.#done = true;
    this.#timers.delete(this);
  }
}
