/**
 * S3, as the session sees it. What only some calls need is loaded by them.
 *
 * @module
 */
import { AwsError } from "../../foundation/errors.ts";
import type {
  AttemptFacts,
  Correction,
  FailedCall,
  RegionMemory,
  ServiceDefinition,
} from "../../ports/service.ts";
import type { AskForBucket } from "./after_failure.ts";
import { amendInput, amendOutput } from "./amend.ts";
import { s3Endpoint } from "./endpoint.ts";
import { HeadBucket } from "./generated/operations.ts";
import type { DeleteObjectInput } from "./generated/types.ts";
import { type S3Config, s3Settings } from "./settings.ts";

export type { S3Config };

/** Facts of S3. */
export const s3: ServiceDefinition<S3Config> = {
  id: "s3",
  protocol: async () => (await import("../../protocol/rest_xml.ts")).restXml,
  endpoint: s3Endpoint,
  amend: amendInput,
  amendOutput,
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
