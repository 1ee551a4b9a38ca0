/**
 * Where each setting of a client came from, and how its credentials come about,
 * for people to read.
 *
 * @module
 */
import {
  type ClientSettings,
  resolveAppId,
  resolveClient,
} from "../config/client_settings.ts";
import type { ChosenProfile } from "../config/profiles.ts";
import {
  resolve,
  type SettingSources,
  sourceText,
} from "../config/settings.ts";
import { find, type Resolution } from "../credentials/chain.ts";
import { INSTANCE_SETTINGS, instanceAddress } from "../credentials/instance.ts";
import { shortKeyId } from "../credentials/value.ts";
import { AwsError, ConfigError } from "../foundation/errors.ts";
import { joinFlags } from "../foundation/options.ts";
import { redactAddress } from "../foundation/redact.ts";
import type { ProfileSet, Resolved, Setting } from "../ports/config.ts";
import type { CredentialProvider } from "../ports/credentials.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { System } from "../ports/system.ts";

/** One setting, and how it came about. */
export interface ExplainedSetting {
  /** Name of the option in code, for example `"readTimeoutMs"`. */
  readonly name: string;
  /** Its value, as text without secrets; absent where it has none. */
  readonly value?: string;
  /** Where it was set: code, variable, file and line, or default. */
  readonly source: string;
  /** Where else it was set, without effect. */
  readonly overridden: readonly string[];
  /** Flags without which sources could not be looked at. */
  readonly denied: readonly string[];
}

/** The settings of a client, and where each came from. */
export interface ConfigExplanation {
  /** The profile that counts, and where it was chosen. */
  readonly profile: { readonly name: string; readonly source: string };
  /** The settings, by name. */
  readonly settings: readonly ExplainedSetting[];
  /** All of it as text, one setting a line. */
  toString(): string;
}

/** A client, and where its settings can be set. */
interface ExplainedClient {
  /** The service. */
  readonly service: Pick<ServiceDefinition, "id" | "settings">;
  /** Where settings can be set. */
  readonly sources: SettingSources;
  /** What the config files say. */
  readonly profiles: ProfileSet;
  /** The profile that counts, and where it was chosen. */
  readonly profile: ChosenProfile;
  /** Where the certificates are. */
  readonly system: System;
}

/**
 * Tells where each setting of a client comes from.
 *
 * @param client The client.
 * @throws {ConfigError} If a setting has a value that is not allowed.
 */
export async function explainConfig(
  { service, sources, profiles, profile, system }: ExplainedClient,
): Promise<ConfigExplanation> {
  const resolved = await resolveClient({
    service,
    sources,
    profiles,
    system,
  });
  const source = sourceText(profile.source);
  return explanationOf({ name: profile.name, source }, resolved, [
    ...ofProxy(resolved, sources),
    explainedSetting("userAgentAppId", resolveAppId(sources)),
    ...INSTANCE_SETTINGS.map((row) => ofMetadata(row, sources)),
  ]);
}

/**
 * Where no option names a proxy, the runtime takes that of the environment; what
 * `NO_PROXY` lists is reached without it.
 */
function ofProxy(
  { proxy, endpointUrl }: ClientSettings,
  sources: SettingSources,
): readonly ExplainedSetting[] {
  if (proxy.source.kind !== "default") {
    return [explainedSetting("proxy", proxy)];
  }
  const scheme = endpointUrl.value?.startsWith("http:")
    ? ["HTTP_PROXY", "http_proxy"]
    : ["HTTPS_PROXY", "https_proxy"];
  const variables = (name: string, env: readonly string[]): ExplainedSetting =>
    explainedSetting(
      name,
      resolve({
        name,
        env,
        read: (text) => text,
        accepts: () => false,
        allowed: "a URL",
        emptyIsUnset: true,
      }, { ...sources, explicit: [] }),
    );
  return [
    variables("proxy", [...scheme, "ALL_PROXY", "all_proxy"]),
    variables("noProxy", ["NO_PROXY", "no_proxy"]),
  ];
}

/** A wrong one ends no call of a program that needs no metadata service. */
function ofMetadata(
  row: Setting<unknown>,
  sources: SettingSources,
): ExplainedSetting {
  try {
    const found = explainedSetting(
      row.name,
      resolve(row, { ...sources, explicit: [] }),
    );
    if (found.value !== "") return found;
    // Where nothing names an address, the mode does.
    const { system, profile } = sources;
    const { endpoint, mode } = instanceAddress(system, profile.section);
    const value = row.name.endsWith("Mode") ? mode : endpoint;
    return { ...found, value };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      name: row.name,
      source: `not allowed: ${error.message}`,
      overridden: [],
      denied: [],
    };
  }
}

function explanationOf(
  profile: ConfigExplanation["profile"],
  resolved: ClientSettings,
  others: readonly ExplainedSetting[],
): ConfigExplanation {
  const { retry, service, proxy: _told, ...general } = resolved;
  const { strategy, ...retries } = retry;
  const rows: Readonly<Record<string, Resolved<unknown>>> = {
    ...general,
    ...Object.fromEntries(
      Object.entries(strategy === undefined ? retries : {})
        .map(([name, row]) => [`retry.${name}`, row]),
    ),
    ...service,
  };
  const settings = Object.entries(rows)
    .map(([name, row]) => explainedSetting(name, row))
    .concat(others)
    .toSorted((a, b) => a.name < b.name ? -1 : 1);
  return {
    profile,
    settings,
    toString: () =>
      [
        `profile = ${profile.name} (${profile.source})`,
        ...settings.map(line),
      ].join("\n"),
  };
}

function explainedSetting(
  name: string,
  { value, source, overridden, denied }: Resolved<unknown>,
): ExplainedSetting {
  return {
    name,
    ...value === undefined ? {} : { value: displayed(value) },
    source: sourceText(source),
    overridden: overridden.filter((other) => other.source.kind !== "default")
      .map((other) => sourceText(other.source)),
    denied,
  };
}

function line(
  { name, value, source, overridden, denied }: ExplainedSetting,
): string {
  const parts = [
    source,
    ...overridden.map((place) => `before ${place}`),
    ...denied.map((flag) => `not read without ${flag}`),
  ];
  return `${name} = ${value ?? "nothing"} (${parts.join("; ")})`;
}

/** A URL may hold a password, a certificate is long. */
function displayed(value: unknown): string {
  if (typeof value === "string") {
    return /\/\/|@/.test(value) ? redactAddress(value) : value;
  }
  return Array.isArray(value) ? `${value.length} items` : `${value}`;
}

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
    sources.push(await explainedSource(provider, signal));
  }
  return new CredentialsExplanation(sources);
}

async function explainedSource(
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
