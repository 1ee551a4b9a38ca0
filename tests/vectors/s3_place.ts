/**
 * Parameters of S3's rule set as our rules take them.
 *
 * @module
 */
import { parseEndpointUrl, partitionOf } from "../../src/endpoint/hosts.ts";
import { EndpointError } from "../../src/foundation/errors.ts";
import type { Route } from "../../src/services/s3/endpoint.ts";
import { resolveS3 } from "../../src/services/s3/special_endpoints.ts";
import { type RuleParameters, text } from "./endpoint_cases.ts";

/** Finds the endpoint for parameters of the rule set. */
export function resolveParameters(params: RuleParameters): Route {
  const region = text(params, "Region");
  const bucket = text(params, "Bucket");
  const endpoint = text(params, "Endpoint");
  const on = (name: string): boolean => params[name] === true;
  if (region === undefined) throw new EndpointError("no region");
  return resolveS3({
    region,
    partition: partitionOf(region),
    ...bucket === undefined ? {} : { bucket },
    ...endpoint === undefined ? {} : { custom: parseEndpointUrl(endpoint) },
    fips: on("UseFIPS"),
    dualstack: on("UseDualStack"),
    pathStyle: on("ForcePathStyle"),
    accelerate: on("Accelerate"),
    globalHost: on("UseGlobalEndpoint"),
    useArnRegion: params["UseArnRegion"] !== false,
    disableAccessPoints: on("DisableAccessPoints"),
    disableMultiRegionAccessPoints: on("DisableMultiRegionAccessPoints"),
    disableExpressSessions: on("DisableS3ExpressSessionAuth"),
    expressControl: on("UseS3ExpressControlEndpoint"),
    objectLambda: on("UseObjectLambdaEndpoint"),
  });
}
