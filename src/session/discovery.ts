/**
 * The search for credentials that nobody gave. In a module of its own that is
 * loaded when the search begins: it knows a dozen sources, and many programs
 * need none of them.
 *
 * @module
 */
import { readSections } from "../config/profiles.ts";
import {
  type ChainContext,
  defaultProviders,
} from "../credentials/default_chain.ts";
import { RereadChain } from "../credentials/reread_chain.ts";
import type { CredentialProvider } from "../ports/credentials.ts";
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

async function contextOf(shared: Shared): Promise<ChainContext> {
  const { system, clock, random, logger, sts, mfaCode } = shared;
  const transports = await shared.transports();
  const { region } = shared.options;
  return {
    ...await shared.setup(),
    ...sts,
    system,
    clock,
    random,
    logger: logger.child("credentials"),
    transport: transports.get(),
    readSections,
    ...region !== undefined && { region },
    ...mfaCode && { mfaCode },
  };
}
