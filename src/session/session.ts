/**
 * The session: where a program starts.
 *
 * @module
 */
import { checkRetry, resolveRegion } from "../config/client_settings.ts";
import { loadProfiles } from "../config/profiles.ts";
import { checkExplicit } from "../credentials/explicit.ts";
import type {
  ConfigExplanation,
  CredentialsExplanation,
} from "../diagnostics/explain.ts";
import { ConfigError, NoCredentialsError } from "../foundation/errors.ts";
import type { ClientConfig } from "../ports/config.ts";
import type {
  CredentialProvider,
  Credentials,
  CredentialSource,
} from "../ports/credentials.ts";
import type {
  ServiceClientClass,
  ServiceDefinition,
} from "../ports/service.ts";
import type { S3Resource } from "../resource/s3.ts";
import type { S3, S3Config } from "../services/s3/mod.ts";
import { coreOf } from "./core.ts";
import {
  checkClientOptions,
  checkRole,
  checkSessionOptions,
  checkTransportOptions,
  refuseUnknown,
  type RoleOptions,
  SESSION_OPTIONS,
  type SessionOptions,
} from "./options.ts";
import { Shared } from "./shared.ts";
import type { CallerIdentity } from "./sts.ts";

/**
 * Settings, credentials and connections that clients share.
 *
 * Making a session or a client reads and sends nothing; the first call does.
 *
 * @example Usage
 * ```ts ignore
 * import { Session } from "@inia/aws";
 * import { S3 } from "@inia/aws/s3";
 *
 * using session = new Session({ profile: "dev", region: "eu-west-1" });
 * const s3 = session.client(S3);
 * console.log((await s3.listBuckets()).Buckets);
 * ```
 */
export class Session implements Disposable {
  readonly #shared: Shared;

  /**
   * Makes a session.
   *
   * @param options What differs from environment, profile and defaults.
   * @throws {ConfigError} If an option does not exist, is not what it has to be,
   * or contradicts another.
   * @throws {CredentialsError} If the credentials are incomplete.
   */
  constructor(options: SessionOptions = {}) {
    refuseUnknown("a session", options, SESSION_OPTIONS);
    checkSessionOptions(options);
    if (options.transport !== undefined) {
      checkTransportOptions(options, options);
    }
    if (options.retry !== undefined) checkRetry("session", options.retry);
    checkExplicit(options.credentials);
    this.#shared = new Shared(options, coreOf);
  }

  /**
   * Makes a client of a service.
   *
   * @typeParam Client Type of the client, taken from the class.
   * @typeParam Config Type of its settings, taken from the class.
   * @param service The client's class, for example `S3`.
   * @param config What differs from the session.
   * @returns The client. It shares the session's connections and credentials.
   * @throws {ConfigError} If an option does not exist, or contradicts another.
   * @throws {CredentialsError} If the credentials are incomplete.
   */
  client<Client, Config extends ClientConfig>(
    service: ServiceClientClass<Client, Config>,
    config?: NoInfer<Config>,
  ): Client {
    checkClass(service);
    const given: ClientConfig = config ?? {};
    if (given === config) this.#check(service.service, given);
    return new service(coreOf(this.#shared, service.service, given));
  }

  /**
   * Makes the resource of a service: things with verbs, as boto3's resources are.
   * S3 is the service that has one.
   *
   * @example Usage
   * ```ts ignore
   * import "@inia/aws/resource";
   *
   * const photos = session.resource(S3).bucket("photos");
   * ```
   *
   * @param service The client's class.
   * @param config What differs from the session.
   * @throws {ConfigError} `"ResourceNotLoaded"` unless the program imports
   * `@inia/aws/resource`; all that {@linkcode client} throws.
   */
  resource(
    service: ServiceClientClass<S3, S3Config>,
    config?: S3Config,
  ): S3Resource {
    checkClass(service, "resource");
    const { id } = service.service;
    const make = RESOURCES.get(id);
    if (make !== undefined) return make(this.client(service, config));
    throw id === "s3"
      ? new ConfigError(
        "ResourceNotLoaded",
        'Cannot make a resource: the program does not import "@inia/aws/resource"',
      )
      : new ConfigError(
        "UnknownServiceError",
        `Cannot make a resource of "${id}": S3 is the only service that has one; use client(${id.toUpperCase()})`,
      );
  }

  /**
   * Finds the region that clients call where they are given none: that of the
   * session's options, of the environment, or of the profile.
   *
   * @returns The region, or `undefined` where none is set.
   * @throws {ConfigError} If it is no region, or a config file cannot be read.
   */
  async region(): Promise<string | undefined> {
    return resolveRegion(await this.#shared.sources()).value;
  }

  /**
   * Lists the profiles of the config file and the credentials file.
   *
   * @returns Their names, in the order of the files.
   * @throws {ConfigError} If a file cannot be read.
   */
  async availableProfiles(): Promise<readonly string[]> {
    const { profiles } = await loadProfiles(this.#shared.system);
    return [...profiles.keys()];
  }

  /**
   * Gets the credentials that calls are made with now.
   *
   * @param signal Ends the search early.
   * @throws {CredentialsError} If there are none.
   */
  async credentials(signal?: AbortSignal): Promise<Credentials> {
    return await (await this.#identity()).get(signal);
  }

  /**
   * Asks STS who calls are made as.
   *
   * @param signal Ends the question early.
   * @throws {CredentialsError} If there are no credentials.
   */
  async whoami(signal?: AbortSignal): Promise<CallerIdentity> {
    const { callerIdentity } = await import("./sts.ts");
    const { core } = await this.#shared.sts();
    return await callerIdentity(core, await this.#identity(), signal);
  }

  /**
   * Makes a session that calls as a role, which this session assumes when it is
   * first needed and again before it ends. It keeps all other settings, and can
   * assume a further role.
   *
   * @param arn The role.
   * @param options What is asked of STS beside the role, in the words of the API.
   * @returns The session. It has connections of its own to close.
   * @throws {ConfigError} If an option does not exist.
   */
  assumeRole(arn: string, options: RoleOptions = {}): Session {
    checkRole(arn, options);
    const { clock, mfaCode, options: own } = this.#shared;
    const { expectedAccount: _other, ...kept } = own;
    return new Session({
      ...kept,
      credentials: {
        name: "assume-role",
        load: async (signal) => {
          const { roleCredentials } = await import("./sts.ts");
          const { assumeRole } = await this.#shared.sts();
          const as = (): Promise<CredentialSource> => this.#identity();
          const parts = { assumeRole, as, clock, ...mfaCode && { mfaCode } };
          return await roleCredentials(arn, options, parts, signal);
        },
      },
    });
  }

  /**
   * Tells where each setting of a client comes from, and what it overrides.
   *
   * @typeParam Config Settings of the client.
   * @param service The client's class, for example `S3`.
   * @param config What differs from the session.
   * @throws {ConfigError} If a setting has a value that is not allowed.
   */
  async explainConfig<Config extends ClientConfig>(
    service: ServiceClientClass<unknown, Config>,
    config?: NoInfer<Config>,
  ): Promise<ConfigExplanation> {
    checkClass(service);
    const { explainConfig } = await import("../diagnostics/explain.ts");
    const { profiles, profile } = await this.#shared.setup();
    return await explainConfig({
      service: service.service,
      sources: { ...await this.#shared.sources(config ?? {}), brief: false },
      profiles,
      profile,
      system: this.#shared.system,
    });
  }

  /**
   * Tells how the session's credentials come about: every source in order, what
   * it says, which one counts, and when its credentials end. Print it as text.
   *
   * @example Usage
   * ```ts ignore
   * console.log(`${await session.explainCredentials()}`);
   * ```
   *
   * @param signal Ends the questions early.
   */
  async explainCredentials(
    signal?: AbortSignal,
  ): Promise<CredentialsExplanation> {
    const { explainCredentials } = await import(
      "../diagnostics/explain.ts"
    );
    return await explainCredentials(await this.credentialProviders(), signal);
  }

  /**
   * The providers that the session asks for credentials, in order: what to make a
   * chain of your own from.
   *
   * @example Everything but the instance metadata service
   * ```ts ignore
   * import { CredentialChain } from "@inia/aws/credentials";
   *
   * const chain = new CredentialChain(await session.credentialProviders());
   * const credentials = chain.without("iam-role");
   * const other = new Session({ credentials });
   * ```
   */
  async credentialProviders(): Promise<readonly CredentialProvider[]> {
    const { providersOf } = await import("./discovery.ts");
    return await providersOf(this.#shared);
  }

  /** Closes the session's connections. */
  [Symbol.dispose](): void {
    this.#shared[Symbol.dispose]();
  }

  #check(service: ServiceDefinition, config: ClientConfig): void {
    checkClientOptions(service, config);
    checkTransportOptions(config, this.#shared.options);
    if (config.retry !== undefined) checkRetry("client", config.retry);
    checkExplicit(config.credentials);
  }

  async #identity(): Promise<CredentialSource> {
    const source = await this.#shared.identity();
    if (source !== undefined) return source;
    throw new NoCredentialsError([
      { name: "code", verdict: "the session is anonymous" },
    ]);
  }
}

/** What makes a resource of a client, by the id of the service. */
const RESOURCES = new Map<string, (client: S3) => S3Resource>();

/**
 * Says how resources are made. The module that has them calls it when it is
 * loaded, so that programs without resources do not load them.
 *
 * @param service Id of the service, for example `"s3"`.
 * @param make Makes the resource of a client.
 */
export function registerResource(
  service: string,
  make: (client: S3) => S3Resource,
): void {
  RESOURCES.set(service, make);
}

/** Programs that nobody type-checks may give a name, as in boto3. */
function checkClass(
  service: unknown,
  wanted: "client" | "resource" = "client",
): void {
  if (typeof service === "function" && "service" in service) return;
  const found = typeof service === "string" ? `"${service}"` : typeof service;
  const known = typeof service !== "string" || /^(?:s3|sts)$/i.test(service);
  const only = known
    ? ""
    : ". There are clients of S3 and STS alone: for other services sign requests with signRequest of @inia/aws/signing";
  throw new ConfigError(
    "UnknownServiceError",
    `Cannot make a ${wanted} of ${found}: give the class of a client, as in ${wanted}(S3); S3 is exported by @inia/aws/s3${only}`,
  );
}

/** The one session; made when it is first asked for. */
const DEFAULT: { session?: Session } = {};

/**
 * The session that {@linkcode client} uses; made with the defaults where it was
 * not set up.
 */
export function defaultSession(): Session {
  return DEFAULT.session ??= new Session();
}

/**
 * Sets up the default session. To be called once, before it is used.
 *
 * @param options What differs from environment, profile and defaults.
 * @throws {ConfigError} If it is in use already.
 */
export function setupDefaultSession(options: SessionOptions): void {
  if (DEFAULT.session !== undefined) {
    throw new ConfigError(
      "DefaultSessionInUse",
      "Cannot set up the default session: it is in use already; call setupDefaultSession before the first client, or make a Session",
    );
  }
  DEFAULT.session = new Session(options);
}

/**
 * Makes a client of a service on the default session.
 *
 * @typeParam Client Type of the client, taken from the class.
 * @typeParam Config Type of its settings, taken from the class.
 * @param service The client's class, for example `S3`.
 * @param config What differs from the session.
 * @throws {ConfigError} If an option does not exist, or contradicts another.
 */
export function client<Client, Config extends ClientConfig>(
  service: ServiceClientClass<Client, Config>,
  config?: NoInfer<Config>,
): Client {
  return defaultSession().client(service, config);
}
