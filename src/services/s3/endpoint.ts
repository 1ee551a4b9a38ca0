/**
 * Where S3 calls go: from settings to the rules.
 *
 * @module
 */
import {
  type CustomEndpoint,
  parseEndpointUrl,
} from "../../endpoint/custom.ts";
import { AWS_GLOBAL, partitionOf } from "../../endpoint/regional.ts";
import type { EndpointQuery, EndpointResolver } from "../../ports/endpoint.ts";
import { isArn } from "./arn.ts";
import { checkBucketName } from "./bucket_name.ts";
import type { EndpointParams } from "./endpoint_params.ts";
import { resolveS3 } from "./rules.ts";
import type { S3Config } from "./settings.ts";

/** Header that carries the token of a directory bucket's session. */
const TOKEN_HEADER = "x-amz-s3session-token";

const ACCELERATE_HOSTS = [
  "s3-accelerate.amazonaws.com",
  "s3-accelerate.dualstack.amazonaws.com",
];

/**
 * Finds the endpoint of an S3 call.
 *
 * @throws {ValidationError} If the bucket is neither a name nor an ARN.
 * @throws {EndpointError} If there is no endpoint.
 */
export const s3Endpoint: EndpointResolver<S3Config> = (query) => {
  const { operation, context: { Bucket: bucket } } = query;
  if (bucket !== undefined) checkBucketName(operation, bucket);
  const route = resolveS3(placeOf(query));
  if (route.signature !== "sigv4-s3express" || bucket === undefined) {
    return route;
  }
  return { ...route, session: { name: bucket, tokenHeader: TOKEN_HEADER } };
};

/** What the rules look at, from what the user set. */
function placeOf(query: EndpointQuery<S3Config>): EndpointParams {
  const { context, endpointUrl, settings } = query;
  const region = query.region ?? AWS_GLOBAL;
  const bucket = context["Bucket"];
  const custom = endpointUrl === undefined
    ? undefined
    : parseEndpointUrl(endpointUrl);
  // Turned on for all services, they say nothing about an endpoint of one's own.
  const amazon = custom === undefined;
  return {
    region,
    partition: partitionOf(region),
    ...bucket === undefined ? {} : { bucket },
    ...custom === undefined ? {} : { custom },
    fips: amazon && settings.useFipsEndpoint === true,
    dualstack: amazon && settings.useDualstackEndpoint === true,
    pathStyle: isPathStyle(query, custom),
    accelerate: settings.useAccelerateEndpoint === true &&
      !isLocation(query),
    globalHost: settings.usEast1Endpoint === "global",
    useArnRegion: settings.useArnRegion !== false,
    disableMultiRegionAccessPoints:
      settings.disableMultiRegionAccessPoints === true,
    disableExpressSessions: settings.disableS3ExpressSessionAuth === true ||
      context["DisableS3ExpressSessionAuth"] === "true",
    disableAccessPoints: context["DisableAccessPoints"] === "true",
    expressControl: context["UseS3ExpressControlEndpoint"] === "true",
    objectLambda: context["UseObjectLambdaEndpoint"] === "true",
  };
}

function isPathStyle(
  query: EndpointQuery<S3Config>,
  custom: CustomEndpoint | undefined,
): boolean {
  const { context: { Bucket: bucket }, settings } = query;
  if (isLocation(query)) return true;
  if (bucket !== undefined && isArn(bucket)) return false;
  if (settings.useAccelerateEndpoint) return false;
  return custom === undefined || ACCELERATE_HOSTS.includes(custom.authority)
    ? settings.addressingStyle === "path"
    : settings.addressingStyle !== "virtual";
}

/**
 * Whether the call asks for a bucket's region. Who asks does not know it, and
 * only in the path is a bucket found in any region.
 */
function isLocation({ operation }: EndpointQuery): boolean {
  return operation === "GetBucketLocation";
}
