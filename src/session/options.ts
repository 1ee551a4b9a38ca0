/**
 * What may be said about a session, its clients and a role that it assumes.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import {
  checkOptions,
  nearestName,
  type OptionKinds,
} from "../foundation/options.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { RoleRequest } from "../ports/credentials.ts";
import type { Transport } from "../ports/http.ts";
import type { ServiceDefinition } from "../ports/service.ts";
import type { Clock, System, WritableFiles } from "../ports/system.ts";
import type { Logger, Telemetry } from "../ports/telemetry.ts";

/** The library's own transports, by name. */
export type TransportName = "fetch" | "socket";

/** Settings of a session: a client's, and what all its clients share. */
export interface SessionOptions extends ClientConfig {
  /**
   * Profile in the config files. One that is named here hides the credentials in
   * the environment. Default: `AWS_DEFAULT_PROFILE`, `AWS_PROFILE`, `"default"`.
   */
  readonly profile?: string;
  /**
   * Gets the code of an MFA device, for roles that need one. Default: asks on
   * the terminal, where there is one.
   */
  readonly mfaCode?: (serialNumber: string) => Promise<string>;
  /**
   * `"cli"` keeps the credentials of profiles' roles on disk, where the AWS CLI
   * does: `~/.aws/cli/cache`. Default: in memory only.
   */
  readonly roleCache?: "cli";
  /**
   * Account that calls must be made in, 12 digits. Checked before the first
   * call. Default: any.
   */
  readonly expectedAccount?: string;
  /**
   * Longest document that is read into memory, in bytes; `Infinity` for any.
   * Default: 64 MiB. The content of objects has no limit.
   */
  readonly maxDocumentBytes?: number;
  /**
   * Longest answer with credentials, tokens or metadata that is read, in bytes;
   * `Infinity` for any. Default: 256 KiB.
   */
  readonly maxCredentialBytes?: number;
  /**
   * What sends: `"fetch"` of the platform, `"socket"` for sockets of the
   * library's own, which only Deno has, or a transport of the user's own.
   * Default: `"fetch"`. docs/transports.md says when to choose which.
   */
  readonly transport?: Transport | TransportName;
  /** Receives the library's messages. Default: none. */
  readonly logger?: Logger;
  /**
   * Whether debug messages show the start of bodies, 512 characters, those of
   * objects among them. Default: `true`.
   */
  readonly logBodies?: boolean;
  /**
   * Where a span for each call and measurements of calls and attempts go: the
   * tracer and the meter of `@opentelemetry/api` fit. Default: nowhere.
   */
  readonly telemetry?: Telemetry;
  /** Replaces the operating system, in tests. */
  readonly system?: System & WritableFiles;
  /** Replaces the clock, in tests. */
  readonly clock?: Clock;
  /** Replaces `Math.random`, in tests. */
  readonly random?: () => number;
  /** Replaces `crypto.randomUUID`, in tests. */
  readonly uuid?: () => string;
}

/** Names of all options of {@linkcode ClientConfig}, by the compiler's word. */
export const CLIENT_OPTIONS: readonly string[] = Object.keys(
  {
    region: 0,
    endpointUrl: 0,
    credentials: 0,
    retry: 0,
    connectTimeoutMs: 0,
    readTimeoutMs: 0,
    attemptTimeoutMs: 0,
    totalTimeoutMs: 0,
    maxConnections: 0,
    queueTimeoutMs: 0,
    maxIdleConnections: 0,
    proxy: 0,
    caCerts: 0,
    useDualstackEndpoint: 0,
    useFipsEndpoint: 0,
  } satisfies Record<keyof ClientConfig, number>,
);

/** Names of all options of a session, by the compiler's word. */
export const SESSION_OPTIONS: readonly string[] = [
  ...CLIENT_OPTIONS,
  ...Object.keys(
    {
      profile: 0,
      mfaCode: 0,
      roleCache: 0,
      expectedAccount: 0,
      maxDocumentBytes: 0,
      maxCredentialBytes: 0,
      transport: 0,
      logger: 0,
      logBodies: 0,
      telemetry: 0,
      system: 0,
      clock: 0,
      random: 0,
      uuid: 0,
    } satisfies Record<
      Exclude<keyof SessionOptions, keyof ClientConfig>,
      number
    >,
  ),
];

/** What only the library's own transport can do. */
export const TRANSPORT_OPTIONS: readonly (keyof ClientConfig)[] = [
  "connectTimeoutMs",
  "maxConnections",
  "queueTimeoutMs",
  "maxIdleConnections",
  "proxy",
  "caCerts",
];

/**
 * Refuses options that the user's own transport would not carry out.
 *
 * @param config The options of a client or a session.
 * @param session The options of the session.
 * @throws {ConfigError} `"ContradictoryOptions"`, naming both.
 */
export function checkTransportOptions(
  config: ClientConfig,
  session: SessionOptions,
): void {
  if (ownTransport(session) === undefined) return;
  const idle = TRANSPORT_OPTIONS.find((name) => config[name] !== undefined);
  if (idle === undefined) return;
  throw new ConfigError(
    "ContradictoryOptions",
    `Cannot use the option ${idle}: the session has a transport of its own, which decides that itself; set it there`,
  );
}

/**
 * Returns the transport of the user's own, if there is one.
 *
 * @param options The options of the session.
 */
export function ownTransport(
  { transport }: SessionOptions,
): Transport | undefined {
  return typeof transport === "string" ? undefined : transport;
}

/**
 * Refuses options that a session could not be made with; programs that nobody
 * type-checks may give `console` as a logger, or `fetch` as a transport.
 *
 * @param options The options of the session.
 * @throws {ConfigError} `"InvalidPart"`, `"InvalidConfigError"`,
 * `"InvalidAccount"`, `"InvalidLimit"`.
 */
export function checkSessionOptions(options: SessionOptions): void {
  const { transport, logger, system, clock, mfaCode, random, uuid } = options;
  const { tracer, meter } = options.telemetry ?? {};
  if (
    typeof transport === "string" && transport !== "fetch" &&
    transport !== "socket"
  ) {
    throw new ConfigError(
      "InvalidPart",
      `Invalid option transport of the session: expected "fetch", "socket" or a transport, found ${
        JSON.stringify(transport)
      }`,
    );
  }
  const parts = [
    [
      "transport",
      typeof transport === "string" ? undefined : transport,
      "send",
    ],
    ["logger", logger, "child"],
    ["system", system, "env"],
    ["clock", clock, "now"],
    ["telemetry.tracer", tracer, "startActiveSpan"],
    ["telemetry.meter", meter, "createHistogram"],
  ] as const;
  for (const [name, part, method] of parts) {
    // Asked for, not read: nothing of a part is touched before the first call.
    if (part === undefined || method in Object(part)) continue;
    const hint = name === "logger"
      ? "; loggerFrom of @inia/aws/logging makes a logger of console"
      : "";
    throw new ConfigError(
      "InvalidPart",
      `Cannot use the option ${name} of the session: it has no method ${method}${hint}`,
    );
  }
  const { logBodies, roleCache } = options;
  if (roleCache !== undefined && roleCache !== "cli") {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot use the option roleCache of the session: it must be "cli", found ${
        typeof roleCache === "string"
          ? `"${roleCache}"`
          : `a ${typeof roleCache}`
      }`,
    );
  }
  if (logBodies !== undefined && typeof logBodies !== "boolean") {
    throw new ConfigError(
      "InvalidConfigError",
      `Invalid option logBodies of the session: expected true or false, got a ${typeof logBodies}`,
    );
  }
  for (const [name, part] of Object.entries({ mfaCode, random, uuid })) {
    if (part === undefined || typeof part === "function") continue;
    throw new ConfigError(
      "InvalidPart",
      `Invalid option ${name} of the session: expected a function, got a ${typeof part}`,
    );
  }
  const { expectedAccount, maxDocumentBytes, maxCredentialBytes } = options;
  if (expectedAccount !== undefined && !/^\d{12}$/.test(expectedAccount)) {
    throw new ConfigError(
      "InvalidAccount",
      `Invalid expectedAccount of the session: expected the 12 digits of an account as text, got ${
        JSON.stringify(expectedAccount)
      }`,
    );
  }
  const limits = { maxDocumentBytes, maxCredentialBytes };
  for (const [name, limit] of Object.entries(limits)) {
    const whole = Number.isSafeInteger(limit) || limit === Infinity;
    if (limit === undefined || whole && limit > 0) continue;
    throw new ConfigError(
      "InvalidLimit",
      `Invalid ${name} of the session: expected a whole number of bytes above 0, or Infinity; got ${
        typeof limit === "number" ? limit : `a ${typeof limit}`
      }`,
    );
  }
}

/** What may be said about a role, in the words of the API. */
export type RoleOptions =
  & Omit<RoleRequest, "RoleArn" | "RoleSessionName" | "TokenCode">
  & {
    /** Name of the session, 2 to 64 characters. Default: `inia-session-` and the time. */
    readonly RoleSessionName?: string;
  };

const ROLE_OPTIONS: OptionKinds<RoleOptions> = {
  RoleSessionName: "text",
  DurationSeconds: "number",
  ExternalId: "text",
  SerialNumber: "text",
  Policy: "text",
  PolicyArns: "list",
  Tags: "list",
  TransitiveTagKeys: "list",
  SourceIdentity: "text",
};

/**
 * Refuses what cannot be asked for a role.
 *
 * @param arn The role.
 * @param options What is asked of STS beside the role.
 * @throws {ConfigError} `"InvalidOption"`, `"UnknownOption"`.
 */
export function checkRole(arn: unknown, options: RoleOptions): void {
  if (typeof arn !== "string") {
    throw new ConfigError(
      "InvalidOption",
      'Cannot assume a role: its ARN comes first and the parameters of the API behind it, as in assumeRole("arn:aws:iam::123456789012:role/reader", { DurationSeconds: 900 })',
    );
  }
  checkOptions("assume a role", options, ROLE_OPTIONS, {
    others: new Map(Object.entries({
      RoleArn: "the role is the first argument",
      TokenCode: "mfaCode, an option of the session, gets the code",
      mfaCode: "it is an option of the session",
      region: "it is an option of the session",
    })),
  });
}

/**
 * Names of all options of a client of a service.
 *
 * @param service The service.
 */
export function clientOptionNames(
  { settings }: Pick<ServiceDefinition, "settings">,
): readonly string[] {
  const names = [...CLIENT_OPTIONS];
  for (const { name } of settings) if (!names.includes(name)) names.push(name);
  return names;
}

/**
 * Refuses options of a client that do not exist.
 *
 * @param service The service.
 * @param options The options given in code.
 * @throws {ConfigError} `"UnknownOption"`, with the nearest name.
 */
export function checkClientOptions(
  service: Pick<ServiceDefinition, "id" | "settings">,
  options: object,
): void {
  const known = clientOptionNames(service);
  refuseUnknown(`a client of ${service.id}`, options, known);
}

/** What boto3 and other SDKs call an option, and how it is said here. */
const OF_BOTO3: ReadonlyMap<string, string> = new Map(Object.entries({
  region_name: "region",
  profile_name: "profile, an option of the session",
  endpoint_url: "endpointUrl",
  aws_access_key_id: "credentials: { accessKeyId, secretAccessKey }",
  aws_secret_access_key: "credentials: { accessKeyId, secretAccessKey }",
  aws_session_token:
    "credentials: { accessKeyId, secretAccessKey, sessionToken }",
  config: "its members, as options of their own",
  s3: "its members, as options of the client",
  retries: "retry",
  connect_timeout: "connectTimeoutMs",
  read_timeout: "readTimeoutMs",
  max_pool_connections: "maxIdleConnections",
  proxies: "proxy",
  verify: "caCerts",
  use_ssl: "the scheme of endpointUrl",
  regionName: "region",
  profileName: "profile, an option of the session",
  endpoint: "endpointUrl",
  accessKeyId: "credentials: { accessKeyId, secretAccessKey }",
  secretAccessKey: "credentials: { accessKeyId, secretAccessKey }",
  sessionToken: "credentials: { accessKeyId, secretAccessKey, sessionToken }",
  useSsl: "the scheme of endpointUrl",
  forcePathStyle: 'addressingStyle: "path"',
  s3ForcePathStyle: 'addressingStyle: "path"',
  maxPoolConnections: "maxIdleConnections",
  maxAttempts: "retry: { maxAttempts }",
  requestHandler: "transport, an option of the session",
}));

/**
 * Refuses options that do not exist.
 *
 * @param what What the options were given to, for example `"a client of s3"`.
 * @param options The options.
 * @param known Names of the options that exist.
 * @throws {ConfigError} `"UnknownOption"`, with the name that was meant.
 */
export function refuseUnknown(
  what: string,
  options: object,
  known: readonly string[],
): void {
  const found: unknown = options;
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new ConfigError(
      "UnknownOption",
      `Cannot make ${what}: the options must be an object, as in { region: "eu-west-1" }, found ${
        options === null
          ? "null"
          : Array.isArray(options)
          ? "a list"
          : `a ${typeof options}`
      }`,
    );
  }
  for (const name in options) {
    if (!Object.hasOwn(options, name) || known.includes(name)) continue;
    throw new ConfigError(
      "UnknownOption",
      `Cannot set "${name}" on ${what}: there is no such option; ${
        meant(name, known)
      }`,
    );
  }
}

function meant(name: string, known: readonly string[]): string {
  const ours = OF_BOTO3.get(name);
  if (ours !== undefined) {
    const who = name.includes("_") || name === name.toLowerCase() &&
        name !== "endpoint"
      ? "what boto3 calls so is"
      : "here it is";
    return `${who} ${ours}`;
  }
  if (name === "transport") {
    return "it is an option of the session, as in new Session({ transport })";
  }
  if (name === "profile") return "it is an option of the session";
  const like = nearestName(name, known);
  if (like !== undefined) return `did you mean "${like}"?`;
  return `the options are ${
    known.join(", ")
  }; those of one service are given to its client`;
}
