/**
 * What a provider tells beside credentials: where it looked, and why it has none.
 *
 * @module
 */
import { joinFlags } from "../foundation/setting_values.ts";
import type { CredentialProvider, Credentials } from "../ports/credentials.ts";

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
  look(signal?: AbortSignal): Promise<Resolution>;
}

/**
 * Makes a provider of a function that looks for credentials.
 *
 * @param name Name of the provider.
 * @param look Looks for them.
 */
export function provider(
  name: string,
  look: (signal?: AbortSignal) => Resolution | Promise<Resolution>,
): ExplainableProvider {
  return {
    name,
    look: async (signal) => await look(signal),
    load: async (signal) => {
      const finding = await look(signal);
      return finding.kind === "found" ? finding.credentials : undefined;
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
  if (isTelling(asked)) return await asked.look(signal);
  const credentials = await asked.load(signal);
  return credentials === undefined
    ? { kind: "absent", why: "it is not in use" }
    : { kind: "found", credentials, at: "a provider of your own" };
}

/**
 * Says in words why a provider has no credentials.
 *
 * @param finding What it found.
 */
export function verdictOf(finding: Resolution): string {
  switch (finding.kind) {
    case "found":
      return `found: ${finding.at}`;
    case "absent":
      return `absent: ${finding.why}`;
    case "denied":
      return `skipped: needs ${joinFlags(finding.flags)}`;
  }
}

function isTelling(asked: CredentialProvider): asked is ExplainableProvider {
  return "look" in asked && typeof asked.look === "function";
}
