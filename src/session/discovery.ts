/**
 * The search for credentials that nobody gave. In a module of its own that is
 * loaded when the search begins: it knows a dozen sources, and many programs
 * need none of them.
 *
 * @module
 */
import {
  resolveConnections,
  resolveEndpointUrl,
} from "../config/client_settings.ts";
import { readSections } from "../config/ini.ts";
import type { SettingSources } from "../config/settings.ts";
import type { MfaCode } from "../credentials/assume_role.ts";
import { CredentialChain } from "../credentials/chain.ts";
import {
  type ChainContext,
  defaultProviders,
  RereadChain,
} from "../credentials/default_chain.ts";
import type { RoleCache, RoleCacheDeps } from "../credentials/role_cache.ts";
import { MetadataMemory } from "../credentials/instance.ts";
import type {
  CredentialProvider,
  CredentialSource,
} from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { SessionOptions } from "./options.ts";
import type { TransportPool } from "./shared.ts";

/** What the search needs of its session. */
interface SearchDeps
  extends Pick<ChainContext, "clock" | "logger" | "random" | "system"> {
  /** The session's options. */
  readonly options: SessionOptions;
  /** Reaches STS. */
  sts(): Promise<
    Pick<ChainContext, "assumeRole" | "assumeRoleWithWebIdentity">
  >;
  /** Asks for codes of MFA devices. Absent: there is nobody to ask. */
  readonly mfaCode: MfaCode | undefined;
  /** Reads the config files, once. */
  setup(): Promise<Pick<ChainContext, "profile" | "profiles">>;
  /** Reads them again. */
  reread(): Promise<Pick<ChainContext, "profile" | "profiles">>;
  /** Where settings can be set. */
  sources(): Promise<SettingSources>;
  /** The session's transports. */
  transports(): Pick<TransportPool, "get">;
  /** Who is given in code. */
  identity(): Promise<CredentialSource | undefined>;
}

/**
 * The default chain, which reads the config files again when they change.
 *
 * @param session The session.
 */
export async function discoveredChain(
  session: SearchDeps,
): Promise<CredentialProvider> {
  return new RereadChain(await contextOf(session), () => session.reread());
}

/**
 * The providers that a session asks, in order, new ones each time. Credentials
 * that are given in code hide all other sources.
 *
 * @param session The session.
 */
export async function providersOf(
  session: SearchDeps,
): Promise<readonly CredentialProvider[]> {
  if (session.options.credentials === undefined) {
    return defaultProviders(await contextOf(session));
  }
  return [
    CredentialChain.provider("code", async (signal) => {
      const source = await session.identity();
      return source === undefined
        ? { kind: "absent", why: "the session is anonymous" }
        : {
          kind: "found",
          credentials: await source.get(signal),
          at: "the session's option credentials",
        };
    }),
  ];
}

/**
 * Sends by the session's proxy and with its certificates, as its clients do. They
 * are looked up when there is something to send.
 */
function signInTransport(session: SearchDeps): Transport {
  return {
    send: async (request, options) => {
      const connections = await resolveConnections(
        await session.sources(),
        session.system,
      );
      const transports = session.transports();
      return await transports.get(connections).send(request, options);
    },
    [Symbol.dispose]: () => {},
  };
}

/** What this process knows of metadata services, by what reaches them. */
const MEMORIES = new WeakMap<object, MetadataMemory>();

/** A transport of the user's own may lead elsewhere than the others. */
function memoryOf({ options: { transport } }: SearchDeps): MetadataMemory {
  const key = typeof transport === "string"
    ? globalThis
    : transport ?? globalThis;
  const memory = MEMORIES.get(key) ?? new MetadataMemory();
  MEMORIES.set(key, memory);
  return memory;
}

async function contextOf(session: SearchDeps): Promise<ChainContext> {
  const { system, clock, random, logger, mfaCode } = session;
  const transports = session.transports();
  const { region, maxCredentialBytes, roleCache } = session.options;
  return {
    ...await session.setup(),
    signInTransport: signInTransport(session),
    // An endpoint in code is a client's; variables and files name the services.
    signInEndpoint: (service, { profile, profiles }) =>
      resolveEndpointUrl(
        service,
        { explicit: [], system, profile },
        profiles.services,
      ).value,
    ...await session.sts(),
    system,
    clock,
    random,
    logger: logger.child("credentials"),
    transport: transports.get(),
    readSections,
    memory: memoryOf(session),
    ...roleCache === "cli" && {
      roleCache: await roleCacheOf({ system, clock, logger }),
    },
    ...region !== undefined && { region },
    ...mfaCode && { mfaCode },
    ...maxCredentialBytes !== undefined && { maxCredentialBytes },
  };
}

/** Few programs keep roles on disk. */
async function roleCacheOf(deps: RoleCacheDeps): Promise<RoleCache> {
  const { RoleCache } = await import("../credentials/role_cache.ts");
  return new RoleCache(deps);
}
