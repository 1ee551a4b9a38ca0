/**
 * The default chain in a program that runs while its config files change.
 *
 * @module
 */
import type { FileState } from "../ports/config.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { System } from "../ports/system.ts";
import { CredentialChain } from "./chain.ts";
import type { ChainContext } from "./context.ts";
import { defaultProviders } from "./default_chain.ts";
import type { ExplainableProvider, Resolution } from "./resolution.ts";

/** Reads the config files again, and chooses the profile again. */
export type Reread = () => Promise<
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

  async look(signal?: AbortSignal): Promise<Resolution> {
    return await (await this.#current()).look(signal);
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
