/**
 * Where S3 calls go: from settings to the rules, and the rules for buckets.
 *
 * @module
 */
import {
  AWS_GLOBAL,
  checkRegion,
  type CustomEndpoint,
  GLOBAL_SIGNING_REGION,
  parseEndpointUrl,
  partitionOf,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import type {
  Endpoint,
  EndpointQuery,
  EndpointResolver,
} from "../../ports/service.ts";
import {
  checkBucketName,
  type EndpointParams,
  isVirtualHostable,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./routes.ts";
import {
  arnRoute,
  expressControlRoute,
  expressRoute,
  isArn,
  outpostAliasRoute,
} from "./special_endpoints.ts";
import type { S3Config } from "./settings.ts";

/** Header that carries the token of a directory bucket's session. */
const TOKEN_HEADER = "x-amz-s3session-token";

const ACCELERATE_HOSTS = [
  "s3-accelerate.amazonaws.com",
  "s3-accelerate.dualstack.amazonaws.com",
];

/**
 * Endpoints that were found before, by what they depend on besides the settings
 * of a client, which do not change.
 */
const FOUND = new WeakMap<object, Map<string, Endpoint>>();

/** Most endpoints that are kept for one client. */
const MOST_FOUND = 256;

/**
 * Finds the endpoint of an S3 call.
 *
 * @throws {ValidationError} If the bucket is neither a name nor an ARN.
 * @throws {EndpointError} If there is no endpoint.
 */
export const s3Endpoint: EndpointResolver<S3Config> = (query) => {
  const { context, endpointUrl, region, settings } = query;
  let found = FOUND.get(settings);
  if (found === undefined) {
    found = new Map();
    FOUND.set(settings, found);
  }
  const key =
    `${region}\n${endpointUrl}\n${context["Bucket"]}\n${isLocation(query)}` +
    `\n${context["DisableS3ExpressSessionAuth"]}` +
    `\n${context["DisableAccessPoints"]}` +
    `\n${context["UseS3ExpressControlEndpoint"]}` +
    `\n${context["UseObjectLambdaEndpoint"]}`;
  let endpoint = found.get(key);
  if (endpoint === undefined) {
    endpoint = newEndpoint(query);
    if (found.size >= MOST_FOUND) found.clear();
    found.set(key, endpoint);
  }
  return endpoint;
};

function newEndpoint(query: EndpointQuery<S3Config>): Endpoint {
  const { operation, context: { Bucket: bucket } } = query;
  if (bucket !== undefined) checkBucketName(operation, bucket);
  const route = resolveS3(paramsOf(query));
  if (route.signature !== "sigv4-s3express" || bucket === undefined) {
    return route;
  }
  return { ...route, session: { name: bucket, tokenHeader: TOKEN_HEADER } };
}

/** What the rules depend on, from what the user set. */
function paramsOf(query: EndpointQuery<S3Config>): EndpointParams {
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

/**
 * Finds the endpoint of a bucket, or of S3 itself.
 *
 * @param params What the rules depend on.
 * @throws {EndpointError} If there is none.
 */
export function resolveS3(params: EndpointParams): Route {
  const { accelerate, bucket, dualstack, fips } = params;
  checkRegion(params.region);
  if (accelerate || dualstack || fips) checkCombinations(params);
  if (bucket === undefined) return serviceRoute(params);
  const special = bucket.endsWith("-s3")
    ? expressRoute(params, bucket) ?? outpostAliasRoute(params, bucket)
    : undefined;
  return special ?? bucketRoute(params, bucket);
}

function checkCombinations(params: EndpointParams): void {
  const { accelerate, custom, dualstack, fips, partition } = params;
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
    `Cannot use useFipsEndpoint in region "${params.region}": S3 has no FIPS ` +
      'hosts in partition "aws-cn"',
  );
}

function serviceRoute(params: EndpointParams): Route {
  if (params.expressControl) return expressControlRoute(params);
  if (!params.objectLambda) return routeTo(params, { host: plainHost(params) });
  refuseIf(
    params.dualstack || params.accelerate,
    "Cannot use useDualstackEndpoint or useAccelerateEndpoint with S3 Object " +
      "Lambda: it has no such hosts",
  );
  const { partition, region } = params;
  return routeTo(params, {
    host: s3Host(
      "s3-object-lambda",
      params,
      signingRegionOf(region),
      partition,
    ),
    service: "s3-object-lambda",
  });
}

function bucketRoute(params: EndpointParams, bucket: string): Route {
  if (isArn(bucket)) return arnRoute(params, bucket);
  const { accelerate, custom, pathStyle } = params;
  // A host name covers a dotted bucket only where no certificate is checked.
  const hostable = isVirtualHostable(bucket, custom?.scheme === "http");
  if (!pathStyle && hostable && !custom?.isAddress) {
    const host = accelerate ? accelerateHost(params) : plainHost(params);
    return routeTo(params, { labels: bucket, host });
  }
  refuseIf(
    accelerate,
    `Cannot use useAccelerateEndpoint with bucket "${bucket}": S3 Transfer ` +
      "Acceleration needs the bucket in the host name, and this one stays " +
      "in the path",
  );
  const path = `/${encodeComponent(bucket)}`;
  return routeTo(params, { host: plainHost(params), path });
}

function plainHost(params: EndpointParams): string {
  const { dualstack, fips, globalHost, partition, region } = params;
  const regionless = region === AWS_GLOBAL ||
    (globalHost && region === GLOBAL_SIGNING_REGION);
  if (regionless && !fips && !dualstack) return `s3.${partition.suffix}`;
  return s3Host("s3", params, signingRegionOf(region), partition);
}

function accelerateHost(
  { dualstack, partition, region }: EndpointParams,
): string {
  refuseIf(
    partition.id === "aws-cn",
    `Cannot use useAccelerateEndpoint in region "${region}": partition ` +
      '"aws-cn" has no S3 Transfer Acceleration',
  );
  const variant = !dualstack
    ? ""
    // The one host of a region, as AWS's own rules have it.
    : region === AWS_GLOBAL
    ? `.dualstack.${GLOBAL_SIGNING_REGION}`
    : ".dualstack";
  return `s3-accelerate${variant}.${partition.suffix}`;
}
