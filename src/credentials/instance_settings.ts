/**
 * Settings of the instance metadata service.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";
import { readBoolean, readInteger } from "../foundation/setting_values.ts";
import type { ConfigSection } from "../ports/config.ts";
import type { System } from "../ports/system.ts";
import { textIn } from "./section.ts";

/** Where and how the metadata service is asked. */
export interface InstanceSettings {
  /** The service's address, without a slash at its end. */
  readonly endpoint: string;
  /** Longest time to connect, and longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** How often each question is asked at most. */
  readonly attempts: number;
  /** Whether it may be asked without a token, as version 1 is. */
  readonly version1: boolean;
}

const IPV4 = "http://169.254.169.254";
const IPV6 = "http://[fd00:ec2::254]";

/** Where a setting may stand. */
interface Places {
  readonly system: Pick<System, "env">;
  readonly section: ConfigSection | undefined;
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
  const v1Disabled = setting(
    "AWS_EC2_METADATA_V1_DISABLED",
    "ec2_metadata_v1_disabled",
    places,
  );
  return {
    endpoint: endpointOf(places),
    timeoutMs: 1_000 *
      numberOf("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", {
        ...places,
        least: 1,
      }),
    attempts: numberOf(
      "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
      "metadata_service_num_attempts",
      { ...places, least: 0 },
    ),
    version1: !readBoolean(v1Disabled ?? "false"),
  };
}

function endpointOf(places: Places): string {
  const variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  const key = "ec2_metadata_service_endpoint";
  const mode = modeOf(places);
  const endpoint = setting(variable, key, places);
  if (!endpoint) return mode === "ipv6" ? IPV6 : IPV4;
  if (
    !/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(endpoint) ||
    !URL.canParse(endpoint)
  ) {
    throw new ConfigError(
      "InvalidIMDSEndpointError",
      `Cannot ask the instance metadata service: ${variable} (or ${key} in the profile) ` +
        `must be a URL such as "${IPV4}", found "${redactAddress(endpoint)}"`,
    );
  }
  return endpoint.replace(/\/$/, "");
}

function modeOf(places: Places): string {
  const variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
  const key = "ec2_metadata_service_endpoint_mode";
  const mode = setting(variable, key, places);
  if (mode === undefined) {
    const old = setting("AWS_IMDS_USE_IPV6", "imds_use_ipv6", places);
    return readBoolean(old ?? "false") ? "ipv6" : "ipv4";
  }
  const lower = mode.toLowerCase();
  if (lower === "ipv4" || lower === "ipv6") return lower;
  throw new ConfigError(
    "InvalidIMDSEndpointModeError",
    `Cannot ask the instance metadata service: ${variable} (or ${key} in the profile) ` +
      `must be "ipv4" or "ipv6", found "${mode}"`,
  );
}

function numberOf(
  variable: string,
  key: string,
  { least, ...places }: Places & { readonly least: number },
): number {
  const text = setting(variable, key, places);
  if (text === undefined) return 1;
  const number = readInteger(text);
  if (number !== undefined && number >= least) return number;
  throw new ConfigError(
    "InvalidConfigError",
    `Cannot ask the instance metadata service: ${variable} (or ${key} in the profile) ` +
      `must be a whole number of at least ${least}, found "${text}"`,
  );
}

/** A variable that is set and empty is set. */
function setting(
  variable: string,
  key: string,
  { system, section }: Places,
): string | undefined {
  const found = system.env(variable);
  return found.kind === "found" ? found.value : textIn(section, key);
}
