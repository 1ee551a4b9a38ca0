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
import { readSections } from "../config/profiles.ts";
import {
  type ChainContext,
  defaultProviders,
} from "../credentials/default_chain.ts";
import { MetadataMemory } from "../credentials/instance_asker.ts";
import { RereadChain } from "../credentials/reread_chain.ts";
import type { CredentialProvider } from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { Shared } from "./shared.ts";

/**
 * The default chain, which reads the config files again when they change.
 *
 * @param shared What the session's clients share.
 */
export async function discoveredChain(
  shared: Shared,
): Promise<CredentialProvider> {
  return new RereadChain(await contextOf(shared), () => shared.reread());
}

/**
 * The providers of the default chain, new ones each time.
 *
 * @param shared What the session's clients share.
 */
export async function discoveredProviders(
  shared: Shared,
): Promise<readonly CredentialProvider[]> {
  return defaultProviders(await contextOf(shared));
}

/**
 * Sends by the session's proxy and with its certificates, as its clients do. They
 * are looked up when there is something to send.
 */
function signInTransport(shared: Shared): Transport {
  return {
    send: async (request, options) => {
      const connections = await resolveConnections(
        await shared.places(),
        shared.system,
      );
      const transports = await shared.transports();
      return await transports.get(connections).send(request, options);
    },
    [Symbol.dispose]: () => {},
  };
}

/** What this process knows of metadata services, by what reaches them. */
const MEMORIES = new WeakMap<object, MetadataMemory>();

/** A transport of the user's own may lead elsewhere than the others. */
function memoryOf({ options }: Shared): MetadataMemory {
  const key = options.transport ?? globalThis;
  const memory = MEMORIES.get(key) ?? new MetadataMemory();
  MEMORIES.set(key, memory);
  return memory;
}

async function contextOf(shared: Shared): Promise<ChainContext> {
  const { system, clock, random, logger, sts, mfaCode } = shared;
  const transports = await shared.transports();
  const { region, maxCredentialBytes } = shared.options;
  return {
    ...await shared.setup(),
    signInTransport: signInTransport(shared),
    // An endpoint in code is a client's; variables and files name the services.
    signInEndpoint: (service, { profile, profiles }) =>
      resolveEndpointUrl(
        service,
        { given: [], system, profile },
        profiles.services,
      ).value,
    ...sts,
    system,
    clock,
    random,
    logger: logger.child("credentials"),
    transport: transports.get(),
    readSections,
    memory: memoryOf(shared),
    ...region !== undefined && { region },
    ...mfaCode && { mfaCode },
    ...maxCredentialBytes !== undefined && { maxCredentialBytes },
  };
}
