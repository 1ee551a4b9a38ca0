/**
 * Where each setting of a client came from.
 *
 * @module
 */
import {
  type ClientSettings,
  resolveClient,
} from "../config/client_settings.ts";
import { sourceText } from "../config/settings.ts";
import { redactAddress } from "../foundation/redact.ts";
import type { ClientConfig, Resolved } from "../ports/config.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Shared } from "./shared.ts";

/** One setting, and how it came about. */
export interface ExplainedSetting {
  /** Name of the option in code, for example `"readTimeoutMs"`. */
  readonly name: string;
  /** Its value, as text without secrets; absent where it has none. */
  readonly value?: string;
  /** Where it was set: code, variable, file and line, or default. */
  readonly source: string;
  /** Where else it was set, without effect. */
  readonly beaten: readonly string[];
  /** Flags without which places could not be looked at. */
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

/**
 * Tells where each setting of a client comes from.
 *
 * @param shared What the session's clients share.
 * @param service The service.
 * @param config The client's own options.
 * @throws {ConfigError} If a setting has a value that is not allowed.
 */
export async function explainConfig<Config extends ClientConfig>(
  shared: Shared,
  service: ServiceDefinition<Config>,
  config: ClientConfig,
): Promise<ConfigExplanation> {
  const { profiles, profile } = await shared.setup();
  const resolved = await resolveClient({
    service,
    places: await shared.places(config),
    profiles,
    system: shared.system,
  });
  const source = sourceText(profile.source);
  return explanationOf({ name: profile.name, source }, resolved);
}

function explanationOf(
  profile: ConfigExplanation["profile"],
  resolved: ClientSettings,
): ConfigExplanation {
  const { retry, service, ...general } = resolved;
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
  { value, source, beaten, denied }: Resolved<unknown>,
): ExplainedSetting {
  return {
    name,
    ...value === undefined ? {} : { value: shown(value) },
    source: sourceText(source),
    beaten: beaten.filter((other) => other.source.kind !== "default")
      .map((other) => sourceText(other.source)),
    denied,
  };
}

function line(
  { name, value, source, beaten, denied }: ExplainedSetting,
): string {
  const parts = [
    source,
    ...beaten.map((place) => `before ${place}`),
    ...denied.map((flag) => `not looked at without ${flag}`),
  ];
  return `${name} = ${value ?? "nothing"} (${parts.join("; ")})`;
}

/** A URL may hold a password, a certificate is long. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    return /\/\/|@/.test(value) ? redactAddress(value) : value;
  }
  return Array.isArray(value) ? `${value.length} items` : `${value}`;
}
