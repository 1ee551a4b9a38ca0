/**
 * What the runtime offers beside `fetch`: timers everywhere, the rest on Deno.
 *
 * @module
 */
import type { Clock } from "../ports/clock.ts";
import type { Address } from "./dials.ts";

/** What the transport needs of a clock. */
export type Timing = Pick<Clock, "now" | "timer">;

/** The machine's time, for a transport that is given no clock. */
export const MACHINE_TIME: Timing = {
  now: () => new Date(),
  timer(ms, fn): Disposable {
    const id = setTimeout(fn, ms);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  },
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
  const connection = await Deno.connect({ ...address, signal });
  connection.close();
}

function readable(variable: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted";
}
