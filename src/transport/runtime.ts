/**
 * What the runtime offers beside `fetch`, time and its limits; and what the
 * settings of a transport may be.
 *
 * @module
 */
import {
  type Deadline,
  startDeadline,
  startLimit,
  stopDeadline,
} from "../foundation/deadline_timer.ts";
import { ConfigError, EndpointError } from "../foundation/errors.ts";
import type { Clock } from "../ports/system.ts";

/** Where to dial. */
export interface Address {
  /** Name or address of the host. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
}

/** Where the server of a URL listens. */
export function addressOf({ protocol, hostname, port }: URL): Address {
  return {
    // Without the brackets of an IPv6 address.
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}

/** What the transport needs of a clock. */
export type Timing = Pick<Clock, "now" | "timer">;

/** The machine's time, for a transport that is given no clock. */
export const MACHINE_TIME: Timing = {
  now: () => new Date(),
  timer: startLimit,
};

/** What ends deadlines in time. */
export interface Timers {
  /** The time in milliseconds, from a beginning of its own. */
  now(): number;
  /** Calls `expire` once when the time of a deadline has come. */
  start(deadline: Deadline): void;
  /** Does so no more. */
  stop(deadline: Deadline): void;
}

/** The machine's time, and one timer of the platform for all deadlines. */
const MACHINE_TIMERS: Timers = {
  now: performance.now.bind(performance),
  start: startDeadline,
  stop: stopDeadline,
};

/**
 * What ends deadlines in time.
 *
 * @param clock Time; without one, the machine's.
 */
export function timersOf(clock: Timing | undefined): Timers {
  return clock === undefined ? MACHINE_TIMERS : new ClockTimers(clock);
}

/** A clock of its own has a timer for each deadline. */
class ClockTimers implements Timers {
  readonly #clock: Timing;
  readonly #timers = new Map<Deadline, Disposable>();

  constructor(clock: Timing) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now().getTime();
  }

  start(deadline: Deadline): void {
    this.stop(deadline);
    const ms = deadline.dueMs - this.now();
    if (ms > LONGEST_TIMER_MS) return;
    const timer = this.#clock.timer(ms, () => {
      this.#timers.delete(deadline);
      deadline.expire();
    });
    this.#timers.set(deadline, timer);
  }

  stop(deadline: Deadline): void {
    this.#timers.get(deadline)?.[Symbol.dispose]();
    this.#timers.delete(deadline);
  }
}

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

/** Whether a variable may be read. Asks for no permission. */
export function readable(variable: string): boolean {
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
