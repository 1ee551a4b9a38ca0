/**
 * The connect limit, which `fetch` does not have.
 *
 * @module
 */
import { TimeoutError } from "../foundation/errors.ts";
import type { HttpRequest, SendOptions } from "../ports/http.ts";
import { describe } from "./request_url.ts";
import type { Address, Timing } from "./runtime.ts";

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
