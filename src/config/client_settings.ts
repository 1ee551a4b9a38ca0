/**
 * The settings that clients of all services have, each a row: its name in code,
 * its variables, its keys in a profile, its check and its default.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import {
  isBoolean,
  isCount,
  isMilliseconds,
  MILLISECONDS,
  readBoolean,
} from "../foundation/setting_values.ts";
import type { Resolved, Setting } from "../ports/config.ts";
import type { Logger } from "../ports/logger.ts";
import type { RetryMode } from "../ports/retry.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { System } from "../ports/system.ts";
import { resolveCaCerts } from "./ca_certs.ts";
import { resolveEndpointUrl } from "./endpoint_url.ts";
import type { ProfileSet } from "../ports/config.ts";
import { resolveRetry, type RetrySettings } from "./retry_settings.ts";
import { resolve, type SettingSources, sourceText } from "./settings.ts";

type WithDefault<T> = Setting<T> & { readonly fallback: T };

const REGION: Setting<string> = {
  name: "region",
  env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  profile: ["region"],
  read: (text) => isRegion(text) ? text : undefined,
  accepts: isRegion,
  allowed: 'a region such as "eu-west-1": letters, digits and inner hyphens',
  emptyIsUnset: true,
  code: "InvalidRegionError",
};

/** Names the application in the user agent. */
const USER_AGENT_APP_ID: Setting<string> = {
  name: "userAgentAppId",
  env: ["AWS_SDK_UA_APP_ID"],
  profile: ["sdk_ua_app_id"],
  read: (text) => text,
  accepts: () => false,
  allowed: "a text, in AWS_SDK_UA_APP_ID or sdk_ua_app_id",
};

const CONNECT_TIMEOUT = time("connectTimeoutMs", 60_000);
const READ_TIMEOUT = time("readTimeoutMs", 60_000);
const QUEUE_TIMEOUT = time("queueTimeoutMs", 60_000);
const ATTEMPT_TIMEOUT = time("attemptTimeoutMs");
const TOTAL_TIMEOUT = time("totalTimeoutMs");

const MAX_CONNECTIONS: Setting<number> = {
  name: "maxConnections",
  accepts: isCount,
  allowed: "a whole number of at least 1",
};

const MAX_IDLE_CONNECTIONS: WithDefault<number> = {
  name: "maxIdleConnections",
  accepts: (value) => value === 0 || isCount(value),
  allowed: "a whole number of at least 0",
  fallback: 10,
};

const PROXY: Setting<string | false> = {
  name: "proxy",
  accepts: (value) =>
    value === false || typeof value === "string" &&
      /^(?:https?|socks5h?):\/\/[^/?#]/i.test(value) && URL.canParse(value),
  allowed: 'a URL such as "http://proxy:3128", or false for no proxy',
};

const DUALSTACK = yesOrNo(
  "useDualstackEndpoint",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "use_dualstack_endpoint",
);
const FIPS = yesOrNo(
  "useFipsEndpoint",
  "AWS_USE_FIPS_ENDPOINT",
  "use_fips_endpoint",
);

/** The settings of one client, each with its source. */
export interface ClientSettings {
  /** Region. */
  readonly region: Resolved<string | undefined>;
  /** Endpoint that replaces the service's own. */
  readonly endpointUrl: Resolved<string | undefined>;
  /** Retries. */
  readonly retry: RetrySettings;
  /** Longest time to reach the server, in milliseconds. */
  readonly connectTimeoutMs: Resolved<number>;
  /** Longest silence of the server, in milliseconds. */
  readonly readTimeoutMs: Resolved<number>;
  /** Longest time of one attempt, in milliseconds. */
  readonly attemptTimeoutMs: Resolved<number | undefined>;
  /** Longest time of a whole call, in milliseconds. */
  readonly totalTimeoutMs: Resolved<number | undefined>;
  /** Connections open at once per host. */
  readonly maxConnections: Resolved<number | undefined>;
  /** Longest wait for a connection, in milliseconds. */
  readonly queueTimeoutMs: Resolved<number>;
  /** Idle connections kept per host. */
  readonly maxIdleConnections: Resolved<number>;
  /** Proxy, or `false` for none; `undefined`: what the proxy variables say. */
  readonly proxy: Resolved<string | false | undefined>;
  /** Certificates to trust beside the system's. */
  readonly caCerts: Resolved<readonly string[] | undefined>;
  /** Dual-stack hosts. */
  readonly useDualstackEndpoint: Resolved<boolean>;
  /** FIPS hosts. */
  readonly useFipsEndpoint: Resolved<boolean>;
  /** The service's own settings, by name; a row of the same name replaces one above. */
  readonly service: Readonly<Record<string, Resolved<unknown>>>;
}

/** What a client's settings depend on. */
export interface ClientSettingsInput {
  /** The service. */
  readonly service: Pick<ServiceDefinition, "id" | "settings">;
  /** Where settings can be set. */
  readonly places: SettingSources;
  /** What the files say. */
  readonly profiles: Pick<ProfileSet, "services">;
  /** Where the certificates are. */
  readonly system: System;
  /** The retry mode where none is set. Default: `"standard"`. */
  readonly usualRetryMode?: RetryMode;
}

/**
 * Resolves all settings of a client.
 *
 * @throws {ConfigError} If a value is not allowed, or contradicts another.
 */
export async function resolveClient(
  { service, places, profiles, system, usualRetryMode }: ClientSettingsInput,
): Promise<ClientSettings> {
  const own = Object.fromEntries(
    service.settings.map((row) => [row.name, resolve(row, places)]),
  );
  const endpointUrl = resolveEndpointUrl(service.id, places, profiles.services);
  const useDualstackEndpoint = resolve(DUALSTACK, places);
  const useFipsEndpoint = resolve(FIPS, places);
  refuseVariant(FIPS.name, useFipsEndpoint, endpointUrl);
  refuseVariant(DUALSTACK.name, useDualstackEndpoint, endpointUrl);
  return {
    region: resolve(REGION, places),
    endpointUrl,
    retry: resolveRetry(places, usualRetryMode),
    connectTimeoutMs: resolve(CONNECT_TIMEOUT, places),
    readTimeoutMs: resolve(READ_TIMEOUT, places),
    attemptTimeoutMs: resolve(ATTEMPT_TIMEOUT, places),
    totalTimeoutMs: resolve(TOTAL_TIMEOUT, places),
    maxConnections: resolve(MAX_CONNECTIONS, places),
    queueTimeoutMs: resolve(QUEUE_TIMEOUT, places),
    maxIdleConnections: resolve(MAX_IDLE_CONNECTIONS, places),
    proxy: resolve(PROXY, places),
    caCerts: await resolveCaCerts(places, system),
    useDualstackEndpoint,
    useFipsEndpoint,
    service: own,
    ...fipsRegion(places),
  };
}

/**
 * The pseudo-regions of old config files, such as `us-gov-west-1-fips` and
 * `fips-us-east-1`: a region and the wish for its FIPS hosts, as in botocore.
 */
function fipsRegion(
  places: SettingSources,
): Partial<Pick<ClientSettings, "region" | "useFipsEndpoint">> {
  const region = resolve(REGION, places);
  const name = region.value?.replace(/^fips-|-fips$/g, "");
  if (name === undefined || name === "" || name === region.value) return {};
  return {
    region: { ...region, value: name },
    useFipsEndpoint: { ...region, value: true },
  };
}

/** Which way a session's own requests take, beside those of its clients. */
export interface SessionConnections {
  /** Proxy, or `false` for none. Absent: what the proxy variables say. */
  readonly proxy?: string | false;
  /** Certificates to trust beside the system's. Absent: none. */
  readonly caCerts?: readonly string[];
}

/**
 * Resolves how a session connects where no client is concerned: to sign in.
 *
 * @param places Where settings can be set.
 * @param system Where the certificates are.
 * @throws {ConfigError} If a value is not allowed.
 */
export async function resolveConnections(
  places: SettingSources,
  system: System,
): Promise<SessionConnections> {
  const proxy = resolve(PROXY, places).value;
  const caCerts = (await resolveCaCerts(places, system)).value;
  return {
    ...proxy === undefined ? {} : { proxy },
    ...caCerts === undefined ? {} : { caCerts },
  };
}

/**
 * Refuses a choice among Amazon's hosts for an endpoint of one's own. Only what
 * was said in code contradicts: the environment and the files speak to all
 * services, and so say nothing about an endpoint of one's own.
 */
function refuseVariant(
  name: string,
  { value, source }: Resolved<boolean>,
  endpointUrl: Resolved<string | undefined>,
): void {
  if (!value || source.kind !== "code" || endpointUrl.value === undefined) {
    return;
  }
  throw new ConfigError(
    "ContradictoryOptions",
    `Cannot use ${sourceText(source)} with an endpoint of your own, set by ${
      sourceText(endpointUrl.source)
    }: ${name} chooses among Amazon's own hosts; leave one of them out`,
  );
}

/**
 * Resolves the region alone, as a session that has no client yet needs it.
 *
 * @param places Where it can be set.
 * @throws {ConfigError} `"InvalidRegionError"` if it is no region.
 */
export function resolveRegion(
  places: SettingSources,
): Resolved<string | undefined> {
  return fipsRegion(places).region ?? resolve(REGION, places);
}

/**
 * Resolves the id of the application, for the user agent.
 *
 * @param places Where it can be set; code is not among them.
 */
export function resolveAppId(
  places: SettingSources,
): Resolved<string | undefined> {
  return resolve(USER_AGENT_APP_ID, { ...places, given: [] });
}

/**
 * Tells that two variables name different regions, since boto3 reads only the
 * one that loses here. To be called once per session.
 *
 * @param region The resolved region.
 * @param logger Where it is told.
 */
export function tellRegionConflict(
  { value, source, beaten }: Resolved<string | undefined>,
  logger: Logger,
): void {
  if (source.kind !== "env") return;
  const other = beaten.find((it) => it.source.kind === "env");
  if (other === undefined || other.value === value) return;
  logger.warn(
    "AWS_REGION and AWS_DEFAULT_REGION differ; AWS_REGION counts",
    { AWS_REGION: value, AWS_DEFAULT_REGION: `${other.value}` },
  );
}

function time(name: string, fallback: number): WithDefault<number>;
function time(name: string): Setting<number>;
function time(name: string, fallback?: number): Setting<number> {
  const row = { name, accepts: isMilliseconds, allowed: MILLISECONDS };
  return fallback === undefined ? row : { ...row, fallback };
}

function yesOrNo(
  name: string,
  variable: string,
  key: string,
): WithDefault<boolean> {
  return {
    name,
    env: [variable],
    profile: [key],
    read: readBoolean,
    accepts: isBoolean,
    allowed: "true or false",
    fallback: false,
  };
}

/** A host label, and not a number, as botocore has it. */
function isRegion(value: unknown): value is string {
  return typeof value === "string" &&
    /^(?!\d+$)(?!-)[a-zA-Z\d-]{1,63}(?<!-)$/.test(value);
}
