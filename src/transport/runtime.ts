/**
 * What the runtime offers beside `fetch`, time and its limits; and what the
 * settings of a transport may be.
 *
 * @module
 */
import { startLimit } from "../foundation/deadline_timer.ts";
import { ConfigError, EndpointError } from "../foundation/errors.ts";
import type { Clock } from "../ports/system.ts";

/** Where to dial. */
export interface Address {
  /** Name or address of the host. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
}

/** What the transport needs of a clock. */
export type Timing = Pick<Clock, "now" | "timer">;

/** The machine's time, for a transport that is given no clock. */
export const MACHINE_TIME: Timing = {
  now: () => new Date(),
  timer: startLimit,
};

/** Where Deno finds a proxy by itself. */
const PROXY_VARIABLES = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
];

/** The ones whose absence must be known before nothing can be said of a proxy. */
const COMMON_PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY"];

/** Whether this is Deno. */
export function isDeno(): boolean {
  return "Deno" in globalThis;
}

/** The encodings that `fetch` undoes elsewhere than on Deno and Bun. */
const UNDONE = ["gzip", "x-gzip", "deflate", "br", "zstd"];

/**
 * Whether the platform decompresses a body, although it was told not to. An
 * encoding that it does not know leaves all of them in place.
 *
 * @param encoding Value of `content-encoding`.
 */
export function decompresses(encoding: string | undefined): boolean {
  if (encoding === undefined || isDeno() || "Bun" in globalThis) return false;
  return encoding.toLowerCase().split(",")
    .every((coding) => UNDONE.includes(coding.trim()));
}

/** What the environment says about proxies. Asks for no permission. */
export function proxyInEnvironment(): "absent" | "present" | "unreadable" {
  if (!isDeno()) return "absent";
  if (PROXY_VARIABLES.some((name) => readable(name) && Deno.env.get(name))) {
    return "present";
  }
  return COMMON_PROXY_VARIABLES.every(readable) ? "absent" : "unreadable";
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

/** Opens a TCP connection and closes it. */
export async function dialTcp(
  address: Address,
  signal: AbortSignal,
): Promise<void> {
  const { hostname, port } = address;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // A dial that asked on the terminal would ask beside the request.
  if (!mayConnect(`${host}:${port}`)) throw new Deno.errors.NotCapable();
  const connection = await Deno.connect({ ...address, signal });
  connection.close();
}

function readable(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted";
}

function mayConnect(host: string): boolean {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** The hosts that this program may connect to; each is asked about once. */
export class NetPermissions {
  /** Those of which it is known, by origin. */
  readonly granted = new Set<string>();

  /**
   * Whether a host is allowed. Where the program's user can be asked, as the
   * platform asks before any connection, that is done now: before a time limit
   * runs, and once for all requests to the host.
   *
   * @param origin The host's origin.
   * @param mayPrompt Whether the user may be asked.
   * @throws {EndpointError} If no permission can be for a host of this name.
   */
  allows(origin: string, mayPrompt: boolean): boolean {
    if (this.granted.has(origin)) return true;
    if (!isDeno()) {
      this.granted.add(origin);
      return true;
    }
    const url = URL.parse(origin);
    // What cannot be sent is refused with a better reason than this one.
    if (url === null || url.hostname === "") return true;
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const net = { name: "net", host: `${url.hostname}:${port}` } as const;
    let isGranted;
    try {
      isGranted = mayConnect(net.host) ||
        mayPrompt && Deno.permissions.requestSync(net).state === "granted";
    } catch (cause) {
      throw new EndpointError(
        `Cannot send to "${url.hostname}": it cannot be the name of a host. Letters, digits, "-", "_" and single dots can; it comes from endpointUrl, or from the bucket before it`,
        { cause },
      );
    }
    if (isGranted) this.granted.add(origin);
    return isGranted;
  }
}

/** Timers of the platforms count in 31 bits; more is no limit. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks a time limit.
 *
 * @param name Name of the setting.
 * @param ms Its value.
 * @throws {ConfigError} If it is not more than 0.
 */
export function checkLimit(name: string, ms: number): void {
  if (ms > 0) return;
  throw new ConfigError(
    "InvalidTimeLimit",
    `Cannot set up the transport as ${name} must be a number of milliseconds > 0, or Infinity for no limit: current value is ${ms}`,
  );
}

/**
 * Checks a number of connections.
 *
 * @param name Name of the setting.
 * @param count Its value.
 * @param least The smallest that makes sense.
 * @throws {ConfigError} If it is not a whole number of at least `least`.
 */
export function checkCount(name: string, count: number, least: number): void {
  if (count === Infinity) return;
  if (Number.isInteger(count) && count >= least) return;
  throw new ConfigError(
    "InvalidConnectionCount",
    `Cannot set up the transport as ${name} must be a whole number >= ${least}: current value is ${count}`,
  );
}
