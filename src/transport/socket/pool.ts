/**
 * The connections of a transport: kept, counted, limited.
 *
 * @module
 */
import { queueTimeout } from "../request_url.ts";
import { LONGEST_TIMER_MS } from "../runtime.ts";
import type { Connection } from "./connection.ts";
import type { Route } from "./dial.ts";
import type { Deadline, Timers } from "./timers.ts";

/** Settings of a {@linkcode Pool}. */
export interface PoolLimits {
  /** Most connections to one host, idle ones among them. */
  readonly maxConnections: number;
  /** Most idle connections to one host. */
  readonly maxIdleConnections: number;
  /** How long a connection may idle, in milliseconds. */
  readonly idleMs: number;
}

/** Who waits for a connection. */
interface Waiter {
  /** A connection that became free, or the right to open one. */
  readonly enter: (connection: Connection | undefined) => void;
  readonly refuse: (reason: unknown) => void;
}

/** The connections to one host by one way. */
interface Line {
  readonly idle: Connection[];
  readonly waiters: Set<Waiter>;
  /** Those in use, being opened, and idle. */
  open: number;
}

/** What a request wants of a connection. */
export interface Wanted {
  /** Opens one. */
  readonly open: () => Promise<Connection>;
  /** Longest time since it was used, in milliseconds; 0: a new one. */
  readonly maxIdleMs: number;
  /** Longest wait for one, in milliseconds. */
  readonly queueTimeoutMs: number;
  /** Ends the wait early. */
  readonly signal: AbortSignal | undefined;
}

/** The connections to all hosts. */
export class Pool implements Deadline {
  dueMs = Infinity;
  readonly #limits: PoolLimits;
  readonly #timers: Timers;
  readonly #lines = new Map<string, Line>();
  readonly #replaced = new Set<Connection>();
  #closed: { readonly reason: unknown } | undefined;

  constructor(limits: PoolLimits, timers: Timers) {
    this.#limits = limits;
    this.#timers = timers;
    timers.add(this);
  }

  /** How many hosts have connections now; nothing is kept of the others. */
  get hosts(): number {
    return this.#lines.size;
  }

  /**
   * An idle connection, the one that was used last; it is still to be taken.
   *
   * @param maxIdleMs Longest time since it was used, in milliseconds.
   */
  take(
    { key }: Route,
    maxIdleMs: number,
    now: number,
  ): Connection | undefined {
    const line = this.#lines.get(key);
    if (line === undefined || line.idle.length === 0) return undefined;
    if (!this.#timers.isQuiet) this.#expire(line, now);
    const newest = line.idle.at(-1);
    // It may have been given back after `now`.
    const isUsed = newest === undefined ||
      Math.max(0, now - newest.idleSinceMs) >= maxIdleMs;
    return isUsed ? undefined : line.idle.pop();
  }

  /**
   * A connection: a new one, or one that becomes free.
   *
   * @throws {TimeoutError} If none becomes free in time.
   * @throws The signal's reason, if it is aborted.
   */
  async acquire(route: Route, wanted: Wanted): Promise<Connection> {
    if (this.#closed) throw this.#closed.reason;
    // It may have been aborted while an idle connection was looked at.
    wanted.signal?.throwIfAborted();
    const line = this.#lines.get(route.key) ??
      { idle: [], waiters: new Set(), open: 0 };
    this.#lines.set(route.key, line);
    if (line.open < this.#limits.maxConnections) line.open++;
    else if (line.idle.length > 0) {
      // One that may not be used gives way to a new one.
      this.#replace(line.idle.shift());
    } else {
      const free = await this.#wait(line, route, wanted);
      if (free !== undefined) {
        if (wanted.maxIdleMs > 0) return free;
        this.#replace(free);
      }
    }
    try {
      return await wanted.open();
    } catch (error) {
      this.#left(route.key, line);
      throw error;
    }
  }

  /** Takes a connection back. */
  readonly release = (connection: Connection, keep: boolean): void => {
    const line = this.#lines.get(connection.route.key);
    if (!keep || line === undefined || this.#closed) return connection.close();
    if (line.waiters.size > 0) {
      const [waiter] = line.waiters;
      // Nobody may have waited for its last body.
      connection.keepAlive(true);
      return waiter?.enter(connection);
    }
    const { idleMs, maxIdleConnections } = this.#limits;
    if (line.idle.length >= maxIdleConnections) return connection.close();
    line.idle.push(connection);
    connection.rest();
    const dueMs = connection.idleSinceMs + idleMs;
    if (dueMs < this.dueMs && this.#timers.isQuiet) {
      this.dueMs = dueMs;
      this.#timers.arm(dueMs);
    }
  };

  /** Closes a connection whose place another takes. */
  #replace(connection: Connection | undefined): void {
    if (connection === undefined) return;
    this.#replaced.add(connection);
    connection.close();
  }

  /** Notes that a connection is closed. */
  readonly closed = (connection: Connection): void => {
    if (this.#replaced.delete(connection)) return;
    const { key } = connection.route;
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const at = line.idle.indexOf(connection);
    if (at >= 0) line.idle.splice(at, 1);
    this.#left(key, line);
  };

  /** Closes the idle connections of a way. */
  drop({ key }: Route): void {
    for (const connection of [...this.#lines.get(key)?.idle ?? []]) {
      connection.close();
    }
  }

  /** Closes idle connections, and sends all away who wait, or come later. */
  close(reason: unknown): void {
    this.#closed = { reason };
    this.#timers.delete(this);
    for (const line of [...this.#lines.values()]) {
      for (const waiter of [...line.waiters]) waiter.refuse(reason);
      for (const connection of [...line.idle]) connection.close();
    }
  }

  readonly expire = (): void => {
    this.dueMs = Infinity;
    const now = this.#timers.now();
    for (const line of [...this.#lines.values()]) {
      this.#expire(line, now);
      const [oldest] = line.idle;
      if (oldest === undefined) continue;
      this.dueMs = Math.min(
        this.dueMs,
        oldest.idleSinceMs + this.#limits.idleMs,
      );
    }
    this.#timers.arm(this.dueMs);
  };

  #expire({ idle }: Line, now: number): void {
    for (const connection of [...idle]) {
      if (now - connection.idleSinceMs >= this.#limits.idleMs) {
        connection.close();
      }
    }
  }

  /** A place became free: for the request that has waited longest. */
  #left(key: string, line: Line): void {
    const [waiter] = line.waiters;
    if (waiter !== undefined) return waiter.enter(undefined);
    line.open--;
    if (line.open === 0 && this.#lines.get(key) === line) {
      this.#lines.delete(key);
    }
  }

  async #wait(
    line: Line,
    { origin }: Route,
    { queueTimeoutMs, signal }: Wanted,
  ): Promise<Connection | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<
      Connection | undefined
    >();
    const waiter: Waiter = {
      enter: (connection) => {
        line.waiters.delete(waiter);
        resolve(connection);
      },
      refuse: (reason) => {
        if (line.waiters.delete(waiter)) reject(reason);
      },
    };
    const abort = (): void => waiter.refuse(signal?.reason);
    line.waiters.add(waiter);
    signal?.addEventListener("abort", abort);
    const stop = this.#timers.after(
      queueTimeoutMs,
      () =>
        waiter.refuse(
          queueTimeout(origin, {
            maxConnections: this.#limits.maxConnections,
            queueTimeoutMs,
            waiting: line.waiters.size,
          }),
        ),
    );
    // A body that nobody reads does not keep the program alive; who waits does.
    const alive = setTimeout(() => {}, LONGEST_TIMER_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(alive);
      stop();
      signal?.removeEventListener("abort", abort);
    }
  }
}
