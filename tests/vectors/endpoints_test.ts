import { specialEndpoint as s3Endpoint } from "../../src/services/s3/special_endpoints.ts";
import type { S3Config } from "../../src/services/s3/service.ts";
import { stsEndpoint } from "../../src/services/sts/service.ts";
import {
  assertEndpoint,
  type ClientCase,
  type EndpointCase,
  type RuleParameters,
  text,
} from "./endpoint_cases.ts";
import { resolveParameters } from "./s3_place.ts";
import { vectorTest } from "./suite.ts";

vectorTest<EndpointCase>({
  file: "endpoints-s3.json",
  cases: (data) => data as EndpointCase[],
  name: ({ id, name }) => `${id} ${name}`,
  run: ({ params, expect }) =>
    assertEndpoint(() => resolveParameters(params), expect),
});

vectorTest<ClientCase>({
  file: "endpoints-s3.json",
  section: "operationInputs",
  cases: (data) => (data as EndpointCase[]).flatMap(clientCases),
  name: ({ id, name, operation }) => `${id} ${operation} ${name}`,
  run: ({ bucket, builtIns, expect, operation, params }) => {
    const region = text(builtIns, "AWS::Region");
    const endpointUrl = text(builtIns, "SDK::Endpoint");
    assertEndpoint(() =>
      s3Endpoint({
        operation,
        settings: settingsOf(builtIns, params),
        context: {
          ...constantsOf(params),
          ...bucket === undefined ? {} : { Bucket: bucket },
        },
        ...region === undefined ? {} : { region },
        ...endpointUrl === undefined ? {} : { endpointUrl },
      }), expect);
  },
});

vectorTest<EndpointCase>({
  file: "endpoints-sts.json",
  cases: (data) => data as EndpointCase[],
  name: ({ id, name }) => `${id} ${name}`,
  run: ({ params, expect }) => {
    const region = text(params, "Region");
    const endpointUrl = text(params, "Endpoint");
    assertEndpoint(() =>
      stsEndpoint({
        operation: "GetCallerIdentity",
        context: {},
        settings: {
          useFipsEndpoint: params["UseFIPS"] === true,
          useDualstackEndpoint: params["UseDualStack"] === true,
          endpointMode: params["UseGlobalEndpoint"] ? "legacy" : "regional",
        },
        ...region === undefined ? {} : { region },
        ...endpointUrl === undefined ? {} : { endpointUrl },
      }), expect);
  },
});

function clientCases(vector: EndpointCase): ClientCase[] {
  const { operationInputs = [], ...rest } = vector;
  return operationInputs
    .filter(({ builtIns }) => canBeSet(builtIns))
    .map(({ builtIns, operation, params }) => ({
      ...rest,
      operation,
      builtIns,
      bucket: text(params, "Bucket"),
    }));
}

/**
 * Whether some settings lead to these values: an endpoint of one's own turns FIPS
 * and dual stack off, acceleration turns path style off. The other cases run as
 * parameters of the rules.
 */
function canBeSet(builtIns: RuleParameters): boolean {
  const variant = builtIns["AWS::UseFIPS"] || builtIns["AWS::UseDualStack"];
  return !(builtIns["SDK::Endpoint"] && variant) &&
    !(builtIns["AWS::S3::Accelerate"] && builtIns["AWS::S3::ForcePathStyle"]);
}

function settingsOf(
  builtIns: RuleParameters,
  params: RuleParameters,
): S3Config {
  const on = (name: string): boolean => builtIns[name] === true;
  return {
    addressingStyle: on("AWS::S3::ForcePathStyle") ? "path" : "virtual",
    useAccelerateEndpoint: on("AWS::S3::Accelerate"),
    useFipsEndpoint: on("AWS::UseFIPS"),
    useDualstackEndpoint: on("AWS::UseDualStack"),
    usEast1Endpoint: on("AWS::S3::UseGlobalEndpoint") ? "global" : "regional",
    useArnRegion: builtIns["AWS::S3::UseArnRegion"] !== false,
    disableMultiRegionAccessPoints: on(
      "AWS::S3::DisableMultiRegionAccessPoints",
    ),
    disableS3ExpressSessionAuth: params["DisableS3ExpressSessionAuth"] === true,
  };
}

/** What the operation's table says; taken from the parameters, as the tables are not under test here. */
function constantsOf(params: RuleParameters): Record<string, string> {
  const names = [
    "DisableAccessPoints",
    "UseObjectLambdaEndpoint",
    "UseS3ExpressControlEndpoint",
  ];
  return Object.fromEntries(
    names.filter((name) => params[name] !== undefined)
      .map((name) => [name, `${params[name]}`]),
  );
}
