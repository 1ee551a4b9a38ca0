/**
 * STS, as the session sees it: its settings, and where its calls go.
 *
 * Source: the endpoint rule set of the STS model, version 2011-06-15.
 *
 * @module
 */
import {
  AWS_GLOBAL,
  checkRegion,
  GLOBAL_SIGNING_REGION,
  parseEndpointUrl,
  partitionOf,
  regionalHost,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import { oneOf } from "../../foundation/options.ts";
import type { ClientConfig, Setting } from "../../ports/config.ts";
import type {
  Endpoint,
  EndpointQuery,
  ServiceDefinition,
} from "../../ports/service.ts";

/** Settings of an STS client. */
export interface STSConfig extends ClientConfig {
  /**
   * Host for the older regions: that of the region, or the global one, whose
   * tokens newer regions may refuse. Default: `AWS_STS_REGIONAL_ENDPOINTS`, the
   * profile's `sts_regional_endpoints`, `"regional"`.
   */
  readonly endpointMode?: "legacy" | "regional";
}

/** Where the settings of STS may be set. */
export const stsSettings: readonly Setting<unknown>[] = [
  {
    name: "endpointMode",
    env: ["AWS_STS_REGIONAL_ENDPOINTS"],
    profile: ["sts_regional_endpoints"],
    ...oneOf(["regional", "legacy"]),
    fallback: "regional",
  },
];

const GLOBAL_HOST = "sts.amazonaws.com";

/** Regions that were there before STS had hosts of its own in regions. */
const LEGACY_REGIONS: ReadonlySet<string> = new Set([
  "ap-northeast-1",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
]);

/**
 * Finds the endpoint of an STS call.
 *
 * @throws {EndpointError} If there is none.
 */
export function stsEndpoint(query: EndpointQuery<STSConfig>): Endpoint {
  const { endpointUrl, region = AWS_GLOBAL, settings } = query;
  checkRegion(region);
  if (endpointUrl !== undefined) {
    const { authority, path, scheme } = parseEndpointUrl(endpointUrl);
    return endpoint(`${scheme}://${authority}`, region, path);
  }
  const fips = settings.useFipsEndpoint === true;
  const dualstack = settings.useDualstackEndpoint === true;
  if (fips || dualstack) {
    return endpoint(`https://${variantHost(region, fips, dualstack)}`, region);
  }
  const isGlobal = region === AWS_GLOBAL ||
    (settings.endpointMode === "legacy" && LEGACY_REGIONS.has(region));
  return isGlobal
    ? endpoint(`https://${GLOBAL_HOST}`, GLOBAL_SIGNING_REGION)
    : endpoint(`https://${regionalHost("sts", region, PLAIN)}`, region);
}

const PLAIN = { fips: false, dualstack: false } as const;

function variantHost(
  region: string,
  fips: boolean,
  dualstack: boolean,
): string {
  // The hosts of this partition meet FIPS 140 under their plain names.
  const isGov = partitionOf(region).id === "aws-us-gov";
  const named = fips && !(isGov && !dualstack);
  return regionalHost("sts", signingRegionOf(region), {
    fips: named,
    dualstack,
  });
}

function endpoint(origin: string, region: string, basePath = ""): Endpoint {
  return {
    origin,
    basePath,
    signingName: "sts",
    signingRegion: signingRegionOf(region),
    signingRules: "general",
  };
}

/** Facts of STS. */
export const sts: ServiceDefinition<STSConfig> = {
  id: "sts",
  protocol: async () => {
    const { queryProtocol } = await import("../../protocol/query.ts");
    return queryProtocol("2011-06-15");
  },
  endpoint: stsEndpoint,
  settings: stsSettings,
  regionless: true,
};
