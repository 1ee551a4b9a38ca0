/**
 * Settings of the instance metadata service.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";
import { readBoolean, readInteger } from "../foundation/setting_values.ts";
import type { ConfigSection, Setting } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import { textIn } from "./section.ts";

/** Where and how the metadata service is asked. */
export interface InstanceSettings {
  /** The service's address, without a slash at its end. */
  readonly endpoint: string;
  /** Which address counts where none is set. */
  readonly mode: "ipv4" | "ipv6";
  /** Longest time to connect, and longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** How often each question is asked at most. */
  readonly attempts: number;
  /** Whether it may be asked without a token, as version 1 is. */
  readonly version1: boolean;
}

const IPV4 = "http://169.254.169.254";
const IPV6 = "http://[fd00:ec2::254]";

/** A setting that has a value wherever it is not set. */
type Row<T> = Setting<T> & {
  readonly fallback: T;
  readonly read: (text: string) => T | undefined;
  readonly env: readonly [string];
};

const DISABLED = yesOrNo("disabled", "AWS_EC2_METADATA_DISABLED");
const V1_DISABLED = yesOrNo(
  "v1Disabled",
  "AWS_EC2_METADATA_V1_DISABLED",
  "ec2_metadata_v1_disabled",
);
const USE_IPV6 = yesOrNo("useIpv6", "AWS_IMDS_USE_IPV6", "imds_use_ipv6");

const ENDPOINT: Row<string> = {
  ...fromText("endpoint", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
  profile: ["ec2_metadata_service_endpoint"],
  // An empty one is none.
  read: (text) => text === "" || isEndpoint(text) ? text : undefined,
  allowed: `a URL such as "${IPV4}"`,
  fallback: "",
  code: "InvalidIMDSEndpointError",
};

const MODE: Row<string> = {
  ...fromText("endpointMode", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
  profile: ["ec2_metadata_service_endpoint_mode"],
  read: (text) => /^ipv[46]$/i.test(text) ? text.toLowerCase() : undefined,
  allowed: '"ipv4" or "ipv6"',
  fallback: "",
  code: "InvalidIMDSEndpointModeError",
};

const TIMEOUT: Row<number> = {
  ...fromText("timeoutSeconds", "AWS_METADATA_SERVICE_TIMEOUT"),
  profile: ["metadata_service_timeout"],
  ...atLeast(1),
};

const ATTEMPTS: Row<number> = {
  ...fromText("attempts", "AWS_METADATA_SERVICE_NUM_ATTEMPTS"),
  profile: ["metadata_service_num_attempts"],
  ...atLeast(0),
};

/** The settings of the service, each a row, as they are told of. */
export const INSTANCE_SETTINGS: readonly Setting<unknown>[] = [
  DISABLED,
  ENDPOINT,
  MODE,
  USE_IPV6,
  TIMEOUT,
  ATTEMPTS,
  V1_DISABLED,
];

/** Where a setting may stand. */
interface Places {
  readonly system: Pick<System, "env">;
  readonly section: ConfigSection | undefined;
}

/**
 * Whether the service is not to be asked.
 *
 * @param system Whose environment counts.
 */
export function isDisabled(system: Pick<System, "env">): boolean {
  return valueOf(DISABLED, { system, section: undefined });
}

/**
 * Reads the settings; each variable beats the profile's key.
 *
 * @param system Whose environment counts.
 * @param section The profile that counts.
 * @throws {ConfigError} If a value is not allowed.
 */
export function instanceSettings(
  system: Pick<System, "env">,
  section: ConfigSection | undefined,
): InstanceSettings {
  const places = { system, section };
  return {
    ...instanceAddress(system, section),
    timeoutMs: 1_000 * valueOf(TIMEOUT, places),
    attempts: valueOf(ATTEMPTS, places),
    version1: !valueOf(V1_DISABLED, places),
  };
}

/**
 * Reads where the service is.
 *
 * @param system Whose environment counts.
 * @param section The profile that counts.
 * @throws {ConfigError} If a value is not allowed.
 */
export function instanceAddress(
  system: Pick<System, "env">,
  section: ConfigSection | undefined,
): Pick<InstanceSettings, "endpoint" | "mode"> {
  const places = { system, section };
  const mode = modeOf(places);
  const endpoint = valueOf(ENDPOINT, places).replace(/\/$/, "");
  return { endpoint: endpoint || (mode === "ipv6" ? IPV6 : IPV4), mode };
}

function modeOf(places: Places): InstanceSettings["mode"] {
  const mode = valueOf(MODE, places);
  if (mode !== "") return mode === "ipv6" ? "ipv6" : "ipv4";
  return valueOf(USE_IPV6, places) ? "ipv6" : "ipv4";
}

function isEndpoint(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(text) &&
    URL.canParse(text);
}

/** A variable that is set and empty is set. */
function valueOf<T>(row: Row<T>, { system, section }: Places): T {
  const [variable] = row.env;
  const [key] = row.profile ?? [];
  const found = system.env(variable);
  const text = found.kind === "found"
    ? found.value
    : key && textIn(section, key);
  if (text === undefined) return row.fallback;
  const value = row.read(text);
  if (value !== undefined) return value;
  throw new ConfigError(
    row.code ?? "InvalidConfigError",
    `Cannot ask the instance metadata service: ${variable} (or ${key} in the profile) ` +
      `must be ${row.allowed}, found "${redactAddress(text)}"`,
  );
}

function fromText(
  name: string,
  variable: string,
): {
  readonly name: string;
  readonly env: readonly [string];
  readonly accepts: () => boolean;
} {
  // There is no option in code.
  return {
    name: `metadataService.${name}`,
    env: [variable],
    accepts: () => false,
  };
}

function yesOrNo(name: string, variable: string, key?: string): Row<boolean> {
  return {
    ...fromText(name, variable),
    ...key !== undefined && { profile: [key] },
    read: readBoolean,
    allowed: "true or false",
    fallback: false,
  };
}

function atLeast(
  least: number,
): Pick<Row<number>, "allowed" | "fallback" | "read"> {
  return {
    read: (text) => {
      const number = readInteger(text);
      return number !== undefined && number >= least ? number : undefined;
    },
    allowed: `a whole number of at least ${least}`,
    fallback: 1,
  };
}
