/**
 * Where IAM Identity Center and AWS Sign-In are.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";

/** A service that the AWS CLI signs in at. */
export type SignInService = "signin" | "sso" | "sso-oidc";

/** The endpoint that the user has set in place of a service's own, if any. */
export type SignInEndpoint = (service: SignInService) => string | undefined;

/** DNS suffixes of partitions, by how the names of their regions start. */
const SUFFIXES: readonly (readonly [start: string, suffix: string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["eusc-", "amazonaws.eu"],
  ["eu-isoe-", "cloud.adc-e.uk"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-isof-", "csp.hci.ic.gov"],
  ["us-iso-", "c2s.ic.gov"],
];

/**
 * The access portal, which hands out credentials.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function portalOrigin(region: string): string {
  return `https://portal.sso.${checked(region)}.${suffixOf(region)}`;
}

/**
 * The service that refreshes SSO tokens.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function oidcOrigin(region: string): string {
  return `https://oidc.${checked(region)}.${suffixOf(region)}`;
}

/**
 * The service that refreshes what `aws login` left.
 *
 * @param region A region.
 * @throws {ConfigError} If it is no region.
 */
export function signInOrigin(region: string): string {
  checked(region);
  if (region.startsWith("cn-")) return `https://${region}.signin.amazonaws.cn`;
  if (region.startsWith("us-gov-")) {
    return `https://${region}.signin.amazonaws-us-gov.com`;
  }
  const suffix = suffixOf(region);
  return suffix === DEFAULT_SUFFIX
    ? `https://${region}.signin.aws.amazon.com`
    : `https://signin.${region}.${suffix}`;
}

/**
 * A path under the endpoint that the user has set, else under the service's own.
 *
 * @param custom The user's endpoint, as a URL that may have a path.
 * @param origin The service's own.
 * @param path The path, with its slash.
 */
export function signInUrl(
  custom: string | undefined,
  origin: () => string,
  path: string,
): string {
  return (custom?.replace(/\/+$/, "") ?? origin()) + path;
}

const DEFAULT_SUFFIX = "amazonaws.com";

function suffixOf(region: string): string {
  return SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ??
    DEFAULT_SUFFIX;
}

/** A token must not go where a malformed region would lead. */
function checked(region: string): string {
  if (/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) return region;
  throw new ConfigError(
    "InvalidRegionError",
    `Cannot sign in at region "${region}": a region has letters, digits and inner hyphens only`,
  );
}
