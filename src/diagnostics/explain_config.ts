/**
 * Where each setting of a client came from.
 *
 * @module
 */
import {
  type ClientSettings,
  resolveAppId,
  resolveClient,
} from "../config/client_settings.ts";
import {
  resolve,
  type SettingSources,
  sourceText,
} from "../config/settings.ts";
import { INSTANCE_SETTINGS, instanceAddress } from "../credentials/instance.ts";
import { ConfigError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";
import type { ProfileSet, Resolved, Setting } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import type { ChosenProfile } from "../config/profiles.ts";
import type { ServiceDefinition } from "../ports/service.ts";

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
    explained("userAgentAppId", resolveAppId(sources)),
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
  if (proxy.source.kind !== "default") return [explained("proxy", proxy)];
  const scheme = endpointUrl.value?.startsWith("http:")
    ? ["HTTP_PROXY", "http_proxy"]
    : ["HTTPS_PROXY", "https_proxy"];
  const variables = (name: string, env: readonly string[]): ExplainedSetting =>
    explained(
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
    const found = explained(
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
    .map(([name, row]) => explained(name, row))
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

function explained(
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
