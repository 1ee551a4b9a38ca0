/**
 * Endpoints of ARNs that stand in the place of a bucket: access points, those of
 * Object Lambda, of outposts, and of all regions at once.
 *
 * @module
 */
import { EndpointError } from "../../foundation/errors.ts";
import {
  isHostLabel,
  isHostName,
  partitionOf,
} from "../../endpoint/regional.ts";
import { type Arn, parseArn } from "./arn.ts";
import { outpostRoute } from "./outposts.ts";
import {
  type EndpointParams,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./endpoint_params.ts";

const OBJECT_LAMBDA = "s3-object-lambda";

/**
 * Finds the endpoint of an ARN in the place of a bucket.
 *
 * @throws {EndpointError} If it names nothing that a request can be sent to.
 */
export function arnRoute(place: EndpointParams, text: string): Route {
  const arn = parseArn(text);
  const type = arn?.resource[0];
  if (arn === undefined || !type) throw cannot(text, "it is not a whole ARN");
  refuseIf(place.pathStyle, `Cannot put ARN "${text}" in a path`);
  if (arn.service === "s3-outposts" && type !== "accesspoint") {
    checkRegions(place, arn, text);
    return outpostRoute(place, arn);
  }
  const [, name, ...more] = arn.resource;
  if (type !== "accesspoint" || !name) {
    throw cannot(text, 'its resource must be "accesspoint/<name>"');
  }
  if (arn.region === "" && arn.service !== OBJECT_LAMBDA) {
    return multiRegionRoute(place, arn, name, text);
  }
  checkRegions(place, arn, text);
  if (place.disableAccessPoints) {
    throw cannot(text, "the operation takes buckets only");
  }
  if (more.length > 0 || !isHostLabel(name)) {
    throw cannot(text, "the name of an access point is one part, of a-z, 0-9");
  }
  return accessPointRoute(place, arn, name, text);
}

function accessPointRoute(
  place: EndpointParams,
  arn: Arn,
  name: string,
  text: string,
): Route {
  const lambda = arn.service === OBJECT_LAMBDA;
  if (!lambda && arn.service !== "s3") {
    throw cannot(text, `service "${arn.service}" has no such access points`);
  }
  if (place.accelerate || (lambda && place.dualstack)) {
    throw cannot(
      text,
      "it has no hosts for useAccelerateEndpoint, nor those of Object Lambda " +
        "for useDualstackEndpoint",
    );
  }
  const service = lambda ? OBJECT_LAMBDA : "s3-accesspoint";
  return routeTo(place, {
    labels: `${name}-${arn.account}`,
    host: s3Host(service, place, arn.region, partitionOf(arn.region)),
    region: arn.region,
    service: lambda ? OBJECT_LAMBDA : "s3",
  });
}

/** The region in the ARN is the client's, or may be another of its partition. */
function checkRegions(place: EndpointParams, arn: Arn, text: string): void {
  if (!isHostLabel(arn.region) || !isHostLabel(arn.account)) {
    throw cannot(text, "its region or its account is missing or misspelt");
  }
  if (!place.useArnRegion && arn.region !== place.region) {
    throw cannot(
      text,
      `the client's region is "${place.region}"; useArnRegion: true, ` +
        "AWS_S3_USE_ARN_REGION or s3_use_arn_region allows another one",
    );
  }
  const { id } = partitionOf(arn.region);
  if (id !== place.partition.id) {
    throw cannot(
      text,
      `it lies in partition "${id}", the client's region in ` +
        `"${place.partition.id}"`,
    );
  }
}

function multiRegionRoute(
  place: EndpointParams,
  arn: Arn,
  name: string,
  text: string,
): Route {
  const { custom: _unused, ...amazon } = place;
  if (place.disableMultiRegionAccessPoints) {
    throw cannot(
      text,
      "multi-region access points are turned off by " +
        "disableMultiRegionAccessPoints or its variable",
    );
  }
  if (place.dualstack || place.fips || place.accelerate) {
    throw cannot(
      text,
      "a multi-region access point has no hosts for useDualstackEndpoint, " +
        "useFipsEndpoint or useAccelerateEndpoint",
    );
  }
  if (!isHostName(name) || arn.partition !== place.partition.id) {
    throw cannot(
      text,
      `its name must be part of a host, and its partition that of region ` +
        `"${place.region}"`,
    );
  }
  return routeTo(amazon, {
    labels: name,
    host: `accesspoint.s3-global.${place.partition.suffix}`,
    region: "*",
    signature: "sigv4a",
  });
}

function cannot(text: string, why: string): EndpointError {
  return new EndpointError(`Cannot find the endpoint of "${text}": ${why}`);
}
