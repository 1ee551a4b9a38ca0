/**
 * Where S3 calls go: from settings to the rules, and the rules for buckets.
 *
 * @module
 */
import {
  type CustomEndpoint,
  isIpv4,
  parseEndpointUrl,
} from "../../endpoint/custom.ts";
import type { Partition } from "../../endpoint/partitions.ts";
import {
  AWS_GLOBAL,
  checkRegion,
  GLOBAL_SIGNING_REGION,
  type HostVariant,
  isHostLabel,
  isHostName,
  partitionOf,
  signingRegionOf,
} from "../../endpoint/regional.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import { EndpointError, ValidationError } from "../../foundation/errors.ts";
import type {
  Endpoint,
  EndpointQuery,
  EndpointResolver,
  SignatureKind,
} from "../../ports/endpoint.ts";
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
  checkRegion(params.region);
  checkCombinations(params);
  const { bucket } = params;
  if (bucket === undefined) return serviceRoute(params);
  return expressRoute(params, bucket) ??
    outpostAliasRoute(params, bucket) ??
    bucketRoute(params, bucket);
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
  return `s3-accelerate${dualstack ? ".dualstack" : ""}.${partition.suffix}`;
}

/** What the rules depend on. */
export interface EndpointParams extends HostVariant {
  /** The client's region, or `"aws-global"`. */
  readonly region: string;
  /** The partition of that region. */
  readonly partition: Partition;
  /** Bucket, or the ARN in its place. */
  readonly bucket?: string;
  /** Endpoint set by the user. */
  readonly custom?: CustomEndpoint;
  /** Buckets are put in the path, not in the host. */
  readonly pathStyle: boolean;
  /** Hosts of S3 Transfer Acceleration. */
  readonly accelerate: boolean;
  /** The host without a region, for buckets in us-east-1. */
  readonly globalHost: boolean;
  /** An ARN may name another region than the client's. */
  readonly useArnRegion: boolean;
  /** The operation takes no access points. */
  readonly disableAccessPoints: boolean;
  /** Access points of all regions are turned off. */
  readonly disableMultiRegionAccessPoints: boolean;
  /** Directory buckets are signed for as others are, without a session. */
  readonly disableExpressSessions: boolean;
  /** The operation manages directory buckets. */
  readonly expressControl: boolean;
  /** The operation answers an Object Lambda. */
  readonly objectLambda: boolean;
}

/** An endpoint, and how requests to it are signed. */
export interface Route extends Endpoint {
  /** How requests to it are signed. */
  readonly signature: SignatureKind;
}

/** A place in AWS or behind the user's endpoint. */
export interface Target {
  /** Labels before the host, for example `"bucket"`. */
  readonly labels?: string;
  /** AWS's host, where the user has set no endpoint. */
  readonly host: string;
  /** Path after the endpoint's own. Default: none. */
  readonly path?: string;
  /** Service to sign for. Default: `"s3"`. */
  readonly service?: string;
  /** Region to sign for. Default: the client's. */
  readonly region?: string;
  /** How it is signed. Default: `"sigv4"`. */
  readonly signature?: SignatureKind;
}

/** Makes the route to a target. */
export function routeTo(params: EndpointParams, target: Target): Route {
  const { custom } = params;
  const host = custom?.authority ?? target.host;
  const name = target.labels === undefined ? host : `${target.labels}.${host}`;
  return {
    origin: `${custom?.scheme ?? "https"}://${name}`,
    basePath: (custom?.path ?? "") + (target.path ?? ""),
    signingRegion: target.region ?? signingRegionOf(params.region),
    signingName: target.service ?? "s3",
    signingRules: "s3",
    signature: target.signature ?? "sigv4",
  };
}

/**
 * Names a host of AWS, for example `s3-fips.dualstack.us-west-2.amazonaws.com`.
 *
 * @param service The service's part of the first label.
 * @param variant Which hosts are meant.
 * @param region Region of the host.
 * @param partition Partition of the region.
 * @param zone What follows in the first label: the zone of directory buckets.
 */
export function s3Host(
  service: string,
  { fips, dualstack }: HostVariant,
  region: string,
  { suffix }: Partition,
  zone?: string,
): string {
  const first = service + (fips ? "-fips" : "") + (zone ? `-${zone}` : "");
  return `${first}${dualstack ? ".dualstack" : ""}.${region}.${suffix}`;
}

/**
 * Refuses a combination.
 *
 * @throws {EndpointError} If the condition holds.
 */
export function refuseIf(condition: boolean, message: string): void {
  if (condition) throw new EndpointError(message);
}

// In a path, "." and ".." would be removed and name something else.
const NAME = /^(?!\.{1,2}$)[\w.-]{1,255}$/;
// The part after `arn:aws` is the rest of a partition's name.
const ACCESS_POINT_ARN =
  /^arn:aws[^:]*:s3(?:-object-lambda)?:[a-z\d-]*:\d{12}:accesspoint[:/][a-zA-Z\d.-]{1,63}$/;
const OUTPOST_ARN =
  /^arn:aws[^:]*:s3-outposts:[a-z\d-]+:\d{12}:outpost[:/][a-zA-Z\d-]{1,63}[:/]accesspoint[:/][a-zA-Z\d-]{1,63}$/;

/** Whether a text can stand where a bucket is asked for. */
export function isBucketName(text: string): boolean {
  return NAME.test(text) || ACCESS_POINT_ARN.test(text) ||
    OUTPOST_ARN.test(text);
}

/**
 * Refuses what is neither the name of a bucket nor an ARN in its place, before
 * it gets into a host or a path.
 *
 * @param operation Name of the operation, for the error.
 * @param bucket The text to check.
 * @throws {ValidationError} If it is none.
 */
export function checkBucketName(operation: string, bucket: string): void {
  if (isBucketName(bucket)) return;
  throw new ValidationError(operation, [{
    path: "Bucket",
    problem: "is neither a bucket name (1 to 255 of a-z, A-Z, 0-9, '.', '-' " +
      "and '_') nor the ARN of an access point",
  }]);
}

/**
 * Whether a bucket's name can be put before a host name.
 *
 * @param name The name.
 * @param dots Whether it may hold dots, which no certificate of S3 covers.
 */
export function isVirtualHostable(name: string, dots: boolean): boolean {
  return name.length >= 3 && name === name.toLowerCase() && !isIpv4(name) &&
    (dots ? isHostName(name) : isHostLabel(name));
}
