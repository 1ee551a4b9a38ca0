/**
 * Providers in a row.
 *
 * @module
 */
import {
  ConfigError,
  CredentialsError,
  NoCredentialsError,
  type ProviderAttempt,
} from "../foundation/errors.ts";
import type { CredentialProvider, Credentials } from "../ports/credentials.ts";
import {
  type ExplainableProvider,
  find,
  type Resolution,
  verdictOf,
} from "./resolution.ts";
import { credentialsValue } from "./value.ts";

/**
 * Asks providers in order. One that is not in use is passed over; one that is in
 * use and fails ends the search, so that nobody signs as another identity than
 * the one that was asked for. The one that answered is the only one asked from
 * then on.
 */
export class CredentialChain implements ExplainableProvider {
  /** Name of the chain. */
  readonly name = "chain";
  /** The providers, in the order they are asked. */
  readonly providers: readonly CredentialProvider[];

  #winner: CredentialProvider | undefined;

  /**
   * Makes a chain that has asked nobody yet.
   *
   * @param providers The providers, in the order they are asked.
   */
  constructor(providers: readonly CredentialProvider[]) {
    this.providers = providers;
  }

  /**
   * Gets the credentials of the first provider that has any.
   *
   * @param signal Ends the search early.
   * @throws {NoCredentialsError} If none has any, with the verdict of each.
   * @throws {CredentialsError | ConfigError} If one is in use and failed.
   */
  async load(signal?: AbortSignal): Promise<Credentials> {
    const { finding, tried } = await this.#search(signal);
    if (finding === undefined) throw new NoCredentialsError(tried);
    return finding.credentials;
  }

  async look(signal?: AbortSignal): Promise<Resolution> {
    const { finding, tried } = await this.#search(signal);
    const why = tried.map(({ name, verdict }) => `${name}: ${verdict}`);
    return finding ?? { kind: "absent", why: why.join("; ") };
  }

  async #search(signal: AbortSignal | undefined): Promise<Search> {
    const asked = this.#winner === undefined ? this.providers : [this.#winner];
    const tried: ProviderAttempt[] = [];
    for (const provider of asked) {
      signal?.throwIfAborted();
      const { name } = provider;
      const finding = await ask(provider, tried, signal);
      if (finding.kind === "found") {
        this.#winner = provider;
        const credentials = credentialsValue(finding.credentials, name);
        return { finding: { ...finding, credentials }, tried };
      }
      tried.push({ name, verdict: verdictOf(finding) });
    }
    return { finding: undefined, tried };
  }
}

/** How a search ended, and who had nothing before it did. */
interface Search {
  readonly finding: Extract<Resolution, { kind: "found" }> | undefined;
  readonly tried: readonly ProviderAttempt[];
}

/** Asks one provider; its error tells those asked before, too. */
async function ask(
  provider: CredentialProvider,
  tried: readonly ProviderAttempt[],
  signal: AbortSignal | undefined,
): Promise<Resolution> {
  try {
    return await find(provider, signal);
  } catch (error) {
    if (error instanceof CredentialsError || error instanceof ConfigError) {
      error.tried = [...tried, ...brokenAt(provider.name, error)];
    }
    throw error;
  }
}

/**
 * A list of providers with another one put before the named one.
 *
 * @param providers The list; not changed.
 * @param name Name of the provider that comes right after it.
 * @param added The provider to add.
 * @throws {RangeError} If there is no provider of that name.
 */
export function insertBefore(
  providers: readonly CredentialProvider[],
  name: string,
  added: CredentialProvider,
): readonly CredentialProvider[] {
  return providers.toSpliced(indexOf(providers, name), 0, added);
}

/**
 * A list of providers with another one put after the named one.
 *
 * @param providers The list; not changed.
 * @param name Name of the provider that comes right before it.
 * @param added The provider to add.
 * @throws {RangeError} If there is no provider of that name.
 */
export function insertAfter(
  providers: readonly CredentialProvider[],
  name: string,
  added: CredentialProvider,
): readonly CredentialProvider[] {
  return providers.toSpliced(indexOf(providers, name) + 1, 0, added);
}

/**
 * A list of providers without the named ones.
 *
 * @param providers The list; not changed.
 * @param names Names of the providers to leave out.
 */
export function without(
  providers: readonly CredentialProvider[],
  ...names: readonly string[]
): readonly CredentialProvider[] {
  return providers.filter(({ name }) => !names.includes(name));
}

function indexOf(
  providers: readonly CredentialProvider[],
  name: string,
): number {
  const index = providers.findIndex((provider) => provider.name === name);
  if (index >= 0) return index;
  const names = providers.map((provider) => `"${provider.name}"`);
  throw new RangeError(
    `Cannot find provider "${name}": the providers are ${names.join(", ")}`,
  );
}

/** A chain within the chain has told more than its own name. */
function brokenAt(
  name: string,
  { code, tried = [] }: ConfigError | CredentialsError,
): ProviderAttempt[] {
  const inner = tried.filter((one) => one.name !== name);
  return [...inner, { name, verdict: `broken: ${code}` }];
}
