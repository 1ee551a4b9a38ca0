/**
 * Endpoints of directory buckets (S3 Express One Zone).
 *
 * @module
 */
import { EndpointError } from "../../foundation/errors.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import { signingRegionOf } from "../../endpoint/regional.ts";
import { isVirtualHostable } from "./bucket_name.ts";
import {
  type EndpointParams,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./endpoint_params.ts";

const SERVICE = "s3express";
const BUCKET_SUFFIX = "--x-s3";
const ACCESS_POINT_SUFFIX = "--xa-s3";

// Names of zones have these lengths, so that a name that holds "--" itself is
// still read in one way only.
const ZONE_LENGTHS = [8, 9, 13, 14, 20];

/**
 * Finds the endpoint of a directory bucket, or of an access point of one.
 *
 * @returns The route, or `undefined` where the bucket is none.
 */
export function expressRoute(
  place: EndpointParams,
  bucket: string,
): Route | undefined {
  const suffix = [BUCKET_SUFFIX, ACCESS_POINT_SUFFIX]
    .find((ending) => bucket.endsWith(ending));
  if (suffix === undefined) return undefined;
  const { custom, expressControl, partition, region } = place;
  refuseIf(
    place.accelerate,
    `Cannot use useAccelerateEndpoint with directory bucket "${bucket}": it ` +
      "has no S3 Transfer Acceleration",
  );
  const path = `/${encodeComponent(bucket)}`;
  if (expressControl && suffix === BUCKET_SUFFIX && custom === undefined) {
    return expressControlRoute(place, path);
  }
  const signature = place.disableExpressSessions ? "sigv4" : "sigv4-s3express";
  const sign = { service: SERVICE, signature } as const;
  if (custom?.isAddress) {
    return routeTo(place, { ...sign, host: custom.authority, path });
  }
  refuseIf(
    !isVirtualHostable(bucket, false),
    `Cannot find the endpoint of directory bucket "${bucket}": the name must ` +
      "be 3 to 63 lower-case letters, digits and hyphens",
  );
  const host = custom?.authority ??
    s3Host(
      SERVICE,
      place,
      signingRegionOf(region),
      partition,
      zoneOf(bucket, suffix),
    );
  return routeTo(place, { ...sign, labels: bucket, host });
}

/** Where directory buckets are made, listed and configured. */
export function expressControlRoute(place: EndpointParams, path = ""): Route {
  const region = signingRegionOf(place.region);
  return routeTo(place, {
    host: s3Host("s3express-control", place, region, place.partition),
    path,
    service: SERVICE,
  });
}

/** `name--ZONE--x-s3` */
function zoneOf(bucket: string, suffix: string): string {
  const rest = bucket.slice(0, -suffix.length);
  const length = ZONE_LENGTHS.find((length) =>
    rest.slice(0, -length).endsWith("--")
  );
  if (length === undefined) {
    throw new EndpointError(
      `Cannot find the zone of directory bucket "${bucket}": the name must ` +
        `end in "--", the zone and "${suffix}", for example ` +
        `"logs--usw2-az1${suffix}"`,
    );
  }
  return rest.slice(-length);
}
