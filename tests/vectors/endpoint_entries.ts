/**
 * Where our endpoints differ from the rule sets on purpose.
 *
 * @module
 */
import { isBucketName } from "../../src/services/s3/special_endpoints.ts";
import type { ClientCase, EndpointCase } from "./endpoint_cases.ts";
import { type Deviation, deviation } from "./entries.ts";

const S3 = "endpoints-s3.json";
const S3_CLIENT = "endpoints-s3.json#operationInputs";
const STS = "endpoints-sts.json";

/** Deviations of endpoints. */
export const ENDPOINT_DEVIATIONS: readonly Deviation<unknown>[] = [
  ...[S3, STS].map((suite) =>
    deviation<EndpointCase>({
      suite,
      applies: ({ params, expect }) =>
        `${params["Region"]}`.includes(".") && expect.error === undefined,
      expect: (vector) => ({ ...vector, expect: { error: "refused" } }),
      reason:
        "no region has a dot: it would lead signed requests to another host",
    })
  ),
  deviation<EndpointCase>({
    suite: S3,
    applies: ({ expect, params }) =>
      params["Region"] === "aws-global" &&
      JSON.stringify(expect).includes("aws-global") &&
      expect.error === undefined,
    expect: (vector) => ({
      ...vector,
      expect: JSON.parse(
        JSON.stringify(vector.expect).replaceAll("aws-global", "us-east-1"),
      ),
    }),
    reason: "the pseudo region is part of no host and signs for us-east-1",
  }),
  deviation<ClientCase>({
    suite: S3_CLIENT,
    applies: ({ bucket }) => bucket !== undefined && !isBucketName(bucket),
    expect: (vector) => ({
      ...vector,
      expect: { error: "the bucket is refused before the rules run" },
    }),
    reason: "the rules are tried with names that no client lets through",
  }),
  deviation<EndpointCase>({
    suite: STS,
    applies: ({ params }) =>
      params["Endpoint"] !== undefined &&
      (params["UseFIPS"] === true || params["UseDualStack"] === true),
    expect: (vector) => ({
      ...vector,
      expect: { url: `${vector.params["Endpoint"]}` },
    }),
    reason: "an endpoint set by the user turns FIPS and dual stack off",
  }),
  deviation<EndpointCase>({
    suite: STS,
    applies: ({ params }) =>
      params["Region"] === undefined && params["Endpoint"] === undefined,
    expect: (vector) => ({
      ...vector,
      expect: {
        url: "https://sts.amazonaws.com",
        properties: {
          authSchemes: [{
            name: "sigv4",
            signingName: "sts",
            signingRegion: "us-east-1",
          }],
        },
      },
    }),
    reason: "without a region, the global host is called",
  }),
];
