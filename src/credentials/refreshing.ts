/**
 * From a provider to credentials that are valid now.
 *
 * @module
 */
import {
  AwsError,
  ConfigError,
  CredentialsError,
  NoCredentialsError,
  withMessage,
} from "../foundation/errors.ts";
import type { Clock } from "../ports/system.ts";
import type {
  CredentialProvider,
  Credentials,
  CredentialSource,
} from "../ports/credentials.ts";
import type { Logger } from "../ports/telemetry.ts";
import { credentialsValue } from "./value.ts";

/** What refreshing needs of its surroundings. */
export interface RefreshDeps {
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Gets a message for each refresh, and for each that failed. */
  readonly logger: Logger;
}

/** When credentials are refreshed, in milliseconds before their end. */
interface RefreshWindows {
  /** From here on a refresh is tried; until it succeeds the old ones do. */
  readonly advisoryMs: number;
  /** From here on nobody goes on without a refresh. */
  readonly mandatoryMs: number;
}

/** For credentials that live for an hour or longer. */
const USUAL_WINDOWS: RefreshWindows = {
  advisoryMs: 15 * 60_000,
  mandatoryMs: 10 * 60_000,
};

/** For sessions of minutes. */
export const SESSION_WINDOWS: RefreshWindows = {
  advisoryMs: 45_000,
  mandatoryMs: 10_000,
};

/** Credentials that live for less than the windows are not asked for at every call. */
const PAUSE_MS = 60_000;

/**
 * Keeps the credentials of a provider and refreshes them before they end: from 15
 * minutes before, one call tries it and a failure is logged; from 10 minutes
 * before, all calls wait for it and a failure is theirs. However many calls wait,
 * the provider is asked once. Nothing happens between calls: there is no timer.
 *
 * Source: botocore, `RefreshableCredentials` and, for the windows of sessions,
 * `IdentityCache`; the pause of a minute between two
 * refreshes is ours.
 */
export class RefreshingCredentials implements CredentialSource {
  readonly #provider: CredentialProvider;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #windows: RefreshWindows;
  readonly #loading: SharedWork<Credentials>;
  #current: Credentials | undefined;
  #expiresMs = Infinity;
  #triedMs = -Infinity;

  /**
   * Makes a source that has asked for nothing yet.
   *
   * @param provider Where the credentials come from.
   * @param deps Time and messages.
   * @param windows When they are refreshed. Default: 15 and 10 minutes before
   * their end.
   */
  constructor(
    provider: CredentialProvider,
    { clock, logger }: RefreshDeps,
    windows = USUAL_WINDOWS,
  ) {
    this.#provider = provider;
    this.#clock = clock;
    this.#logger = logger;
    this.#windows = windows;
    this.#loading = new SharedWork((signal) => this.#load(signal));
  }

  async get(signal?: AbortSignal): Promise<Credentials> {
    const current = this.#current;
    if (current === undefined) return await this.#loading.join(signal);
    if (this.#expiresMs === Infinity) return current;

    const nowMs = this.#clock.now().getTime();
    const leftMs = this.#expiresMs - nowMs;
    if (leftMs >= this.#windows.advisoryMs) return current;
    const paused = leftMs >= 0 && nowMs - this.#triedMs < PAUSE_MS;
    if (leftMs < this.#windows.mandatoryMs) {
      return paused ? current : await this.#loading.join(signal);
    }
    if (paused || this.#loading.running) return current;
    return await this.#refreshEarly(current, signal);
  }

  invalidate(refused: Credentials): void {
    const current = this.#current;
    if (
      current?.accessKeyId === refused.accessKeyId &&
      current.sessionToken === refused.sessionToken
    ) {
      this.#current = undefined;
    }
  }

  async #refreshEarly(
    current: Credentials,
    signal: AbortSignal | undefined,
  ): Promise<Credentials> {
    try {
      return await this.#loading.join(signal);
    } catch (error) {
      signal?.throwIfAborted();
      this.#triedMs = this.#clock.now().getTime();
      this.#logger.warn(
        "Cannot refresh credentials yet; the present ones are used while they last",
        {
          provider: this.#provider.name,
          error: error instanceof Error ? error.name : typeof error,
          why: error instanceof AwsError ? error.message : undefined,
          endsAt: current.expiration?.toISOString(),
        },
      );
      return current;
    }
  }

  async #asked(signal: AbortSignal): Promise<Credentials> {
    const { name } = this.#provider;
    try {
      const loaded = await this.#provider.load(signal);
      if (loaded !== undefined) return loaded;
      throw new NoCredentialsError([{ name, verdict: "absent" }]);
    } catch (error) {
      throw this.#asRefresh(error);
    }
  }

  /** A source that had credentials before is not one that has none. */
  #asRefresh(error: unknown): unknown {
    const source = this.#current?.source ?? this.#provider.name;
    const end = this.#current?.expiration;
    const isOurs = error instanceof CredentialsError ||
      error instanceof ConfigError;
    if (end === undefined || !isOurs) return error;
    const until = this.#clock.now() < end
      ? `which are valid until ${end.toISOString()}`
      : `which ended at ${end.toISOString()}`;
    const start = `Cannot refresh the credentials of "${source}", ${until}`;
    if (!(error instanceof NoCredentialsError)) {
      withMessage(error, `${start}: ${error.message}`);
      return error;
    }
    const why = error.tried.map(({ verdict }) => verdict).join("; ")
      .replace(/^absent: /, "");
    return new CredentialsError(
      "CredentialRetrievalError",
      `${start}: ${why}`,
      { tried: error.tried, cause: error },
    );
  }

  async #load(signal: AbortSignal): Promise<Credentials> {
    const { name } = this.#provider;
    const loaded = await this.#asked(signal);
    const nowMs = this.#clock.now().getTime();
    const expiresMs = loaded.expiration?.getTime() ?? Infinity;
    if (expiresMs < nowMs) {
      throw new CredentialsError(
        "RefreshedCredentialsExpired",
        `Cannot use the credentials of "${loaded.source ?? name}": they were ` +
          `just loaded and ended at ${loaded.expiration?.toISOString()}; ` +
          "renew them at their source, or set the clock right",
        { tried: [{ name, verdict: "broken: expired" }] },
      );
    }
    this.#current = credentialsValue(loaded, name);
    this.#expiresMs = expiresMs;
    this.#triedMs = nowMs;
    this.#logger.debug("Credentials loaded", {
      provider: this.#current.source,
      endsAt: loaded.expiration?.toISOString(),
    });
    return this.#current;
  }
}

interface Refresh<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Work that is done once for all who ask for it while it runs. A caller that stops
 * waiting leaves it to the others; it ends when nobody waits any more.
 *
 * @typeParam T Type of the result.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #success: "asked again" | "kept";
  #run: Refresh<T> | undefined;

  /**
   * Starts nothing yet.
   *
   * @param work The work; its signal fires when nobody waits any more.
   * @param success Whether its result is kept for all who ask later. A failure
   * never is.
   */
  constructor(
    work: (signal: AbortSignal) => Promise<T>,
    success: "asked again" | "kept" = "asked again",
  ) {
    this.#work = work;
    this.#success = success;
  }

  /** Whether it is being done now. */
  get running(): boolean {
    return this.#run !== undefined;
  }

  /**
   * Waits for the result, and starts the work where it does not run.
   *
   * @param signal Ends this wait only, by throwing its reason.
   */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const run = this.#run ?? this.#start();
    run.waiting++;
    if (signal === undefined) return await run.result;

    const stopped = Promise.withResolvers<never>();
    const stop = (): void => {
      this.#leave(run, signal.reason);
      stopped.reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([run.result, stopped.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #start(): Refresh<T> {
    const controller = new AbortController();
    const result = this.#work(controller.signal);
    const run = { result, controller, waiting: 0 };
    const done = (): void => {
      if (this.#run === run) this.#run = undefined;
    };
    result.then(this.#success === "kept" ? () => {} : done, done);
    this.#run = run;
    return run;
  }

  #leave(run: Refresh<T>, reason: unknown): void {
    if (--run.waiting > 0 || this.#run !== run) return;
    // The next caller must not get work that was given up.
    this.#run = undefined;
    run.controller.abort(reason);
  }
}
