/**
 * Endpoints of what is no plain bucket: ARNs of access points, of Object Lambda, of
 * outposts and of all regions at once, aliases of outposts, and directory buckets
 * (S3 Express One Zone).
 *
 * @module
 */
import {
  isHostLabel,
  isHostName,
  partitionOf,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import { encodeComponent } from "../../foundation/bytes.ts";
import { EndpointError } from "../../foundation/errors.ts";
import {
  type EndpointParams,
  isVirtualHostable,
  refuseIf,
  type Route,
  routeTo,
  s3Host,
} from "./routes.ts";

const OBJECT_LAMBDA = "s3-object-lambda";

/**
 * Finds the endpoint of an ARN in the place of a bucket.
 *
 * @throws {EndpointError} If it names nothing that a request can be sent to.
 */
export function arnRoute(params: EndpointParams, text: string): Route {
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
export function outpostAliasRoute(
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
export function outpostRoute(params: EndpointParams, arn: Arn): Route {
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
export function expressRoute(
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
export function expressControlRoute(params: EndpointParams, path = ""): Route {
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
export function isArn(text: string): boolean {
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
