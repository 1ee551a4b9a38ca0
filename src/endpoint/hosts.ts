/**
 * Hosts: those of AWS, with their partitions, FIPS and dual-stack variants, and
 * those that a user sets.
 *
 * Source: Smithy's rules engine, section "AWS rules engine library functions".
 *
 * @module
 */
import { EndpointError } from "../foundation/errors.ts";
import { redactAddress } from "../foundation/redact.ts";
import { type Partition, PARTITIONS } from "./generated/partitions.ts";

/** The pseudo region of hosts without a region. */
export const AWS_GLOBAL = "aws-global";

/** The region that global hosts sign for. */
export const GLOBAL_SIGNING_REGION = "us-east-1";

const HOST_LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;

/** Whether a text can stand between two dots of a host name (RFC 1123, section 2.1). */
export function isHostLabel(text: string): boolean {
  return HOST_LABEL.test(text);
}

/** Whether all parts of a text between its dots can. */
export function isHostName(text: string): boolean {
  return text.split(".").every(isHostLabel);
}

/** Finds the partition of a region; an unknown one is taken for AWS's main partition. */
export function partitionOf(region: string): Partition {
  for (const partition of PARTITIONS) {
    if (partition.pattern.test(region) || partition.others.includes(region)) {
      return partition;
    }
  }
  return PARTITIONS[0];
}

/**
 * Whether a text can be a region: one part of a host name, and no bare number.
 * It may come from a server or a file, and must not lead to another host.
 */
export function isRegion(text: string): boolean {
  return HOST_LABEL.test(text) && /\D/.test(text);
}

/**
 * Refuses what cannot be a region.
 *
 * @throws {EndpointError} If it cannot.
 */
export function checkRegion(region: string): void {
  if (isRegion(region)) return;
  throw new EndpointError(
    `Cannot use region ${JSON.stringify(region)}: a region is 1 to 63 ` +
      'letters, digits and hyphens, for example "eu-west-1"; set region or ' +
      "AWS_REGION right",
  );
}

/** The region to sign for: that of the client, but for the global hosts. */
export function signingRegionOf(region: string): string {
  return region === AWS_GLOBAL ? GLOBAL_SIGNING_REGION : region;
}

/** Which hosts are meant. */
export interface HostVariant {
  /** Hosts that FIPS 140 covers. */
  readonly fips: boolean;
  /** Hosts that are reachable over IPv6. */
  readonly dualstack: boolean;
}

/**
 * Names the host of a service in a region, by the general rules: FIPS is shown
 * by the first label, dual stack by the domain.
 *
 * @param service The first label, for example `"sts"`.
 * @throws {EndpointError} If the region's partition has no such hosts.
 */
export function regionalHost(
  service: string,
  region: string,
  { fips, dualstack }: HostVariant,
): string {
  const partition = partitionOf(region);
  if (fips && !partition.fips) throw noVariant("FIPS", region, partition);
  if (dualstack && !partition.dualstack) {
    throw noVariant("dual-stack", region, partition);
  }
  const suffix = dualstack ? partition.dualstackSuffix : partition.suffix;
  return `${service}${fips ? "-fips" : ""}.${region}.${suffix}`;
}

function noVariant(
  variant: string,
  region: string,
  { id }: Partition,
): EndpointError {
  return new EndpointError(
    `Cannot find a ${variant} host in region "${region}": partition ` +
      `"${id}" has none`,
  );
}

/** An endpoint set by the user, in its parts. */
export interface CustomEndpoint {
  /** Transfer protocol. */
  readonly scheme: "http" | "https";
  /** Host and port, as written. */
  readonly authority: string;
  /** Path without a slash at its end: `""`, or starting with a slash. */
  readonly path: string;
  /** Whether the host is an address, which cannot have labels put before it. */
  readonly isAddress: boolean;
}

// The characters are those of RFC 3986 (pchar), and the underscore that names of
// containers have. User names, queries and fragments are left out on purpose.
const ENDPOINT =
  /^(https?):\/\/((\[[\da-f:.]+\]|[a-z\d._-]+)(?::(\d{1,5}))?)((?:\/[\w.~!$&'()*+,;=:@%-]*)*)$/i;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const HIGHEST_PORT = 65_535;

/** Whether a text is written like an IPv4 address. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text);
}

/**
 * Reads an endpoint. The text is taken as it is written, never normalized: what
 * is signed must be what is sent.
 *
 * @param url The endpoint, for example `"http://localhost:9000"`.
 * @throws {EndpointError} If it is none.
 */
export function parseEndpointUrl(url: string): CustomEndpoint {
  const [, scheme, authority, host, port, path] = ENDPOINT.exec(url) ?? [];
  if (
    scheme === undefined || authority === undefined || host === undefined ||
    Number(port ?? 0) > HIGHEST_PORT
  ) {
    throw new EndpointError(
      `Cannot use the endpoint URL ${
        JSON.stringify(redactAddress(url))
      }: it must be http:// or ` +
        "https://, a host, and neither user name, query nor fragment, for " +
        'example "http://localhost:9000" (endpointUrl, AWS_ENDPOINT_URL)',
    );
  }
  return {
    scheme: scheme.toLowerCase() === "http" ? "http" : "https",
    authority,
    path: (path ?? "").replace(/\/+$/, ""),
    isAddress: host.startsWith("[") || IPV4.test(host),
  };
}
