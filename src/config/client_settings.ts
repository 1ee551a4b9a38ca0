/**
 * The settings that clients of all services have, each a row: its name in code,
 * its variables, its keys in a profile, its check and its default. Those of retries
 * are a mode, its options, or a strategy of the user's own.
 *
 * Source: "Retry behavior", AWS SDKs and Tools Reference Guide, settings.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import {
  isBoolean,
  isCount,
  isMilliseconds,
  isText,
  MILLISECONDS,
  nearestName,
  oneOf,
  readBoolean,
  readCount,
} from "../foundation/options.ts";
import { expandPath } from "../foundation/paths.ts";
import type {
  Candidate,
  ConfigSection,
  ProfileSet,
  Resolved,
  Setting,
} from "../ports/config.ts";
import type { RetryMode, RetryOptions, RetryStrategy } from "../ports/retry.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { System } from "../ports/system.ts";
import type { Logger } from "../ports/telemetry.ts";
import {
  type ExplicitOptions,
  inSection,
  resolve,
  search,
  type SettingSources,
  settle,
  sourceText,
} from "./settings.ts";

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

const TIME = { accepts: isMilliseconds, allowed: MILLISECONDS };
const MINUTE = { ...TIME, fallback: 60_000 };
const CONNECT_TIMEOUT = { name: "connectTimeoutMs", ...MINUTE };
const READ_TIMEOUT = { name: "readTimeoutMs", ...MINUTE };
const QUEUE_TIMEOUT = { name: "queueTimeoutMs", ...MINUTE };
const ATTEMPT_TIMEOUT: Setting<number> = { name: "attemptTimeoutMs", ...TIME };
const TOTAL_TIMEOUT: Setting<number> = { name: "totalTimeoutMs", ...TIME };

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

const SWITCH = {
  read: readBoolean,
  accepts: isBoolean,
  allowed: "true or false",
  fallback: false,
};
const DUALSTACK: WithDefault<boolean> = {
  name: "useDualstackEndpoint",
  env: ["AWS_USE_DUALSTACK_ENDPOINT"],
  profile: ["use_dualstack_endpoint"],
  ...SWITCH,
};
const FIPS: WithDefault<boolean> = {
  name: "useFipsEndpoint",
  env: ["AWS_USE_FIPS_ENDPOINT"],
  profile: ["use_fips_endpoint"],
  ...SWITCH,
};

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
interface ClientSettingsInput {
  /** The service. */
  readonly service: Pick<ServiceDefinition, "id" | "settings">;
  /** Where settings can be set. */
  readonly sources: SettingSources;
  /** What the files say. */
  readonly profiles: Pick<ProfileSet, "services">;
  /** Where the certificates are. */
  readonly system: System;
  /** The retry mode where none is set. Default: `"standard"`. */
  readonly defaultRetryMode?: RetryMode;
}

/**
 * Resolves all settings of a client.
 *
 * @throws {ConfigError} If a value is not allowed, or contradicts another.
 */
export async function resolveClient(
  { service, sources, profiles, system, defaultRetryMode }: ClientSettingsInput,
): Promise<ClientSettings> {
  const own: Record<string, Resolved<unknown>> = {};
  for (const row of service.settings) own[row.name] = resolve(row, sources);
  const endpointUrl = resolveEndpointUrl(
    service.id,
    sources,
    profiles.services,
  );
  const useDualstackEndpoint = resolve(DUALSTACK, sources);
  const useFipsEndpoint = resolve(FIPS, sources);
  if (useFipsEndpoint.value) {
    refuseVariant(FIPS.name, useFipsEndpoint, endpointUrl);
  }
  if (useDualstackEndpoint.value) {
    refuseVariant(DUALSTACK.name, useDualstackEndpoint, endpointUrl);
  }
  return {
    endpointUrl,
    retry: resolveRetry(sources, defaultRetryMode),
    connectTimeoutMs: resolve(CONNECT_TIMEOUT, sources),
    readTimeoutMs: resolve(READ_TIMEOUT, sources),
    attemptTimeoutMs: resolve(ATTEMPT_TIMEOUT, sources),
    totalTimeoutMs: resolve(TOTAL_TIMEOUT, sources),
    maxConnections: resolve(MAX_CONNECTIONS, sources),
    queueTimeoutMs: resolve(QUEUE_TIMEOUT, sources),
    maxIdleConnections: resolve(MAX_IDLE_CONNECTIONS, sources),
    proxy: resolve(PROXY, sources),
    caCerts: await resolveCaCerts(sources, system),
    useDualstackEndpoint,
    useFipsEndpoint,
    service: own,
    ...regionOf(sources),
  };
}

/**
 * The pseudo-regions of old config files, such as `us-gov-west-1-fips` and
 * `fips-us-east-1`: a region and the choice of its FIPS hosts, as in botocore.
 */
function regionOf(
  sources: SettingSources,
): Pick<ClientSettings, "region"> & Partial<ClientSettings> {
  const region = resolve(REGION, sources);
  const name = region.value?.replace(/^fips-|-fips$/g, "");
  if (!name || name === region.value) return { region };
  return {
    region: { ...region, value: name },
    useFipsEndpoint: { ...region, value: true },
  };
}

/** Which way a session's own requests take, beside those of its clients. */
interface SessionConnections {
  /** Proxy, or `false` for none. Absent: what the proxy variables say. */
  readonly proxy?: string | false;
  /** Certificates to trust beside the system's. Absent: none. */
  readonly caCerts?: readonly string[];
}

/**
 * Resolves how a session connects where no client is concerned: to sign in.
 *
 * @param sources Where settings can be set.
 * @param system Where the certificates are.
 * @throws {ConfigError} If a value is not allowed.
 */
export async function resolveConnections(
  sources: SettingSources,
  system: System,
): Promise<SessionConnections> {
  const proxy = resolve(PROXY, sources).value;
  const caCerts = (await resolveCaCerts(sources, system)).value;
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
  { source }: Resolved<boolean>,
  endpointUrl: Resolved<string | undefined>,
): void {
  if (source.kind !== "code" || endpointUrl.value === undefined) return;
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
 * @param sources Where it can be set.
 * @throws {ConfigError} `"InvalidRegionError"` if it is no region.
 */
export function resolveRegion(
  sources: SettingSources,
): Resolved<string | undefined> {
  return regionOf(sources).region;
}

/**
 * Resolves the id of the application, for the user agent.
 *
 * @param sources Where it can be set; code is not among them.
 */
export function resolveAppId(
  sources: SettingSources,
): Resolved<string | undefined> {
  return resolve(USER_AGENT_APP_ID, { ...sources, explicit: [] });
}

/**
 * Tells that two variables name different regions, since boto3 reads only the
 * one that loses here. To be called once per session.
 *
 * @param region The resolved region.
 * @param logger Gets the warning.
 */
export function tellRegionConflict(
  { value, source, overridden }: Resolved<string | undefined>,
  logger: Logger,
): void {
  if (source.kind !== "env") return;
  const other = overridden.find((it) => it.source.kind === "env");
  if (other === undefined || other.value === value) return;
  logger.warn(
    "AWS_REGION and AWS_DEFAULT_REGION differ; AWS_REGION counts",
    { AWS_REGION: value, AWS_DEFAULT_REGION: `${other.value}` },
  );
}

/** A host label, and not a number, as botocore has it. */
function isRegion(value: unknown): value is string {
  return typeof value === "string" &&
    /^(?!\d+$)(?!-)[a-zA-Z\d-]{1,63}(?<!-)$/.test(value);
}

const ENDPOINT_URL: Setting<string> = {
  name: "endpointUrl",
  env: ["AWS_ENDPOINT_URL"],
  profile: ["endpoint_url"],
  read: (text) => isEndpoint(text) ? text : undefined,
  accepts: isEndpoint,
  allowed: 'a URL with scheme and host, such as "http://localhost:9000"',
  code: "InvalidEndpointError",
};

/** Switches off what is not set in code. */
const IGNORE: WithDefault<boolean> = {
  name: "ignoreConfiguredEndpointUrls",
  env: ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"],
  profile: ["ignore_configured_endpoint_urls"],
  ...SWITCH,
};

/**
 * Resolves the endpoint of a service: code, `AWS_ENDPOINT_URL_<SERVICE>`,
 * `AWS_ENDPOINT_URL`, the profile's `services` section, the profile's
 * `endpoint_url`. Outside code an empty one counts as none.
 *
 * @param service Id of the service, for example `"s3"`.
 * @param sources Where settings can be set.
 * @param services The `services` sections of the config file.
 * @throws {ConfigError} If it is no URL, or the profile names a `services`
 * section that is not there.
 */
export function resolveEndpointUrl(
  service: string,
  sources: SettingSources,
  services: ProfileSet["services"],
): Resolved<string | undefined> {
  const name = service.replaceAll("-", "_");
  const { candidates, denied } = search({
    ...ENDPOINT_URL,
    env: [`AWS_ENDPOINT_URL_${name.toUpperCase()}`, "AWS_ENDPOINT_URL"],
  }, sources);
  if (sources.brief && candidates[0]?.source.kind === "code") {
    return settle(ENDPOINT_URL, { candidates, denied });
  }
  const of = (kind: Candidate["source"]["kind"]): readonly Candidate[] =>
    candidates.filter(({ source, value }) =>
      source.kind === kind && (kind === "code" || value !== "")
    );
  const ignore = resolve(IGNORE, sources);
  const configured = ignore.value ? [] : [
    ...of("env"),
    ...inServices(name, sources.profile.section, services),
    ...of("file"),
  ];
  return settle(ENDPOINT_URL, {
    candidates: [...of("code"), ...configured],
    denied: [...denied, ...ignore.denied],
  });
}

function inServices(
  service: string,
  profile: ConfigSection | undefined,
  services: ProfileSet["services"],
): readonly Candidate[] {
  const name = profile?.values["services"];
  if (profile === undefined || name === undefined) return [];
  const section = typeof name === "string" ? services.get(name) : undefined;
  if (section === undefined) {
    const { file, line } = profile.locations["services"] ?? profile.location;
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot find the endpoints that the profile names in "${file}", line ${line}: there is no section [services ${
        typeof name === "string" ? name : "..."
      }]; add it or remove the key services`,
    );
  }
  return inSection(`services ${name}`, section, `${service}.endpoint_url`)
    .filter(({ value }) => value !== "");
}

function isEndpoint(value: unknown): value is string {
  return typeof value === "string" && /^https?:\/\/[^/?#]/i.test(value) &&
    URL.canParse(value);
}

const CA_CERTS: Setting<readonly string[]> = {
  name: "caCerts",
  accepts: (value) => Array.isArray(value) && value.every(isPem),
  allowed: "a list of certificates as PEM texts",
};

const CA_BUNDLE: Setting<string> = {
  name: "certificate bundle",
  env: ["AWS_CA_BUNDLE"],
  profile: ["ca_bundle"],
  read: (text) => isText(text) ? text : undefined,
  accepts: isText,
  allowed: "a path to a PEM file",
  emptyIsUnset: true,
};

/**
 * Resolves the certificates: the texts given in code, else the file that
 * `AWS_CA_BUNDLE` or the profile's `ca_bundle` names.
 */
async function resolveCaCerts(
  sources: SettingSources,
  system: System,
): Promise<Resolved<readonly string[] | undefined>> {
  const explicit = resolve(CA_CERTS, sources);
  if (sources.brief && explicit.value !== undefined) return explicit;
  const bundle = resolve(CA_BUNDLE, { ...sources, explicit: [] });
  if (explicit.value !== undefined) {
    const weaker = bundle.value === undefined
      ? []
      : [{ source: bundle.source, value: bundle.value }, ...bundle.overridden];
    return { ...explicit, overridden: [...explicit.overridden, ...weaker] };
  }
  if (bundle.value === undefined) return { ...bundle, value: undefined };
  const text = await readBundle(
    bundle.value,
    sourceText(bundle.source),
    system,
  );
  return { ...bundle, value: [text] };
}

async function readBundle(
  written: string,
  source: string,
  system: System,
): Promise<string> {
  const { path, denied } = expandPath(written, system);
  const refuse = (why: string, cause?: unknown): never => {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot read the certificates in "${
        path ?? written
      }", named by ${source}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  };
  if (path === undefined) {
    return refuse(
      denied.length > 0
        ? `the home folder is not known; run with ${denied.join(" ")}`
        : "the home folder is not known; set HOME",
    );
  }
  let found;
  try {
    found = await system.readText(path);
  } catch (cause) {
    return refuse("the system refused it, or it is not text", cause);
  }
  if (found.kind === "denied") {
    return refuse(`it is not permitted; run with ${found.flag}`);
  }
  if (found.kind === "absent") return refuse("there is no such file");
  return isPem(found.value) ? found.value : refuse("it holds no certificate");
}

function isPem(value: unknown): value is string {
  return typeof value === "string" && value.includes("-----BEGIN ");
}

/** The settings of a client's retries. */
export interface RetrySettings {
  /** The user's own strategy, which replaces all others. */
  readonly strategy?: RetryStrategy;
  /** Behaviour. */
  readonly mode: Resolved<RetryMode>;
  /** Attempts in all; where it is not set the mode has its own number. */
  readonly maxAttempts: Resolved<number | undefined>;
  /** The numbers of the standard and adaptive modes. */
  readonly constants: Resolved<"2026" | "classic">;
  /** Whether calls that are not idempotent are repeated. */
  readonly repeatUnsafe: Resolved<boolean>;
  /** Whether `Retry-After` counts. */
  readonly honourRetryAfter: Resolved<boolean>;
}

const MODE: Setting<RetryMode> = {
  name: "retry.mode",
  env: ["AWS_RETRY_MODE"],
  profile: ["retry_mode"],
  ...oneOf<RetryMode>(["legacy", "standard", "adaptive"]),
  code: "InvalidRetryModeError",
};

const MAX_ATTEMPTS: Setting<number> = {
  name: "retry.maxAttempts",
  env: ["AWS_MAX_ATTEMPTS"],
  profile: ["max_attempts"],
  read: readCount,
  accepts: isCount,
  allowed: "a whole number of at least 1, the first attempt included",
  code: "InvalidMaxRetryAttemptsError",
};

const CONSTANTS = {
  name: "retry.constants",
  env: ["AWS_NEW_RETRIES_2026"],
  ...oneOf<"2026" | "classic">(["classic", "2026"]),
  read: (text: string): "2026" | "classic" =>
    readBoolean(text) ? "2026" : "classic",
  fallback: "classic",
  code: "InvalidRetryConfigurationError",
} satisfies Setting<"2026" | "classic">;

/** A setting that is a yes or no in code and nowhere else. */
const RETRY_SWITCH = {
  accepts: isBoolean,
  allowed: "true or false",
  fallback: false,
  code: "InvalidRetryConfigurationError",
};
const REPEAT_UNSAFE = { name: "retry.repeatUnsafe", ...RETRY_SWITCH };
const HONOUR_RETRY_AFTER = { name: "retry.honourRetryAfter", ...RETRY_SWITCH };

const DEFAULTS_MODES = oneOf([
  "legacy",
  "standard",
  "in-region",
  "cross-region",
  "mobile",
  "auto",
]);

/** A bundle of defaults; only what it says of retries counts here. */
const DEFAULTS_MODE: Setting<string> = {
  name: "defaultsMode",
  env: ["AWS_DEFAULTS_MODE"],
  profile: ["defaults_mode"],
  ...DEFAULTS_MODES,
  read: (text) => DEFAULTS_MODES.read(text.toLowerCase()),
  code: "InvalidDefaultsMode",
};

/** What may stand in the option `retry`, by the compiler's word. */
const OPTION_NAMES = Object.keys(
  {
    mode: 0,
    maxAttempts: 0,
    constants: 0,
    repeatUnsafe: 0,
    honourRetryAfter: 0,
  } satisfies Record<keyof RetryOptions, number>,
);

/**
 * Resolves the settings of retries. What a client's option `retry` leaves out
 * comes from the session's.
 *
 * @param sources Where settings can be set.
 * @param fallback The mode where none is set.
 * @throws {ConfigError} If a value is not allowed.
 */
export function resolveRetry(
  sources: SettingSources,
  fallback: RetryMode = "standard",
): RetrySettings {
  // A strategy hides whatever weaker sources say.
  let strategy: unknown;
  const explicit: ExplicitOptions[] = [];
  for (const { owner, options } of sources.explicit) {
    const { retry } = options;
    if (retry === undefined) continue;
    if (explicit.length === 0) strategy = retry;
    explicit.push(flatten(owner, retry));
  }
  const within: SettingSources = { ...sources, explicit };
  const constants = resolve(CONSTANTS, within);
  const mode = resolveMode(within, constants, fallback);
  // Variables and profiles speak to all programs: only code contradicts itself.
  if (
    mode.value === "legacy" && constants.value === "2026" &&
    constants.source.kind === "code"
  ) {
    throw new ConfigError(
      "ContradictoryOptions",
      `Cannot use the constants "2026" with the retry mode "legacy", set by ${
        sourceText(mode.source)
      }: they are of the modes standard and adaptive; leave one of them out`,
    );
  }
  return {
    ...isStrategy(strategy) ? { strategy } : {},
    mode,
    maxAttempts: resolve(MAX_ATTEMPTS, within),
    constants,
    repeatUnsafe: resolve(REPEAT_UNSAFE, within),
    honourRetryAfter: resolve(HONOUR_RETRY_AFTER, within),
  };
}

/**
 * Refuses an option `retry` that no call could be made with.
 *
 * @param owner Where it was given.
 * @param retry The option.
 * @throws {ConfigError} If it is not allowed.
 */
export function checkRetry(
  owner: ExplicitOptions["owner"],
  retry: unknown,
): void {
  if (retry === undefined) return;
  resolveRetry({
    explicit: [{ owner, options: { retry } }],
    system: { env: () => ({ kind: "absent" }) },
    profile: { name: "default" },
  });
}

/** The new numbers, and every defaults mode but `legacy`, are of the standard mode. */
function resolveMode(
  sources: SettingSources,
  constants: RetrySettings["constants"],
  fallback: RetryMode,
): Resolved<RetryMode> {
  const found = search(MODE, sources);
  const defaults = resolve(DEFAULTS_MODE, sources);
  const implied: Candidate[] = [];
  if (constants.value === "2026") {
    implied.push({ source: constants.source, value: "standard" });
  }
  if (defaults.value !== undefined && defaults.value !== "legacy") {
    implied.push({ source: defaults.source, value: "standard" });
  }
  const resolved = settle({ ...MODE, fallback }, {
    candidates: [...found.candidates, ...implied],
    denied: [...found.denied, ...defaults.denied],
  });
  return { ...resolved, value: resolved.value ?? fallback };
}

/** `{ retry: { mode } }` to `{ "retry.mode": mode }`, so that errors name both. */
function flatten(
  owner: ExplicitOptions["owner"],
  retry: unknown,
): ExplicitOptions {
  if (retry === undefined || isStrategy(retry)) return { owner, options: {} };
  if (typeof retry !== "object" || retry === null) {
    return { owner, options: { [MODE.name]: retry } };
  }
  const unknown = Object.keys(retry).find((key) => !OPTION_NAMES.includes(key));
  if (unknown !== undefined) throw unknownOption(owner, unknown);
  return {
    owner,
    options: Object.fromEntries(
      Object.entries(retry).map(([key, value]) => [`retry.${key}`, value]),
    ),
  };
}

function unknownOption(owner: string, name: string): ConfigError {
  const like = nearestName(name, OPTION_NAMES);
  return new ConfigError(
    "InvalidRetryConfigurationError",
    `Unknown option "${name}" in retry of the ${owner}: expected ${
      OPTION_NAMES.join(", ")
    }${like === undefined ? "" : `; did you mean "${like}"?`}`,
  );
}

function isStrategy(retry: unknown): retry is RetryStrategy {
  return typeof retry === "object" && retry !== null &&
    "begin" in retry && typeof retry.begin === "function";
}
