/**
 * The options of clients by name, and what was meant by others.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { nearestName } from "../foundation/options.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { ServiceDefinition } from "../ports/service.ts";

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
