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
import type { Clock, System, WritableFiles } from "../ports/system.ts";
import type {
  ClientConfig,
  CredentialsInput,
  ProfileSet,
} from "../ports/config.ts";
import type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  CredentialSource,
} from "../ports/credentials.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  platformSystem,
  SystemClock,
  terminalMfaCode,
} from "../system/platform.ts";
import { type CoreAs, ExpectedAccount } from "./sts.ts";
import type { SessionOptions } from "./options.ts";
import { TransportPool } from "./transport_pool.ts";

/** How the credential chain reaches STS. */
export interface StsPorts {
  /** Makes the core of a client that signs as an identity. */
  readonly core: CoreAs;
  /** The same for calls that get or check credentials for others. */
  readonly credentialsCore: CoreAs;
  /** Assumes a role as another identity. */
  readonly assumeRole: AssumeRole;
  /** Assumes a role with a token. */
  readonly assumeRoleWithWebIdentity: AssumeRoleWithWebIdentity;
}

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

  readonly #makeSts: (shared: Shared) => StsPorts;
  #sts: StsPorts | undefined;
  #closed = false;
  #transports: TransportPool | undefined;
  #setup: Promise<Setup> | undefined;
  #identity: Promise<CredentialSource | undefined> | undefined;

  /**
   * Opens nothing yet.
   *
   * @param options The session's options.
   * @param makeSts Makes what its credential chain reaches STS through.
   */
  constructor(
    options: SessionOptions,
    makeSts: (shared: Shared) => StsPorts,
  ) {
    this.options = options;
    this.system = options.system ?? platformSystem();
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? Math.random;
    this.uuid = options.uuid ?? (() => crypto.randomUUID());
    this.logger = options.logger ?? new SinkLogger("inia");
    this.#makeSts = makeSts;
  }

  /** How the credential chain reaches STS. */
  get sts(): StsPorts {
    return this.#sts ??= this.#makeSts(this);
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
    if (credentials !== undefined) return this.explicit(credentials);
    try {
      const { discoveredChain } = await import("./discovery.ts");
      return this.explicit(await discoveredChain(this));
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
  explicit(input: CredentialsInput): CredentialSource | undefined {
    const { clock, logger, options: { expectedAccount } } = this;
    const source = explicitCredentials(input, {
      clock,
      logger: logger.child("credentials"),
    });
    return source === undefined || expectedAccount === undefined
      ? source
      : new ExpectedAccount(source, expectedAccount, this.sts.credentialsCore);
  }
}
