/**
 * Where S3 calls go: from settings to the rules, and the rules for plain buckets.
 * What is no plain bucket, and what is wrong, is looked at by rules that are
 * loaded when they are first needed.
 *
 * @module
 */
import {
  AWS_GLOBAL,
  checkRegion,
  type CustomEndpoint,
  GLOBAL_SIGNING_REGION,
  type HostVariant,
  isHostLabel,
  isHostName,
  isIpv4,
  parseEndpointUrl,
  partitionOf,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import type { Partition } from "../../endpoint/generated/partitions.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import type {
  Endpoint,
  EndpointQuery,
  EndpointResolver,
  SignatureKind,
} from "../../ports/service.ts";
import type { S3Config } from "./service.ts";

/**
 * Endpoints that were found before, by what they depend on besides the settings
 * of a client, which do not change.
 */
const FOUND = new WeakMap<object, Map<string, Endpoint>>();

/** What else endpoints depend on, seldom. */
const RARE_CONTEXT = [
  "DisableAccessPoints",
  "DisableS3ExpressSessionAuth",
  "UseObjectLambdaEndpoint",
  "UseS3ExpressControlEndpoint",
];

/** Most endpoints that are kept for one client. */
const MOST_FOUND = 256;

/**
 * Finds the endpoint of an S3 call: that of a plain bucket at once.
 *
 * @throws {ValidationError} If the bucket is neither a name nor an ARN.
 * @throws {EndpointError} If there is no endpoint.
 */
export const s3Endpoint: EndpointResolver<S3Config> = (query) =>
  knownEndpoint(query, plainRoute) ??
    import("./special_endpoints.ts").then(({ specialEndpoint }) =>
      specialEndpoint(query)
    );

/**
 * Finds an endpoint once for what it depends on.
 *
 * @param query What it depends on.
 * @param find Finds it by the parameters of the rules.
 * @returns The endpoint; `undefined` where `find` finds none.
 */
export function knownEndpoint<Found extends Endpoint | undefined>(
  query: EndpointQuery<S3Config>,
  find: (params: EndpointParams) => Found,
): Endpoint | Found {
  const { context, endpointUrl, operation, region, settings } = query;
  let found = FOUND.get(settings);
  if (found === undefined) {
    found = new Map();
    FOUND.set(settings, found);
  }
  let key = operation === LOCATION
    ? `location ${region}\n${endpointUrl}`
    : `${region}\n${endpointUrl}`;
  for (const name of RARE_CONTEXT) {
    if (context[name] !== undefined) key += ` ${name} ${context[name]}`;
  }
  // Last, as it is not checked yet: nothing in it is taken for something else.
  const bucket = context["Bucket"];
  if (bucket !== undefined) key += `\n${bucket}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const endpoint = find(paramsOf(query));
  if (endpoint === undefined) return endpoint;
  if (found.size >= MOST_FOUND) found.clear();
  found.set(key, endpoint);
  return endpoint;
}

/**
 * The call that asks for a bucket's region. Who asks does not know it, and only in
 * the path is a bucket found in any region.
 */
const LOCATION = "GetBucketLocation";

const ACCELERATE_HOSTS = [
  "s3-accelerate.amazonaws.com",
  "s3-accelerate.dualstack.amazonaws.com",
];

/** What the rules depend on, from what the user set. */
function paramsOf(query: EndpointQuery<S3Config>): EndpointParams {
  const { context, endpointUrl, operation, settings } = query;
  const region = query.region ?? AWS_GLOBAL;
  const bucket = context["Bucket"];
  const custom = endpointUrl === undefined
    ? undefined
    : parseEndpointUrl(endpointUrl);
  // Turned on for all services, they say nothing about an endpoint of one's own.
  const amazon = custom === undefined;
  const { addressingStyle, useAccelerateEndpoint } = settings;
  const inPath = amazon || ACCELERATE_HOSTS.includes(custom.authority)
    ? addressingStyle === "path"
    : addressingStyle !== "virtual";
  return {
    region,
    partition: partitionOf(region),
    ...bucket === undefined ? {} : { bucket },
    ...amazon ? {} : { custom },
    fips: amazon && settings.useFipsEndpoint === true,
    dualstack: amazon && settings.useDualstackEndpoint === true,
    pathStyle: operation === LOCATION ||
      inPath && !useAccelerateEndpoint && !bucket?.startsWith("arn:"),
    accelerate: useAccelerateEndpoint === true && operation !== LOCATION,
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

// In a path, "." and ".." would be removed and name something else.
const NAME = /^(?!\.{1,2}$)[\w.-]{1,255}$/;

/** Whether a text can be the name of a bucket. */
export function isPlainName(text: string): boolean {
  return NAME.test(text);
}

/** The route to a plain bucket, or to S3 itself; `undefined` where other rules have to look. */
function plainRoute(params: EndpointParams): Route | undefined {
  const { bucket, custom, partition } = params;
  const isOther = params.accelerate || params.expressControl ||
    params.objectLambda ||
    (params.fips || params.dualstack) &&
      (custom !== undefined || partition.id === "aws-cn") ||
    bucket !== undefined && (!NAME.test(bucket) || bucket.endsWith("-s3"));
  return isOther ? undefined : bucketRoute(params);
}

/**
 * Finds the endpoint of a bucket, or of S3 itself, without the hosts of S3
 * Transfer Acceleration.
 *
 * @param params What the rules depend on.
 * @throws {EndpointError} If the region is none.
 */
export function bucketRoute(params: EndpointParams): Route {
  const { bucket, custom, dualstack, fips, partition, region } = params;
  checkRegion(region);
  const regionless = region === AWS_GLOBAL ||
    (params.globalHost && region === GLOBAL_SIGNING_REGION);
  const host = custom !== undefined
    ? custom.authority
    : regionless && !fips && !dualstack
    ? `s3.${partition.suffix}`
    : s3Host("s3", params, signingRegionOf(region), partition);
  if (bucket === undefined) return routeTo(params, { host });
  // A host name covers a dotted bucket only where no certificate is checked.
  return !params.pathStyle && !custom?.isAddress &&
      isVirtualHostable(bucket, custom?.scheme === "http")
    ? routeTo(params, { labels: bucket, host })
    : routeTo(params, { host, path: `/${encodeComponent(bucket)}` });
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
 * Whether a bucket's name can be put before a host name.
 *
 * @param name The name.
 * @param dots Whether it may hold dots, which no certificate of S3 covers.
 */
export function isVirtualHostable(name: string, dots: boolean): boolean {
  return name.length >= 3 && name === name.toLowerCase() && !isIpv4(name) &&
    (dots ? isHostName(name) : isHostLabel(name));
}
