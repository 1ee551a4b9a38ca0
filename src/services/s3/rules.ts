/**
 * The rules for S3's endpoints, written out.
 *
 * Source: the endpoint rule set of the S3 model, version 2006-03-01. Hosts that
 * the rule set makes and that cannot exist are not made here: a dotted bucket
 * before an IP address, "aws-global" as part of a host, a region of more than one
 * host label, the region in a host of S3 Transfer Acceleration.
 *
 * @module
 */
import {
  AWS_GLOBAL,
  checkRegion,
  GLOBAL_SIGNING_REGION,
  signingRegionOf,
} from "../../endpoint/regional.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import { arnRoute } from "./access_points.ts";
import { isArn } from "./arn.ts";
import { isVirtualHostable } from "./bucket_name.ts";
import { expressControlRoute, expressRoute } from "./express.ts";
import { outpostAliasRoute } from "./outposts.ts";
import {
  type EndpointParams,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./endpoint_params.ts";

/**
 * Finds the endpoint of a bucket, or of S3 itself.
 *
 * @param place What the rules look at.
 * @throws {EndpointError} If there is none.
 */
export function resolveS3(place: EndpointParams): Route {
  checkRegion(place.region);
  checkCombinations(place);
  const { bucket } = place;
  if (bucket === undefined) return serviceRoute(place);
  return expressRoute(place, bucket) ??
    outpostAliasRoute(place, bucket) ??
    bucketRoute(place, bucket);
}

function checkCombinations(place: EndpointParams): void {
  const { accelerate, custom, dualstack, fips, partition } = place;
  refuseIf(
    accelerate && fips,
    "Cannot use useAccelerateEndpoint with useFipsEndpoint: S3 Transfer " +
      "Acceleration has no FIPS hosts",
  );
  refuseIf(
    custom !== undefined && (accelerate || dualstack || fips),
    "Cannot use useAccelerateEndpoint, useDualstackEndpoint or " +
      "useFipsEndpoint with endpointUrl: they choose among AWS's own hosts",
  );
  refuseIf(
    fips && partition.id === "aws-cn",
    `Cannot use useFipsEndpoint in region "${place.region}": S3 has no FIPS ` +
      'hosts in partition "aws-cn"',
  );
}

function serviceRoute(place: EndpointParams): Route {
  if (place.expressControl) return expressControlRoute(place);
  if (!place.objectLambda) return routeTo(place, { host: plainHost(place) });
  refuseIf(
    place.dualstack || place.accelerate,
    "Cannot use useDualstackEndpoint or useAccelerateEndpoint with S3 Object " +
      "Lambda: it has no such hosts",
  );
  const { partition, region } = place;
  return routeTo(place, {
    host: s3Host("s3-object-lambda", place, signingRegionOf(region), partition),
    service: "s3-object-lambda",
  });
}

function bucketRoute(place: EndpointParams, bucket: string): Route {
  if (isArn(bucket)) return arnRoute(place, bucket);
  const { accelerate, custom, pathStyle } = place;
  // A host name covers a dotted bucket only where no certificate is checked.
  const hostable = isVirtualHostable(bucket, custom?.scheme === "http");
  if (!pathStyle && hostable && !custom?.isAddress) {
    const host = accelerate ? accelerateHost(place) : plainHost(place);
    return routeTo(place, { labels: bucket, host });
  }
  refuseIf(
    accelerate,
    `Cannot use useAccelerateEndpoint with bucket "${bucket}": S3 Transfer ` +
      "Acceleration needs the bucket in the host name, and this one stays " +
      "in the path",
  );
  const path = `/${encodeComponent(bucket)}`;
  return routeTo(place, { host: plainHost(place), path });
}

function plainHost(place: EndpointParams): string {
  const { dualstack, fips, globalHost, partition, region } = place;
  const regionless = region === AWS_GLOBAL ||
    (globalHost && region === GLOBAL_SIGNING_REGION);
  if (regionless && !fips && !dualstack) return `s3.${partition.suffix}`;
  return s3Host("s3", place, signingRegionOf(region), partition);
}

function accelerateHost(
  { dualstack, partition, region }: EndpointParams,
): string {
  refuseIf(
    partition.id === "aws-cn",
    `Cannot use useAccelerateEndpoint in region "${region}": partition ` +
      '"aws-cn" has no S3 Transfer Acceleration',
  );
  return `s3-accelerate${dualstack ? ".dualstack" : ""}.${partition.suffix}`;
}
