/**
 * Providers in a row, what each of them tells, and the error of one that is in use
 * and cannot get credentials.
 *
 * @module
 */
import {
  ConfigError,
  CredentialsError,
  NoCredentialsError,
  type ProviderAttempt,
} from "../foundation/errors.ts";
import { joinFlags } from "../foundation/options.ts";
import { WITHHELD } from "../foundation/redact.ts";
import type { CredentialProvider, Credentials } from "../ports/credentials.ts";
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
   * Makes a provider that can say why it has no credentials.
   *
   * @param name Name of the provider.
   * @param resolve Looks for credentials.
   */
  static provider(
    name: string,
    resolve: (signal?: AbortSignal) => Resolution | Promise<Resolution>,
  ): ExplainableProvider {
    return provider(name, resolve);
  }

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
    const { resolution, tried } = await this.#search(signal);
    if (resolution === undefined) throw new NoCredentialsError(tried);
    return resolution.credentials;
  }

  async resolve(signal?: AbortSignal): Promise<Resolution> {
    const { resolution, tried } = await this.#search(signal);
    const why = tried.map(({ name, verdict }) => `${name}: ${verdict}`);
    return resolution ?? { kind: "absent", why: why.join("; ") };
  }

  /**
   * Makes a chain with another provider before the named one.
   *
   * @param name Name of the provider that comes right after it.
   * @param added The provider to add.
   * @throws {RangeError} If there is no provider of that name.
   */
  insertBefore(name: string, added: CredentialProvider): CredentialChain {
    const index = this.#indexOf(name);
    return new CredentialChain(this.providers.toSpliced(index, 0, added));
  }

  /**
   * Makes a chain with another provider after the named one.
   *
   * @param name Name of the provider that comes right before it.
   * @param added The provider to add.
   * @throws {RangeError} If there is no provider of that name.
   */
  insertAfter(name: string, added: CredentialProvider): CredentialChain {
    const index = this.#indexOf(name) + 1;
    return new CredentialChain(this.providers.toSpliced(index, 0, added));
  }

  /**
   * Makes a chain without the named providers.
   *
   * @param names Names of the providers to leave out.
   */
  without(...names: readonly string[]): CredentialChain {
    return new CredentialChain(
      this.providers.filter(({ name }) => !names.includes(name)),
    );
  }

  #indexOf(name: string): number {
    const index = this.providers.findIndex((provider) =>
      provider.name === name
    );
    if (index >= 0) return index;
    const names = this.providers.map((provider) => `"${provider.name}"`);
    throw new RangeError(
      `Cannot find provider "${name}": the providers are ${names.join(", ")}`,
    );
  }

  async #search(signal: AbortSignal | undefined): Promise<Search> {
    const asked = this.#winner === undefined ? this.providers : [this.#winner];
    const tried: ProviderAttempt[] = [];
    for (const provider of asked) {
      signal?.throwIfAborted();
      const { name } = provider;
      const resolution = await ask(provider, tried, signal);
      if (resolution.kind === "found") {
        this.#winner = provider;
        const credentials = credentialsValue(resolution.credentials, name);
        return { resolution: { ...resolution, credentials }, tried };
      }
      tried.push({ name, verdict: verdictOf(resolution) });
    }
    return { resolution: undefined, tried };
  }
}

/** How a search ended, and who had nothing before it did. */
interface Search {
  readonly resolution: Extract<Resolution, { kind: "found" }> | undefined;
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

/** A chain within the chain has told more than its own name. */
function brokenAt(
  name: string,
  { code, tried = [] }: ConfigError | CredentialsError,
): ProviderAttempt[] {
  const inner = tried.filter((one) => one.name !== name);
  return [...inner, { name, verdict: `broken: ${code}` }];
}

/** What a provider found. A provider that is in use and failed throws instead. */
export type Resolution =
  | {
    readonly kind: "found";
    /** The credentials. */
    readonly credentials: Credentials;
    /** Where they were found, for example `"AWS_ACCESS_KEY_ID"`. */
    readonly at: string;
    /** How new ones are got when these end. Absent: they do not end. */
    readonly refresh?: string;
  }
  | {
    readonly kind: "absent";
    /** What is not there, for example `"AWS_ACCESS_KEY_ID is not set"`. */
    readonly why: string;
  }
  | {
    /** The program was not permitted to look. */
    readonly kind: "denied";
    /** The flags that would permit it. */
    readonly flags: readonly string[];
  };

/** A provider that can tell why it has no credentials. */
export interface ExplainableProvider extends CredentialProvider {
  /**
   * Looks for credentials, as `load` does.
   *
   * @param signal Ends the attempt early.
   * @throws {CredentialsError | ConfigError} If this source is in use and failed.
   */
  resolve(signal?: AbortSignal): Promise<Resolution>;
}

/**
 * Makes a provider of a function that looks for credentials.
 *
 * @param name Name of the provider.
 * @param resolve Looks for them.
 */
export function provider(
  name: string,
  resolve: (signal?: AbortSignal) => Resolution | Promise<Resolution>,
): ExplainableProvider {
  return {
    name,
    resolve: async (signal) => await resolve(signal),
    load: async (signal) => {
      const resolution = await resolve(signal);
      return resolution.kind === "found" ? resolution.credentials : undefined;
    },
  };
}

/**
 * Asks any provider, also one that cannot tell more than that it has none.
 *
 * @param asked The provider.
 * @param signal Ends the attempt early.
 */
export async function find(
  asked: CredentialProvider,
  signal?: AbortSignal,
): Promise<Resolution> {
  if (isExplainable(asked)) return await asked.resolve(signal);
  const credentials = await asked.load(signal);
  return credentials === undefined
    ? { kind: "absent", why: "it is not in use" }
    : { kind: "found", credentials, at: "a provider of your own" };
}

/**
 * Says in words why a provider has no credentials.
 *
 * @param resolution What it found.
 */
export function verdictOf(resolution: Resolution): string {
  switch (resolution.kind) {
    case "found":
      return `found: ${resolution.at}`;
    case "absent":
      return `absent: ${resolution.why}`;
    case "denied":
      return `skipped: needs ${joinFlags(resolution.flags)}`;
  }
}

function isExplainable(
  asked: CredentialProvider,
): asked is ExplainableProvider {
  return "resolve" in asked && typeof asked.resolve === "function";
}

/**
 * Makes the error.
 *
 * @param source Name of the provider.
 * @param code Which case it is, in botocore's words where it has one.
 * @param why Why it cannot, and what to do. Never a secret.
 * @param cause The underlying error, if it holds no secret.
 */
export function failure(
  source: string,
  code: string,
  why: string,
  cause?: unknown,
): CredentialsError {
  return new CredentialsError(
    code,
    `Cannot get the credentials of "${source}": ${why}`,
    {
      tried: [{ name: source, verdict: `broken: ${code}` }],
      ...cause !== undefined && { cause },
    },
  );
}

/** Longest text that is looked at. */
const MOST = 2_000;

/** A word of a language, a short number, or the name of an error. */
const PLAIN =
  /^["'`([<]*(?:[A-Z]?[a-z]{1,15}(?:'[a-z]{1,2})?|[A-Z]{1,8}|\d{1,4}|[A-Z][A-Za-z]{2,40}(?:Error|Exception))["'`)\]>.,:;!?]*$/;

/** A name whose value is on its other side. */
const SECRET_NAME =
  /(?:secret|token|passw|passphrase|key|credential|pin|code)\w*["']?[:=]?$/i;

/**
 * Keeps what can hardly be a secret in a text: plain words and short numbers.
 * Anything else, and what follows a word such as "token:", is withheld.
 *
 * @param text The text.
 * @returns One line.
 */
export function plainWords(text: string): string {
  const words = text.slice(0, MOST).split(/\s+/).filter((word) => word !== "");
  const shown = words.map((word, index) => {
    const before = words[index - 1] ?? "";
    // `name: value` and `name = value`.
    const name = /^[:=]$/.test(before) ? `${words[index - 2]}=` : before;
    const named = /[:=]$/.test(name) && SECRET_NAME.test(name);
    return PLAIN.test(word) && !named ? word : WITHHELD;
  });
  const joined = shown.filter((word, index) =>
    word !== WITHHELD || shown[index - 1] !== WITHHELD
  );
  return joined.join(" ") + (text.length > MOST ? " …" : "");
}
