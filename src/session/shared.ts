/**
 * What all clients of a session share, made when it is first needed: files, identity,
 * and one transport for all that want the same connections.
 *
 * @module
 */
import {
  chooseProfile,
  type ChosenProfile,
  loadProfiles,
} from "../config/profiles.ts";
import type { SettingSources } from "../config/settings.ts";
import type { MfaCode } from "../credentials/assume_role.ts";
import { explicitCredentials } from "../credentials/explicit.ts";
import { ConfigError, type TimeLimit } from "../foundation/errors.ts";
import { SinkLogger } from "../foundation/log.ts";
import type { ClientCore } from "../ports/caller.ts";
import type {
  ClientConfig,
  CredentialsInput,
  ProfileSet,
} from "../ports/config.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type {
  HttpRequest,
  HttpResponse,
  SendOptions,
  Transport,
} from "../ports/http.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Clock, System, WritableFiles } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  platformSystem,
  SystemClock,
  terminalMfaCode,
} from "../system/platform.ts";
import { withDeadlines } from "../transport/in_flight_request.ts";
import {
  FetchTransport,
  type FetchTransportOptions,
} from "../transport/fetch_transport.ts";
import type { SocketTransportOptions } from "../transport/socket/socket_transport.ts";
import type { SessionOptions, TransportName } from "./options.ts";
import type { StsPorts } from "./sts.ts";

/** Makes the core of a client, on what a session shares. */
export type CoreOf = (
  shared: Shared,
  service: ServiceDefinition,
  config: ClientConfig,
  identity?: CredentialSource | null,
  purpose?: SendOptions["purpose"],
) => ClientCore;

/** What the config files say, and which profile of them counts. */
interface Setup {
  /** Both files. */
  readonly profiles: ProfileSet;
  /** The profile that counts. */
  readonly profile: ChosenProfile;
}

/** The system, files, identity and connections of one session. */
export class Shared implements Disposable {
  readonly options: SessionOptions;
  readonly system: System & WritableFiles;
  readonly clock: Clock;
  readonly random: () => number;
  readonly uuid: () => string;
  readonly logger: Logger;
  /** Regions that calls found things in, by service and place, then by name. */
  readonly regions = new Map<string, Map<string, string>>();
  /** Whether it was told that the region is a default nobody could look behind. */
  toldOfRegion = false;

  readonly #coreOf: CoreOf;
  #sts: StsPorts | undefined;
  #closed = false;
  #transports: TransportPool | undefined;
  #setup: Promise<Setup> | undefined;
  #identity: Promise<CredentialSource | undefined> | undefined;

  /**
   * Opens nothing yet.
   *
   * @param options The session's options.
   * @param coreOf Makes the clients that its credential chain reaches STS with.
   */
  constructor(options: SessionOptions, coreOf: CoreOf) {
    this.options = options;
    this.system = options.system ?? platformSystem();
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? Math.random;
    this.uuid = options.uuid ?? (() => crypto.randomUUID());
    this.logger = options.logger ?? new SinkLogger("inia");
    this.#coreOf = coreOf;
  }

  /** How the credential chain reaches STS. */
  async sts(): Promise<StsPorts> {
    const { stsPorts } = await import("./sts.ts");
    return this.#sts ??= stsPorts((service, identity, purpose) =>
      this.#coreOf(this, service, {}, identity, purpose)
    );
  }

  /** Whether it was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Reads the files, once; a failure is tried again by the next call. */
  setup(): Promise<Setup> {
    return this.#setup ??= this.reread();
  }

  /** Reads the files again. */
  async reread(): Promise<Setup> {
    const { system, options } = this;
    try {
      const profiles = await loadProfiles(system);
      const profile = chooseProfile(profiles, system, options.profile);
      const setup = { profiles, profile };
      this.#setup = Promise.resolve(setup);
      return setup;
    } catch (error) {
      this.#setup = undefined;
      throw error;
    }
  }

  /** The session's identity; `undefined` where it is anonymous. */
  identity(): Promise<CredentialSource | undefined> {
    return this.#identity ??= this.#find();
  }

  /**
   * Where the settings of a client can be set.
   *
   * @param config The client's own options.
   * @param overrides What one call says instead.
   */
  async sources(
    config: ClientConfig = {},
    overrides: ClientConfig = {},
  ): Promise<SettingSources> {
    const { profile } = await this.setup();
    return {
      explicit: [
        { owner: "call", options: { ...overrides } },
        { owner: "client", options: { ...config } },
        { owner: "session", options: { ...this.options } },
      ],
      system: this.system,
      profile,
      brief: true,
    };
  }

  /** What asks for codes of MFA devices; absent where there is nobody to ask. */
  get mfaCode(): MfaCode | undefined {
    return this.options.mfaCode ?? terminalMfaCode();
  }

  /**
   * The session's transports.
   *
   * @throws {ConfigError} `"SessionClosed"` if it was disposed of.
   */
  transports(): TransportPool {
    if (this.#closed) {
      throw new ConfigError(
        "SessionClosed",
        "Cannot call: the session is closed; keep it open until the last call has ended",
      );
    }
    this.#transports ??= new TransportPool(
      this.options.transport,
      this.clock,
      this.logger.child("transport"),
    );
    return this.#transports;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#transports?.[Symbol.dispose]();
  }

  async #find(): Promise<CredentialSource | undefined> {
    const { credentials } = this.options;
    try {
      if (credentials !== undefined) return await this.explicit(credentials);
      const { discoveredChain } = await import("./discovery.ts");
      return await this.explicit(await discoveredChain(this));
    } catch (error) {
      // The next call tries again.
      this.#identity = undefined;
      throw error;
    }
  }

  /**
   * The source of credentials that are given in code, kept to the account that
   * the session expects.
   *
   * @param input What is given.
   * @returns The source; `undefined`: requests are not signed.
   */
  async explicit(
    input: CredentialsInput,
  ): Promise<CredentialSource | undefined> {
    const { clock, logger, options: { expectedAccount } } = this;
    const source = await explicitCredentials(input, {
      clock,
      logger: logger.child("credentials"),
    });
    if (source === undefined || expectedAccount === undefined) return source;
    const { ExpectedAccount } = await import("./sts.ts");
    const { credentialsCore } = await this.sts();
    return new ExpectedAccount(source, expectedAccount, credentialsCore);
  }
}

/** What distinguishes one client's connections from another's. */
export type Connections = Pick<
  FetchTransportOptions,
  | "caCerts"
  | "maxConnections"
  | "maxIdleConnections"
  | "proxy"
  | "queueTimeoutMs"
>;

/** The transports that one client uses. */
export class TransportLease implements Disposable {
  #pool: TransportPool | undefined;
  #closed = false;

  /** Whether the client was disposed of. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Returns the transport for some connections, and keeps it open.
   *
   * @param pool The session's transports.
   * @param connections What they are like.
   * @throws {ConfigError} `"ClientClosed"` if the client was disposed of.
   */
  take(pool: TransportPool, connections: Connections): Transport {
    if (this.#closed) this.check();
    this.#pool = pool;
    return pool.get(connections, this);
  }

  /** @throws {ConfigError} `"ClientClosed"` if the client was disposed of. */
  check(): void {
    if (!this.#closed) return;
    throw new ConfigError(
      "ClientClosed",
      "Cannot call: the client is closed; keep it open until the last call has ended",
    );
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#pool?.release(this);
  }
}

/** The transport over sockets, loaded by those who use it. */
class LazySocketTransport implements Transport {
  readonly limits: readonly TimeLimit[] = [
    "attempt",
    "connect",
    "queue",
    "read",
  ];
  readonly #options: SocketTransportOptions;
  #transport: Transport | undefined;
  #loading: Promise<Transport> | undefined;
  #isClosed = false;

  constructor(options: SocketTransportOptions) {
    this.#options = options;
  }

  send(request: HttpRequest, options?: SendOptions): Promise<HttpResponse> {
    return this.#transport === undefined
      ? this.#loadAndSend(request, options)
      : this.#transport.send(request, options);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#transport?.[Symbol.dispose]();
  }

  async #loadAndSend(
    request: HttpRequest,
    options?: SendOptions,
  ): Promise<HttpResponse> {
    const transport = await (this.#loading ??= this.#load());
    return await transport.send(request, options);
  }

  async #load(): Promise<Transport> {
    const { SocketTransport } = await import(
      "../transport/socket/socket_transport.ts"
    );
    const transport = new SocketTransport(this.#options);
    if (this.#isClosed) transport[Symbol.dispose]();
    this.#transport = transport;
    return transport;
  }
}

/** A transport, and who uses it. */
interface PooledTransport {
  /** Its settings, as text, but for the certificates: they may be long. */
  readonly settings: string;
  readonly caCerts: readonly string[];
  readonly transport: Transport;
  readonly users: Set<TransportLease>;
  /** Whether the session itself uses it, which ends with the session. */
  kept: boolean;
}

/** Makes transports when they are first asked for, and closes them. */
export class TransportPool implements Disposable {
  readonly #given: Transport | undefined;
  readonly #name: TransportName;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #made = new Set<PooledTransport>();

  /**
   * Makes a pool without transports.
   *
   * @param given Which of the library's transports is used, or the user's own,
   * which replaces them and stays the user's to close.
   * @param clock Time.
   * @param logger Where transports tell rare events.
   */
  constructor(
    given: Transport | TransportName | undefined,
    clock: Clock,
    logger: Logger,
  ) {
    this.#name = typeof given === "string" ? given : "fetch";
    this.#given = typeof given === "object"
      ? withDeadlines(withCheckedAnswers(given), clock, { logger })
      : undefined;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Returns the transport for some connections.
   *
   * @param connections What they are like. Default: the usual ones.
   * @param user Who uses it until it is disposed of. Default: the session, until
   * its own end.
   */
  get(connections: Connections = {}, user?: TransportLease): Transport {
    if (this.#given !== undefined) return this.#given;
    const { caCerts = [], ...others } = connections;
    const settings = JSON.stringify(Object.entries(others).sort());
    const made =
      this.#made.values().find((made) =>
        made.settings === settings && made.caCerts.length === caCerts.length &&
        made.caCerts.every((pem, index) => pem === caCerts[index])
      ) ?? {
        settings,
        caCerts,
        transport: this.#make(connections),
        users: new Set(),
        kept: false,
      };
    this.#made.add(made);
    if (user === undefined) made.kept = true;
    else made.users.add(user);
    return made.transport;
  }

  #make(connections: Connections): Transport {
    const clock = this.#clock;
    const logger = this.#logger;
    // The machine's own time costs less without a clock in between.
    const options = clock instanceof SystemClock
      ? { ...connections, logger }
      : { ...connections, clock, logger };
    return this.#name === "fetch"
      ? new FetchTransport(options)
      : new LazySocketTransport(options);
  }

  /**
   * Ends the use of all transports by a client; those without another user are
   * closed.
   *
   * @param user The client's lease.
   */
  release(user: TransportLease): void {
    for (const made of this.#made) {
      const { transport, users, kept } = made;
      if (!users.delete(user) || kept || users.size > 0) continue;
      this.#made.delete(made);
      transport[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    for (const { transport } of this.#made) {
      transport[Symbol.dispose]();
    }
    this.#made.clear();
  }
}

/** Refuses an answer that is none, as that of a function that forgot to return it. */
function withCheckedAnswers(transport: Transport): Transport {
  return {
    ...transport.limits && { limits: transport.limits },
    send: async (request, options) => {
      const response: unknown = await transport.send(request, options);
      if (isResponse(response)) return response;
      throw new ConfigError(
        "InvalidPart",
        `Cannot read the answer to ${request.method} ${request.path}: the transport's send must resolve to { status, headers, body }, where body is null or has the methods open, bytes and cancel; found ${
          kindOf(response)
        }`,
      );
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

function isResponse(value: unknown): value is HttpResponse {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body }: Partial<
    Record<keyof HttpResponse, unknown>
  > = value;
  if (typeof status !== "number" || typeof headers !== "object") return false;
  if (headers === null || headers instanceof Headers) return false;
  return body === null ||
    ["open", "bytes", "cancel"].every((method) => method in Object(body));
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return value instanceof Response
    ? "a Response of the platform"
    : `an object with ${Object.keys(value).join(", ") || "no members"}`;
}
