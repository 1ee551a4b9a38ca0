/**
 * What all clients of a session share, made when it is first needed.
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
import { ConfigError } from "../foundation/errors.ts";
import { SinkLogger } from "../foundation/log.ts";
import type { ClientCore } from "../ports/caller.ts";
import type { Clock, System, WritableFiles } from "../ports/system.ts";
import type {
  ClientConfig,
  CredentialsInput,
  ProfileSet,
} from "../ports/config.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type { SendOptions } from "../ports/http.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  platformSystem,
  SystemClock,
  terminalMfaCode,
} from "../system/platform.ts";
import type { SessionOptions } from "./options.ts";
import type { StsPorts } from "./sts.ts";
import { TransportPool } from "./transport_pool.ts";

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
