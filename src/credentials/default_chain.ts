/**
 * The order that boto3 users know, read again when the config files change.
 *
 * @module
 */
import type {
  ConfigSection,
  FileState,
  ProfileSet,
  SettingSource,
} from "../ports/config.ts";
import type {
  AssumeRole,
  AssumeRoleWithWebIdentity,
  CredentialProvider,
  Credentials,
} from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { Clock, System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  assumeRoleProvider,
  type MfaCode,
  webIdentityProvider,
} from "./assume_role.ts";
import {
  CredentialChain,
  type ExplainableProvider,
  find,
  provider,
  type Resolution,
} from "./chain.ts";
import { containerProvider } from "./container.ts";
import type { SignInService } from "./exchange.ts";
import { instanceProvider, type MetadataMemory } from "./instance.ts";
import { loginProvider } from "./login.ts";
import { processProvider } from "./process.ts";
import type { RoleCache } from "./role_cache.ts";
import { textIn } from "./section.ts";
import { ssoProvider } from "./sso.ts";
import {
  boto2FileProvider,
  configFileProvider,
  ec2FileProvider,
  envProvider,
  type ReadSections,
  sharedFileProvider,
} from "./static_keys.ts";

export type { ReadSections } from "./static_keys.ts";

/**
 * Makes the providers of the default chain, in boto3's order. A profile that is
 * chosen in code takes the environment's keys out of it.
 *
 * @param context What they need of their surroundings.
 */
export function defaultProviders(
  context: ChainContext,
): readonly CredentialProvider[] {
  const { profile } = context;
  const inCode = profile.source.kind === "code";
  const env = envProvider(context);
  const container = containerProvider(context);
  const instance = instanceProvider({
    ...context,
    ...profile.section && { section: profile.section },
  });
  const sourceProviders = (name: string): readonly CredentialProvider[] =>
    profileProviders(context, name, "ignored");
  const providers = [
    ...inCode ? [] : [env],
    assumeRoleProvider({
      ...context,
      profile: profile.name,
      sourceProviders,
      named: {
        Environment: env,
        EcsContainer: container,
        Ec2InstanceMetadata: instance,
      },
    }),
    ...profileProviders(context, profile.name, inCode ? "ignored" : "counts"),
    ec2FileProvider(context),
    boto2FileProvider(context),
    container,
  ];
  return "blind" in context.system && context.system.blind
    ? [...providers.map(notOnThisRuntime), instance]
    : [...providers, instance];
}

/** A source that the runtime does not show is not one that has nothing. */
function notOnThisRuntime(asked: CredentialProvider): CredentialProvider {
  return provider(asked.name, async (signal) => {
    const resolution = await find(asked, signal);
    return resolution.kind === "absent"
      ? { kind: "absent", why: "not on this runtime, which does not show it" }
      : resolution;
  });
}

/** What a profile can say beside roles that it assumes with other credentials. */
function profileProviders(
  context: ChainContext,
  profile: string,
  environment: "counts" | "ignored",
): readonly CredentialProvider[] {
  const deps = { ...context, profile };
  const region = regionOf(context);
  const { signInTransport: transport = context.transport, signInEndpoint } =
    context;
  const signIn = {
    ...deps,
    transport,
    endpoint: (service: SignInService) => signInEndpoint?.(service, context),
  };
  return [
    webIdentityProvider({ ...deps, environment }),
    ssoProvider(signIn),
    sharedFileProvider(deps),
    loginProvider({ ...signIn, ...region !== undefined && { region } }),
    processProvider(deps),
    configFileProvider(deps),
  ];
}

/** The region of the profile that counts, also for its source profiles. */
function regionOf(
  { region, system, profile }: ChainContext,
): string | undefined {
  if (region !== undefined) return region;
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) {
    const found = system.env(name);
    if (found.kind === "found" && found.value !== "") return found.value;
  }
  return textIn(profile.section, "region") || undefined;
}

/** The profile that counts, and who chose it. */
export interface ProfileChoice {
  /** Its name. */
  readonly name: string;
  /** What it says, if it is there. */
  readonly section?: ConfigSection;
  /** Where it was chosen: in code, it takes the environment's keys out of the order. */
  readonly source: SettingSource;
}

/** What the providers of the default chain need of their surroundings. */
export interface ChainContext {
  /** Environment, files and programs. */
  readonly system: System;
  /** Tells when credentials end. */
  readonly clock: Clock;
  /** Source of jitter, in [0, 1). */
  readonly random: () => number;
  /** Gets messages. */
  readonly logger: Logger;
  /** Sends what is asked of metadata services. */
  readonly transport: Transport;
  /** Sends what is asked of SSO and AWS Sign-In. Default: `transport`. */
  readonly signInTransport?: Transport;
  /** Longest answer that is read, in bytes. Default: 256 KiB. */
  readonly maxCredentialBytes?: number;
  /** Endpoints that replace those of SSO and AWS Sign-In. Absent: none. */
  readonly signInEndpoint?: (
    service: SignInService,
    from: Pick<ChainContext, "profile" | "profiles">,
  ) => string | undefined;
  /** What the config files say. */
  readonly profiles: ProfileSet;
  /** The profile that counts. */
  readonly profile: ProfileChoice;
  /** Region that `aws login` signs in at. Default: what environment or profile say. */
  readonly region?: string;
  /** Reads boto 2's config file. Absent: it is not looked at. */
  readonly readSections?: ReadSections;
  /** Gets the code of an MFA device. Absent: roles that need one fail. */
  readonly mfaCode?: MfaCode;
  /** Keeps the credentials of roles on disk. Absent: in memory only. */
  readonly roleCache?: RoleCache;
  /** Where metadata services were asked before. Absent: nothing is remembered. */
  readonly memory?: MetadataMemory;
  /** Reaches STS. */
  readonly assumeRole: AssumeRole;
  /** Reaches STS without a signature. */
  readonly assumeRoleWithWebIdentity: AssumeRoleWithWebIdentity;
}

/** Reads the config files again, and chooses the profile again. */
type Reread = () => Promise<
  Pick<ChainContext, "profile" | "profiles">
>;

/**
 * The default chain, made anew when one of the two config files has changed since
 * it was last asked. As it is asked only when credentials end or are refused, that
 * is when a change takes effect.
 */
export class RereadChain implements ExplainableProvider {
  /** Name of the chain. */
  readonly name = "default";

  readonly #reread: Reread;
  #context: ChainContext;
  #chain: CredentialChain;
  #facts: string | undefined;

  /**
   * Makes a chain that has asked nobody yet.
   *
   * @param context What its providers need.
   * @param reread Reads the files again.
   */
  constructor(context: ChainContext, reread: Reread) {
    this.#context = context;
    this.#reread = reread;
    this.#chain = new CredentialChain(defaultProviders(context));
  }

  async load(signal?: AbortSignal): Promise<Credentials> {
    return await (await this.#current()).load(signal);
  }

  async resolve(signal?: AbortSignal): Promise<Resolution> {
    return await (await this.#current()).resolve(signal);
  }

  async #current(): Promise<CredentialChain> {
    const { system, profiles, logger } = this.#context;
    const facts = await factsOf(system, [
      profiles.files.config,
      profiles.files.credentials,
    ]);
    if (this.#facts !== undefined && this.#facts !== facts) {
      this.#context = { ...this.#context, ...await this.#reread() };
      this.#chain = new CredentialChain(defaultProviders(this.#context));
      logger.info("The config files have changed and were read again");
    }
    this.#facts = facts;
    return this.#chain;
  }
}

/** Sizes and times of change, as one text to compare. */
async function factsOf(
  system: Pick<System, "stat">,
  files: readonly FileState[],
): Promise<string> {
  const facts = await Promise.all(files.map(async ({ path }) => {
    const found = path === undefined ? undefined : await system.stat(path);
    return found?.kind === "found"
      ? `${found.value.size} ${found.value.changedMs}`
      : "none";
  }));
  return facts.join(", ");
}
