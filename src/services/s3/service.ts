/**
 * S3, as the session sees it: the settings that only S3 has, and its facts. What
 * only some calls need is loaded by them.
 *
 * @module
 */
import { AwsError } from "../../foundation/errors.ts";
import { isBoolean, oneOf, readBoolean } from "../../foundation/options.ts";
import type { ClientConfig, Setting } from "../../ports/config.ts";
import type {
  AttemptFacts,
  Correction,
  FailedCall,
  RegionMemory,
  ServiceDefinition,
} from "../../ports/service.ts";
import { restXml } from "../../protocol/rest_xml.ts";
import type { AskForBucket } from "./after_failure.ts";
import { s3Endpoint } from "./endpoint.ts";
import { HeadBucket } from "./generated/operations.ts";
import type { DeleteObjectInput } from "./generated/types.ts";

/** When checksums are made or checked, where an operation does not ask for them. */
export type ChecksumUse = "when_required" | "when_supported";

/** The stores that there are settings for, in `stores`. */
export type StoreName =
  | "aws"
  | "b2"
  | "ceph"
  | "gcs"
  | "minio"
  | "r2"
  | "spaces"
  | "swift"
  | "tigris"
  | "wasabi";

/** Settings of an S3 client. */
export interface S3Config extends ClientConfig {
  /**
   * Where the bucket stands: in the host name, in the path, or where it can.
   * On an endpoint of your own, `"auto"` means the path. Names that cannot be
   * part of a host stay in the path. Default: the profile's
   * `s3.addressing_style`, `"auto"`.
   */
  readonly addressingStyle?: "auto" | "path" | "virtual";
  /** Hosts of S3 Transfer Acceleration. Default: the profile's `s3.use_accelerate_endpoint`, `false`. */
  readonly useAccelerateEndpoint?: boolean;
  /**
   * Host for buckets in us-east-1: that of the region, or the old one without a
   * region. Default: `AWS_S3_US_EAST_1_REGIONAL_ENDPOINT`, the profile's
   * `s3.us_east_1_regional_endpoint` (both say `legacy` for the old one),
   * `"regional"`.
   */
  readonly usEast1Endpoint?: "global" | "regional";
  /** Whether an ARN may name another region than the client's. Default: `AWS_S3_USE_ARN_REGION`, the profile's `s3.use_arn_region`, `true`. */
  readonly useArnRegion?: boolean;
  /**
   * Whether bodies are part of the signature. Default: the profile's
   * `s3.payload_signing_enabled`; else where nothing else protects them.
   */
  readonly payloadSigning?: boolean;
  /** When requests get a checksum. Default: `AWS_REQUEST_CHECKSUM_CALCULATION`, the profile's `request_checksum_calculation`, `"when_supported"`; `"when_required"` on an endpoint of your own. */
  readonly requestChecksum?: ChecksumUse;
  /** When checksums of responses are checked. Default: `AWS_RESPONSE_CHECKSUM_VALIDATION`, the profile's `response_checksum_validation`, `"when_supported"`; `"when_required"` on an endpoint of your own. */
  readonly responseChecksum?: ChecksumUse;
  /** Signs for directory buckets with the client's own credentials, without a session. Default: `AWS_S3_DISABLE_EXPRESS_SESSION_AUTH`, the profile's `s3_disable_express_session_auth`, `false`. */
  readonly disableS3ExpressSessionAuth?: boolean;
  /** Refuses access points of all regions. Default: `AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS`, the profile's `s3_disable_multiregion_access_points`, `false`. */
  readonly disableMultiRegionAccessPoints?: boolean;
  /**
   * Which store answers, so that what it is known not to do is refused or done
   * otherwise. `stores` sets it. Default: not known.
   */
  readonly store?: StoreName;
}

const ON_OFF = {
  read: readBoolean,
  accepts: isBoolean,
  allowed: "true or false",
} as const;

const CHECKSUMS = oneOf(["when_supported", "when_required"]);

const US_EAST_1 = oneOf(["regional", "global"]);

/** Where the settings of S3 may be set. */
export const s3Settings: readonly Setting<unknown>[] = [
  {
    name: "addressingStyle",
    profile: ["s3.addressing_style"],
    ...oneOf(["auto", "path", "virtual"]),
    fallback: "auto",
  },
  {
    name: "useAccelerateEndpoint",
    profile: ["s3.use_accelerate_endpoint"],
    ...ON_OFF,
    fallback: false,
  },
  {
    name: "useDualstackEndpoint",
    env: ["AWS_USE_DUALSTACK_ENDPOINT"],
    profile: ["s3.use_dualstack_endpoint", "use_dualstack_endpoint"],
    ...ON_OFF,
    fallback: false,
  },
  {
    name: "usEast1Endpoint",
    env: ["AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"],
    profile: [
      "s3_us_east_1_regional_endpoint",
      "s3.us_east_1_regional_endpoint",
    ],
    ...US_EAST_1,
    read: (text) => text === "legacy" ? "global" : US_EAST_1.read(text),
    allowed: `${US_EAST_1.allowed}; outside code also "legacy" for "global"`,
    fallback: "regional",
  },
  {
    name: "useArnRegion",
    env: ["AWS_S3_USE_ARN_REGION"],
    profile: ["s3_use_arn_region", "s3.use_arn_region"],
    ...ON_OFF,
    fallback: true,
  },
  {
    name: "payloadSigning",
    profile: ["s3.payload_signing_enabled"],
    ...ON_OFF,
  },
  {
    name: "requestChecksum",
    env: ["AWS_REQUEST_CHECKSUM_CALCULATION"],
    profile: ["request_checksum_calculation"],
    ...CHECKSUMS,
    read: (text) => CHECKSUMS.read(text.toLowerCase()),
  },
  {
    name: "responseChecksum",
    env: ["AWS_RESPONSE_CHECKSUM_VALIDATION"],
    profile: ["response_checksum_validation"],
    ...CHECKSUMS,
    read: (text) => CHECKSUMS.read(text.toLowerCase()),
  },
  {
    name: "disableS3ExpressSessionAuth",
    env: ["AWS_S3_DISABLE_EXPRESS_SESSION_AUTH"],
    profile: ["s3_disable_express_session_auth"],
    ...ON_OFF,
    // The one switch that botocore reads strictly: an empty value is wrong, too.
    read: (text) =>
      /^(?:true|false)$/i.test(text) ? readBoolean(text) : undefined,
    fallback: false,
  },
  {
    name: "disableMultiRegionAccessPoints",
    env: ["AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS"],
    profile: [
      "s3.s3_disable_multiregion_access_points",
      "s3_disable_multiregion_access_points",
    ],
    ...ON_OFF,
    fallback: false,
  },
  {
    name: "store",
    ...oneOf([
      "aws",
      "b2",
      "ceph",
      "gcs",
      "minio",
      "r2",
      "spaces",
      "swift",
      "tigris",
      "wasabi",
    ]),
  },
];

/** Facts of S3. */
export const s3: ServiceDefinition<S3Config> = {
  id: "s3",
  // Every call needs it: to load it apart would only cost time.
  protocol: () => Promise.resolve(restXml),
  endpoint: s3Endpoint,
  amend: (operation, input, settings) => {
    const { name } = operation;
    const isAmended = typeof input === "object" && input !== null && (
      name === "CreateBucket" || name.startsWith("ListObject") ||
      "CopySource" in input || "SSECustomerKey" in input ||
      "CopySourceSSECustomerKey" in input
    );
    if (!isAmended) return input;
    if (amending !== undefined) {
      return amending.amendInput(operation, input, settings);
    }
    return import("./amend.ts").then((loaded) => {
      amending = loaded;
      return loaded.amendInput(operation, input, settings);
    });
  },
  amendOutput: (operation, input, output) =>
    amending?.amendOutput(operation, input, output) ?? output,
  settle: settleConditionalDelete,
  hint: async (operation, error) =>
    (await import("./after_failure.ts")).headHint(operation, error),
  regions: (call, known) =>
    new BucketRegions(
      (bucket, signal) =>
        call(HeadBucket, { Bucket: bucket }, signal ? { signal } : {}),
      known,
    ),
  openSession: async (call, bucket, signal) =>
    await (await import("./special_endpoints.ts"))
      .openBucketSession(call, bucket, signal),
  settings: s3Settings,
  regionless: true,
};

/** What changes some inputs and listings; loaded with the first of them. */
let amending: typeof import("./amend.ts") | undefined;

/** Looks at the object where the answer to a delete under a condition was lost. */
function settleConditionalDelete<Input, Output>(
  { operation, input, failure, ...rest }: FailedCall<Input, Output>,
): Promise<Output> | undefined {
  if (operation.name !== "DeleteObject" || !(failure instanceof AwsError)) {
    return undefined;
  }
  // The name says which types these are.
  const given = input as DeleteObjectInput;
  if (
    given.IfMatch === undefined && given.IfMatchSize === undefined &&
    given.IfMatchLastModifiedTime === undefined
  ) return undefined;
  return import("./lost_answer.ts").then(({ settleDelete }) =>
    settleDelete({ input: given, failure, ...rest }) as Promise<Output>
  );
}

/** Regions of buckets that are not where the clients of a session expect them. */
export class BucketRegions implements RegionMemory {
  /** Which kind of recovery it is. */
  readonly kind = "region";
  readonly #regions: Map<string, string>;
  readonly #headBucket: AskForBucket;

  /**
   * Makes the memory of one client.
   *
   * @param headBucket Asked where a refusal does not name the region.
   * @param known The regions by bucket, shared with other clients. Default: none.
   */
  constructor(headBucket: AskForBucket, known = new Map<string, string>()) {
    this.#headBucket = headBucket;
    this.#regions = known;
  }

  /** Tells the region of a bucket that was found elsewhere before. */
  regionOf({ Bucket }: AttemptFacts["context"]): string | undefined {
    return Bucket === undefined ? undefined : this.#regions.get(Bucket);
  }

  /**
   * Finds the region of a bucket that is elsewhere, and remembers it.
   *
   * @throws {EndpointError} If what the server names cannot be a region.
   */
  async recover(
    failure: AwsError,
    facts: AttemptFacts,
  ): Promise<Correction | undefined> {
    const bucket = facts.context["Bucket"];
    if (bucket === undefined || bucket.startsWith("arn:")) return undefined;
    const { regionElsewhere } = await import("./after_failure.ts");
    const region = await regionElsewhere(
      failure,
      bucket,
      facts,
      this.#headBucket,
    );
    if (region === undefined) return undefined;
    this.#regions.set(bucket, region);
    return { region };
  }
}
