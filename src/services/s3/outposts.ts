/**
 * Endpoints of S3 on Outposts.
 *
 * @module
 */
import { EndpointError } from "../../foundation/errors.ts";
import { isHostLabel, signingRegionOf } from "../../endpoint/regional.ts";
import type { Arn } from "./arn.ts";
import { isVirtualHostable } from "./bucket_name.ts";
import {
  type EndpointParams,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./endpoint_params.ts";

const SERVICE = "s3-outposts";
const REGIONAL = { fips: false, dualstack: false } as const;

// The last characters of an alias: the hardware's letter, the outpost's id, the
// owner, the region's short name, and "--op-s3". Counted from the end.
const ALIAS_SUFFIX = "--op-s3";
const HARDWARE_AT = -50;
const OUTPOST_END = -32;
const REGION_AT = -12;

/**
 * Finds the endpoint of an access point alias of an outpost.
 *
 * @returns The route, or `undefined` where the bucket is none.
 */
export function outpostAliasRoute(
  place: EndpointParams,
  alias: string,
): Route | undefined {
  const hardware = alias.at(HARDWARE_AT);
  if (hardware === undefined || !alias.endsWith(ALIAS_SUFFIX)) return undefined;
  const outpost = alias.slice(HARDWARE_AT + 1, OUTPOST_END);
  refuseIf(
    !isHostLabel(outpost) || !isVirtualHostable(alias, false),
    `Cannot find the endpoint of outpost alias "${alias}": it must be ` +
      "lower-case letters, digits and hyphens",
  );
  const { custom, ...amazon } = place;
  const labels = `${alias}.${hardwareLabel(alias, hardware, outpost)}`;
  if (alias.startsWith("beta", alias.length + REGION_AT)) {
    if (custom !== undefined) {
      return routeTo(place, {
        labels,
        host: custom.authority,
        service: SERVICE,
      });
    }
    throw new EndpointError(
      `Cannot find the endpoint of outpost alias "${alias}": a beta region ` +
        "needs an endpointUrl",
    );
  }
  const region = signingRegionOf(place.region);
  const host = s3Host(SERVICE, REGIONAL, region, place.partition);
  return routeTo(amazon, { labels, host, service: SERVICE });
}

function hardwareLabel(
  alias: string,
  hardware: string,
  outpost: string,
): string {
  if (hardware === "e") return "ec2";
  if (hardware === "o") return `op-${outpost}`;
  throw new EndpointError(
    `Cannot find the endpoint of outpost alias "${alias}": its hardware is ` +
      `"${hardware}", known are "e" and "o"`,
  );
}

/** Finds the endpoint of an access point of an outpost, whose ARN is checked. */
export function outpostRoute(place: EndpointParams, arn: Arn): Route {
  const [, outpost = "", type, name = "", ...more] = arn.resource;
  refuseIf(
    place.dualstack || place.fips || place.accelerate,
    "Cannot use useDualstackEndpoint, useFipsEndpoint or " +
      "useAccelerateEndpoint with S3 on Outposts: it has no such hosts",
  );
  refuseIf(
    type !== "accesspoint" || more.length > 0 || !isHostLabel(outpost) ||
      !isHostLabel(name),
    "Cannot find the endpoint of an outpost's ARN: its resource is " +
      `"${arn.resource.join("/")}", allowed is ` +
      '"outpost/<id>/accesspoint/<name>"',
  );
  return routeTo(place, {
    labels: `${name}-${arn.account}.${outpost}`,
    host: s3Host(SERVICE, REGIONAL, arn.region, place.partition),
    region: arn.region,
    service: SERVICE,
  });
}
