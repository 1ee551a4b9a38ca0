/**
 * What is done after a call of S3 has failed: the bucket is followed to its region,
 * and refusals without a reason get the usual ones. Loaded with the first failure.
 *
 * S3 refuses a request that is sent or signed for a region that the bucket is
 * not in, and mostly says which one it is in.
 *
 * @module
 */
import { isRegion, partitionOf } from "../../endpoint/hosts.ts";
import {
  AwsError,
  EndpointError,
  ServiceError,
  type ServiceErrorDetail,
} from "../../foundation/errors.ts";
import type { ResponseBase } from "../../foundation/metadata.ts";
import type { AttemptFacts } from "../../ports/service.ts";
const REGION_HEADER = "x-amz-bucket-region";
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307]);

/** Calls HeadBucket, by the same client. */
export type AskForBucket = (
  bucket: string,
  signal?: AbortSignal,
) => Promise<ResponseBase>;

/**
 * Finds the region of a bucket that a refusal says is elsewhere.
 *
 * @param failure The refusal.
 * @param bucket The bucket.
 * @param facts The attempt.
 * @param headBucket Asked where the refusal does not name the region.
 * @throws {EndpointError} If what the server names cannot be a region.
 */
export async function regionElsewhere(
  failure: AwsError,
  bucket: string,
  facts: AttemptFacts,
  headBucket: AskForBucket,
): Promise<string | undefined> {
  if (!(failure instanceof ServiceError)) return undefined;
  if (!isElsewhere(failure.detail, facts.operation)) return undefined;
  const region = failure.detail.headers[REGION_HEADER] ??
    regionInBody(failure.detail) ?? await ask(bucket, facts, headBucket);
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
  return region;
}

async function ask(
  bucket: string,
  { operation, signal }: AttemptFacts,
  headBucket: AskForBucket,
): Promise<string | undefined> {
  // The answer to the same question would be the same.
  if (operation === "HeadBucket") return undefined;
  try {
    const { ResponseMetadata } = await headBucket(bucket, signal);
    return ResponseMetadata.HTTPHeaders[REGION_HEADER];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // A refusal names the region too. Else the first failure is reported.
    return error instanceof ServiceError
      ? error.detail.headers[REGION_HEADER]
      : undefined;
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

/** What a caller needs to be let look. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  HeadBucket: "s3:ListBucket",
  HeadObject: "s3:GetObject, or s3:ListBucket where there is no such object",
};

/**
 * Names the usual causes of a refusal of HEAD, whose answer has no body to say so.
 *
 * @param operation The operation.
 * @param error The refusal.
 * @returns The causes, where the answer had no code of its own.
 */
export function headHint(
  { name, method }: { readonly name: string; readonly method: string },
  { status, code }: ServiceError,
): string | undefined {
  if (method !== "HEAD" || code !== String(status)) return undefined;
  const permission = PERMISSIONS[name];
  const causes = status === 403
    ? `${
      permission ? `a missing permission (${permission}), ` : ""
    }a wrong secret key, a wrong session token and a wrong clock`
    : status === 400
    ? "an expired session token and a missing SSE-C key"
    : undefined;
  return causes &&
    `answers to HEAD give no reason, and ${causes} all look like this`;
}
