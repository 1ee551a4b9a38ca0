/**
 * S3, as the session sees it: its facts, the regions that its buckets are in, and
 * the sessions of directory buckets.
 *
 * @module
 */
import { isRegion, partitionOf } from "../../endpoint/hosts.ts";
import {
  AwsError,
  EndpointError,
  ProtocolError,
  ServiceError,
  type ServiceErrorDetail,
} from "../../foundation/errors.ts";
import type { ResponseBase } from "../../foundation/metadata.ts";
import type { Caller } from "../../ports/caller.ts";
import type { Credentials } from "../../ports/credentials.ts";
import type {
  AttemptFacts,
  Correction,
  FailedCall,
  RegionMemory,
  ServiceDefinition,
} from "../../ports/service.ts";
import { amendInput, amendOutput } from "./amend.ts";
import { isArn, s3Endpoint } from "./endpoint.ts";
import { CreateSession, HeadBucket } from "./generated/operations.ts";
import type { DeleteObjectInput } from "./generated/types.ts";
import { type S3Config, s3Settings } from "./settings.ts";
import { headHint } from "./stat.ts";

export type { S3Config };

/** Facts of S3. */
export const s3: ServiceDefinition<S3Config> = {
  id: "s3",
  protocol: async () => (await import("../../protocol/rest_xml.ts")).restXml,
  endpoint: s3Endpoint,
  amend: amendInput,
  amendOutput,
  settle: settleConditionalDelete,
  hint: headHint,
  regions: (call, known) =>
    new BucketRegions(
      (bucket, signal) =>
        call(HeadBucket, { Bucket: bucket }, signal ? { signal } : {}),
      known,
    ),
  openSession: openBucketSession,
  settings: s3Settings,
  regionless: true,
};

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

const REGION_HEADER = "x-amz-bucket-region";
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307]);

/** Calls HeadBucket, by the same client. */
type AskBucket = (
  bucket: string,
  signal?: AbortSignal,
) => Promise<ResponseBase>;

/**
 * Follows buckets to their regions: S3 refuses a request that is sent or signed
 * for a region that the bucket is not in, and mostly says which one it is in.
 */
export class BucketRegions implements RegionMemory {
  /** Which kind of recovery it is. */
  readonly kind = "region";
  readonly #regions: Map<string, string>;
  readonly #headBucket: AskBucket;

  /**
   * Makes the memory of one client.
   *
   * @param headBucket Asked where a refusal does not name the region.
   * @param known The regions by bucket, shared with other clients. Default: none.
   */
  constructor(headBucket: AskBucket, known = new Map<string, string>()) {
    this.#headBucket = headBucket;
    this.#regions = known;
  }

  /** Tells the region of a bucket that was found elsewhere before. */
  regionOf(context: AttemptFacts["context"]): string | undefined {
    const bucket = context["Bucket"];
    return bucket === undefined ? undefined : this.#regions.get(bucket);
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
    if (bucket === undefined || isArn(bucket)) return undefined;
    if (!(failure instanceof ServiceError)) return undefined;
    if (!isElsewhere(failure.detail, facts.operation)) return undefined;
    const region = failure.detail.headers[REGION_HEADER] ??
      regionInBody(failure.detail) ?? await this.#ask(bucket, facts);
    if (region === undefined) return undefined;
    if (!isRegion(region)) {
      throw new EndpointError(
        `Cannot follow bucket "${bucket}" to another region: the server ` +
          `names ${JSON.stringify(region)}, which is none`,
        { cause: failure },
      );
    }
    if (partitionOf(region) !== partitionOf(facts.region)) {
      throw new EndpointError(
        `Cannot follow bucket "${bucket}" to another region: the server names "${region}", which is not in the partition of "${facts.region}". Set region to one of the bucket's partition`,
        { cause: failure },
      );
    }
    this.#regions.set(bucket, region);
    return { region };
  }

  async #ask(
    bucket: string,
    { operation, signal }: AttemptFacts,
  ): Promise<string | undefined> {
    // The answer to the same question would be the same.
    if (operation === "HeadBucket") return undefined;
    try {
      const { ResponseMetadata } = await this.#headBucket(bucket, signal);
      return ResponseMetadata.HTTPHeaders[REGION_HEADER];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      // A refusal names the region too. Else the first failure is reported.
      return error instanceof ServiceError
        ? error.detail.headers[REGION_HEADER]
        : undefined;
    }
  }
}

/**
 * Whether a refusal says that the bucket is in another region. A 403 is none,
 * although it names the bucket's region.
 *
 * Source: botocore, `S3RegionRedirectorv2`.
 */
function isElsewhere(detail: ServiceErrorDetail, operation: string): boolean {
  const { code, headers, status } = detail;
  if (REDIRECTS.has(status)) return true;
  switch (code) {
    case "PermanentRedirect":
      return true;
    case "AuthorizationHeaderMalformed":
      return regionInBody(detail) !== undefined;
    case "IllegalLocationConstraintException":
      return operation !== "CreateBucket";
    case "301":
    case "400":
      // Answers to HEAD have no body to say more.
      return operation === "HeadObject" ||
        (operation === "HeadBucket" && headers[REGION_HEADER] !== undefined);
    default:
      return false;
  }
}

function regionInBody(
  { fields, region }: ServiceErrorDetail,
): string | undefined {
  const element = fields["Region"] ?? region;
  return typeof element === "string" && element !== "" ? element : undefined;
}
