/**
 * Explanations of a session's credentials.
 *
 * @module
 */
import {
  type CredentialsExplanation,
  explain,
} from "../credentials/explain.ts";
import { provider } from "../credentials/resolution.ts";
import type { CredentialProvider } from "../ports/credentials.ts";
import { discoveredProviders } from "./discovery.ts";
import type { Shared } from "./shared.ts";

/**
 * The providers that a session asks, in order.
 *
 * @param shared What the session's clients share.
 */
export async function providersOf(
  shared: Shared,
): Promise<readonly CredentialProvider[]> {
  const { credentials } = shared.options;
  return credentials === undefined
    ? await discoveredProviders(shared)
    : [givenProvider(shared)];
}

/**
 * Asks all sources of a session and tells what each says.
 *
 * @param shared What the session's clients share.
 * @param signal Ends the questions early.
 */
export async function explainCredentials(
  shared: Shared,
  signal?: AbortSignal,
): Promise<CredentialsExplanation> {
  return await explain(await providersOf(shared), signal);
}

/** What is given in code hides all other sources. */
function givenProvider(shared: Shared): CredentialProvider {
  return provider("code", async (signal) => {
    const source = await shared.identity();
    return source === undefined
      ? { kind: "absent", why: "the session is anonymous" }
      : {
        kind: "found",
        credentials: await source.get(signal),
        at: "the session's option credentials",
      };
  });
}
