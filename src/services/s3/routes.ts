/**
 * What the rules for S3's endpoints share: what they depend on, how a route is
 * made, and what may stand where a bucket is asked for.
 *
 * @module
 */
import {
  type CustomEndpoint,
  type HostVariant,
  isHostLabel,
  isHostName,
  isIpv4,
  signingRegionOf,
} from "../../endpoint/hosts.ts";
import type { Partition } from "../../endpoint/generated/partitions.ts";
import { EndpointError, ValidationError } from "../../foundation/errors.ts";
import type { Endpoint, SignatureKind } from "../../ports/service.ts";

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
