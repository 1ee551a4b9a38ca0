/**
 * How credentials come about, for people to read.
 *
 * @module
 */
import { find, type Resolution } from "../credentials/chain.ts";
import { shortKeyId } from "../credentials/value.ts";
import { AwsError } from "../foundation/errors.ts";
import { joinFlags } from "../foundation/options.ts";
import type { CredentialProvider } from "../ports/credentials.ts";

/** What became of one source. */
export interface SourceExplanation {
  /** Name of the provider. */
  readonly name: string;
  /**
   * `found`: it has credentials; `absent`: it is not in use; `skipped`: the program
   * was not permitted to look; `broken`: it is in use and failed.
   */
  readonly verdict: "absent" | "broken" | "found" | "skipped";
  /** Where they were found, or why not. Never a secret. */
  readonly detail: string;
  /** The flags that would permit to look; empty unless skipped. */
  readonly flags: readonly string[];
  /** The end of the key id, where credentials were found. */
  readonly keyId?: string;
  /** When the credentials end. Absent: they do not. */
  readonly expiration?: Date;
  /** How new ones are got then. */
  readonly refresh?: string;
}

/** Every source in the order it is asked, and which one counts. */
export class CredentialsExplanation {
  /** The sources, in order. */
  readonly sources: readonly SourceExplanation[];

  /**
   * Makes an explanation.
   *
   * @param sources The sources, in order.
   */
  constructor(sources: readonly SourceExplanation[]) {
    this.sources = sources;
  }

  /**
   * The source that decides: the first that has credentials, or that is broken,
   * since nobody is asked after that one. Absent: none has any.
   */
  get decisive(): SourceExplanation | undefined {
    return this.sources.find(({ verdict }) =>
      verdict === "found" || verdict === "broken"
    );
  }

  /** Name of the source whose credentials are used, if there are any. */
  get winner(): string | undefined {
    const { decisive } = this;
    return decisive?.verdict === "found" ? decisive.name : undefined;
  }

  /** The explanation as a text of several lines. */
  toString(): string {
    const width = Math.max(...this.sources.map(({ name }) => name.length), 0);
    const lines = this.sources.map((source) => {
      const mark = source === this.decisive ? ">" : " ";
      return `${mark} ${source.name.padEnd(width)}  ${
        source.verdict.padEnd(7)
      }  ${described(source)}`;
    });
    return [headline(this.decisive), ...lines].join("\n");
  }
}

/**
 * Asks every provider, also those after the first that has credentials. Nothing is
 * kept: it costs what the sources in use cost, such as a request or a program.
 *
 * @param providers The providers, in order, as `session.credentialProviders()`
 * gives them.
 * @param signal Ends the questions early.
 */
export async function explainCredentials(
  providers: readonly CredentialProvider[],
  signal?: AbortSignal,
): Promise<CredentialsExplanation> {
  const sources: SourceExplanation[] = [];
  for (const provider of providers) {
    signal?.throwIfAborted();
    sources.push(await explained(provider, signal));
  }
  return new CredentialsExplanation(sources);
}

async function explained(
  provider: CredentialProvider,
  signal: AbortSignal | undefined,
): Promise<SourceExplanation> {
  const { name } = provider;
  let resolution: Resolution;
  try {
    resolution = await find(provider, signal);
  } catch (error) {
    signal?.throwIfAborted();
    // Only our own errors are known to hold no secret.
    const detail = error instanceof AwsError
      ? error.message
      : `it failed with ${error instanceof Error ? error.name : typeof error}`;
    return { name, verdict: "broken", detail, flags: [] };
  }
  switch (resolution.kind) {
    case "absent":
      return { name, verdict: "absent", detail: resolution.why, flags: [] };
    case "denied": {
      const { flags } = resolution;
      const detail = `needs ${joinFlags(flags)}`;
      return { name, verdict: "skipped", detail, flags };
    }
    case "found": {
      const { credentials, at, refresh } = resolution;
      return {
        name,
        verdict: "found",
        detail: at,
        flags: [],
        keyId: shortKeyId(credentials.accessKeyId),
        ...credentials.expiration && { expiration: credentials.expiration },
        ...refresh !== undefined && { refresh },
      };
    }
  }
}

function headline(decisive: SourceExplanation | undefined): string {
  switch (decisive?.verdict) {
    case "found":
      return `The credentials are those of "${decisive.name}"`;
    case "broken":
      return `There are no credentials, as "${decisive.name}" is broken`;
    default:
      return "There are no credentials: none of the sources has any";
  }
}

function described(source: SourceExplanation): string {
  const { detail, keyId, expiration, refresh } = source;
  return [
    detail,
    ...keyId === undefined ? [] : [`key ${keyId}`],
    ...expiration === undefined ? [] : [`until ${expiration.toISOString()}`],
    ...refresh === undefined ? [] : [`then ${refresh}`],
  ].join(", ");
}
