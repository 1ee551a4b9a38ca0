/**
 * Endpoints of what is no plain bucket: of S3 Transfer Acceleration, ARNs of access
 * points, of Object Lambda, of outposts and of all regions at once, aliases of
 * outposts, and directory buckets (S3 Express One Zone) with their sessions.
 * Loaded when one is first asked for, or where something is wrong.
 *
 * @module
 */
import {
  AWS_GLOBAL,
  checkRegion,
  GLOBAL_SIGNING_REGION,
  isHostLabel,
  isHostName,
  partitionOf,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import {
  EndpointError,
  ProtocolError,
  ValidationError,
} from "../../foundation/errors.ts";
import type { Caller } from "../../ports/caller.ts";
import type { Credentials } from "../../ports/credentials.ts";
import type { Endpoint, EndpointQuery } from "../../ports/service.ts";
import {
  bucketRoute,
  type EndpointParams,
  isPlainName,
  isVirtualHostable,
  knownEndpoint,
  type Route,
  routeTo,
  s3Host,
} from "./endpoint.ts";
import { CreateSession } from "./generated/operations.ts";
import type { S3Config } from "./service.ts";

const OBJECT_LAMBDA = "s3-object-lambda";

/** Header that carries the token of a directory bucket's session. */
const TOKEN_HEADER = "x-amz-s3session-token";

/**
 * Finds the endpoint of any S3 call.
 *
 * @throws {ValidationError} If the bucket is neither a name nor an ARN.
 * @throws {EndpointError} If there is no endpoint.
 */
export function specialEndpoint(query: EndpointQuery<S3Config>): Endpoint {
  const find = (params: EndpointParams): Endpoint => {
    const { bucket } = params;
    if (bucket !== undefined) checkBucketName(query.operation, bucket);
    const route = resolveS3(params);
    if (route.signature !== "sigv4-s3express" || bucket === undefined) {
      return route;
    }
    return { ...route, session: { name: bucket, tokenHeader: TOKEN_HEADER } };
  };
  return knownEndpoint(query, find);
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
  if (bucket?.endsWith("-s3")) {
    const special = expressRoute(params, bucket) ??
      outpostAliasRoute(params, bucket);
    if (special !== undefined) return special;
  }
  if (bucket !== undefined && isArn(bucket)) return arnRoute(params, bucket);
  if (bucket === undefined) {
    if (params.expressControl) return expressControlRoute(params);
    if (params.objectLambda) return objectLambdaRoute(params);
  }
  return accelerate && bucket !== undefined
    ? acceleratedRoute(params, bucket)
    : bucketRoute(params);
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

function objectLambdaRoute(params: EndpointParams): Route {
  refuseIf(
    params.dualstack || params.accelerate,
    "Cannot use useDualstackEndpoint or useAccelerateEndpoint with S3 Object " +
      "Lambda: it has no such hosts",
  );
  const { partition, region } = params;
  const host = s3Host(
    OBJECT_LAMBDA,
    params,
    signingRegionOf(region),
    partition,
  );
  return routeTo(params, { host, service: OBJECT_LAMBDA });
}

function acceleratedRoute(params: EndpointParams, bucket: string): Route {
  const { custom, pathStyle } = params;
  // A host name covers a dotted bucket only where no certificate is checked.
  const hostable = isVirtualHostable(bucket, custom?.scheme === "http");
  refuseIf(
    pathStyle || !hostable || custom?.isAddress === true,
    `Cannot use useAccelerateEndpoint with bucket "${bucket}": S3 Transfer ` +
      "Acceleration needs the bucket in the host name, and this one stays " +
      "in the path",
  );
  return routeTo(params, { labels: bucket, host: accelerateHost(params) });
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

/**
 * Refuses a combination.
 *
 * @throws {EndpointError} If the condition holds.
 */
function refuseIf(condition: boolean, message: string): void {
  if (condition) throw new EndpointError(message);
}

// The part after `arn:aws` is the rest of a partition's name.
const ACCESS_POINT_ARN =
  /^arn:aws[^:]*:s3(?:-object-lambda)?:[a-z\d-]*:\d{12}:accesspoint[:/][a-zA-Z\d.-]{1,63}$/;
const OUTPOST_ARN =
  /^arn:aws[^:]*:s3-outposts:[a-z\d-]+:\d{12}:outpost[:/][a-zA-Z\d-]{1,63}[:/]accesspoint[:/][a-zA-Z\d-]{1,63}$/;

/** Whether a text can stand where a bucket is asked for. */
export function isBucketName(text: string): boolean {
  return isPlainName(text) || ACCESS_POINT_ARN.test(text) ||
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
 * Finds the endpoint of an ARN in the place of a bucket.
 *
 * @throws {EndpointError} If it names nothing that a request can be sent to.
 */
function arnRoute(params: EndpointParams, text: string): Route {
  const arn = parseArn(text);
  const type = arn?.resource[0];
  if (arn === undefined || !type) throw cannot(text, "it is not a whole ARN");
  refuseIf(params.pathStyle, `Cannot put ARN "${text}" in a path`);
  if (arn.service === "s3-outposts" && type !== "accesspoint") {
    checkRegions(params, arn, text);
    return outpostRoute(params, arn);
  }
  const [, name, ...more] = arn.resource;
  if (type !== "accesspoint" || !name) {
    throw cannot(text, 'its resource must be "accesspoint/<name>"');
  }
  if (arn.region === "" && arn.service !== OBJECT_LAMBDA) {
    return multiRegionRoute(params, arn, name, text);
  }
  checkRegions(params, arn, text);
  if (params.disableAccessPoints) {
    throw cannot(text, "the operation takes buckets only");
  }
  if (more.length > 0 || !isHostLabel(name)) {
    throw cannot(text, "the name of an access point is one part, of a-z, 0-9");
  }
  return accessPointRoute(params, arn, name, text);
}

function accessPointRoute(
  params: EndpointParams,
  arn: Arn,
  name: string,
  text: string,
): Route {
  const lambda = arn.service === OBJECT_LAMBDA;
  if (!lambda && arn.service !== "s3") {
    throw cannot(text, `service "${arn.service}" has no such access points`);
  }
  if (params.accelerate || (lambda && params.dualstack)) {
    throw cannot(
      text,
      "it has no hosts for useAccelerateEndpoint, nor those of Object Lambda " +
        "for useDualstackEndpoint",
    );
  }
  const service = lambda ? OBJECT_LAMBDA : "s3-accesspoint";
  return routeTo(params, {
    labels: `${name}-${arn.account}`,
    host: s3Host(service, params, arn.region, partitionOf(arn.region)),
    region: arn.region,
    service: lambda ? OBJECT_LAMBDA : "s3",
  });
}

/** The region in the ARN is the client's, or may be another of its partition. */
function checkRegions(params: EndpointParams, arn: Arn, text: string): void {
  if (!isHostLabel(arn.region) || !isHostLabel(arn.account)) {
    throw cannot(text, "its region or its account is missing or misspelt");
  }
  if (!params.useArnRegion && arn.region !== params.region) {
    throw cannot(
      text,
      `the client's region is "${params.region}"; useArnRegion: true, ` +
        "AWS_S3_USE_ARN_REGION or s3_use_arn_region allows another one",
    );
  }
  const { id } = partitionOf(arn.region);
  if (id !== params.partition.id) {
    throw cannot(
      text,
      `it lies in partition "${id}", the client's region in ` +
        `"${params.partition.id}"`,
    );
  }
}

function multiRegionRoute(
  params: EndpointParams,
  arn: Arn,
  name: string,
  text: string,
): Route {
  const { custom: _unused, ...amazon } = params;
  if (params.disableMultiRegionAccessPoints) {
    throw cannot(
      text,
      "multi-region access points are turned off by " +
        "disableMultiRegionAccessPoints or its variable",
    );
  }
  if (params.dualstack || params.fips || params.accelerate) {
    throw cannot(
      text,
      "a multi-region access point has no hosts for useDualstackEndpoint, " +
        "useFipsEndpoint or useAccelerateEndpoint",
    );
  }
  if (!isHostName(name) || arn.partition !== params.partition.id) {
    throw cannot(
      text,
      `its name must be part of a host, and its partition that of region ` +
        `"${params.region}"`,
    );
  }
  return routeTo(amazon, {
    labels: name,
    host: `accesspoint.s3-global.${params.partition.suffix}`,
    region: "*",
    signature: "sigv4a",
  });
}

function cannot(text: string, why: string): EndpointError {
  return new EndpointError(`Cannot find the endpoint of "${text}": ${why}`);
}

const OUTPOSTS_SERVICE = "s3-outposts";
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
function outpostAliasRoute(
  params: EndpointParams,
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
  const { custom, ...amazon } = params;
  const labels = `${alias}.${hardwareLabel(alias, hardware, outpost)}`;
  if (alias.startsWith("beta", alias.length + REGION_AT)) {
    if (custom !== undefined) {
      return routeTo(params, {
        labels,
        host: custom.authority,
        service: OUTPOSTS_SERVICE,
      });
    }
    throw new EndpointError(
      `Cannot find the endpoint of outpost alias "${alias}": a beta region ` +
        "needs an endpointUrl",
    );
  }
  const region = signingRegionOf(params.region);
  const host = s3Host(OUTPOSTS_SERVICE, REGIONAL, region, params.partition);
  return routeTo(amazon, { labels, host, service: OUTPOSTS_SERVICE });
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
function outpostRoute(params: EndpointParams, arn: Arn): Route {
  const [, outpost = "", type, name = "", ...more] = arn.resource;
  refuseIf(
    params.dualstack || params.fips || params.accelerate,
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
  return routeTo(params, {
    labels: `${name}-${arn.account}.${outpost}`,
    host: s3Host(OUTPOSTS_SERVICE, REGIONAL, arn.region, params.partition),
    region: arn.region,
    service: OUTPOSTS_SERVICE,
  });
}

const EXPRESS_SERVICE = "s3express";
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
function expressRoute(
  params: EndpointParams,
  bucket: string,
): Route | undefined {
  const suffix = [BUCKET_SUFFIX, ACCESS_POINT_SUFFIX]
    .find((ending) => bucket.endsWith(ending));
  if (suffix === undefined) return undefined;
  const { custom, expressControl, partition, region } = params;
  refuseIf(
    params.accelerate,
    `Cannot use useAccelerateEndpoint with directory bucket "${bucket}": it ` +
      "has no S3 Transfer Acceleration",
  );
  const path = `/${encodeComponent(bucket)}`;
  if (expressControl && suffix === BUCKET_SUFFIX && custom === undefined) {
    return expressControlRoute(params, path);
  }
  const signature = params.disableExpressSessions ? "sigv4" : "sigv4-s3express";
  const sign = { service: EXPRESS_SERVICE, signature } as const;
  if (custom?.isAddress) {
    return routeTo(params, { ...sign, host: custom.authority, path });
  }
  refuseIf(
    !isVirtualHostable(bucket, false),
    `Cannot find the endpoint of directory bucket "${bucket}": the name must ` +
      "be 3 to 63 lower-case letters, digits and hyphens",
  );
  const host = custom?.authority ??
    s3Host(
      EXPRESS_SERVICE,
      params,
      signingRegionOf(region),
      partition,
      zoneOf(bucket, suffix),
    );
  return routeTo(params, { ...sign, labels: bucket, host });
}

/** Where directory buckets are made, listed and configured. */
function expressControlRoute(params: EndpointParams, path = ""): Route {
  const region = signingRegionOf(params.region);
  return routeTo(params, {
    host: s3Host("s3express-control", params, region, params.partition),
    path,
    service: EXPRESS_SERVICE,
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

/** The parts of an ARN. */
export interface Arn {
  /** Partition, for example `"aws"`. */
  readonly partition: string;
  /** Service, for example `"s3"`. */
  readonly service: string;
  /** Region; empty for resources of all regions. */
  readonly region: string;
  /** Account that owns the resource. */
  readonly account: string;
  /** What stands between colons or slashes after the account. */
  readonly resource: readonly string[];
}

/** Whether a text says that it is an ARN. */
function isArn(text: string): boolean {
  return text.startsWith("arn:");
}

/**
 * Reads an ARN.
 *
 * @returns Its parts, or `undefined` where the text is none.
 */
export function parseArn(text: string): Arn | undefined {
  const [arn, partition, service, region, account, ...rest] = text.split(":");
  if (arn !== "arn" || !partition || !service) return undefined;
  if (region === undefined || account === undefined || !rest.join(":")) {
    return undefined;
  }
  const resource = rest.join("/").split("/");
  return { partition, service, region, account, resource };
}

/**
 * Opens the session whose credentials sign for a directory bucket. It lasts for
 * five minutes.
 *
 * @param call Makes the call.
 * @param bucket The bucket, or an access point of one.
 * @param signal Ends the call early.
 */
export async function openBucketSession(
  call: Caller,
  bucket: string,
  signal?: AbortSignal,
): Promise<Credentials> {
  const { Credentials: given } = await call(
    CreateSession,
    { Bucket: bucket },
    signal ? { signal } : {},
  );
  // Keys without an end would be used for ever.
  const members = ["AccessKeyId", "SecretAccessKey", "SessionToken"] as const;
  if (members.some((name) => !given?.[name]) || !given?.Expiration) {
    throw new ProtocolError(
      `Cannot open a session for bucket "${bucket}": the answer to CreateSession lacks a key, the token or their end`,
    );
  }
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
    expiration: given.Expiration,
  };
}
