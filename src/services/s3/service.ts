/**
 * S3, as the session sees it, and the sessions of directory buckets.
 *
 * @module
 */
import { AwsError, ProtocolError } from "../../foundation/errors.ts";
import type { Caller } from "../../ports/caller.ts";
import type { Credentials } from "../../ports/credentials.ts";
import type { FailedCall, ServiceDefinition } from "../../ports/service.ts";
import { amendInput, amendOutput } from "./amend.ts";
import { BucketRegions } from "./bucket_region.ts";
import { s3Endpoint } from "./endpoint.ts";
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
  return import("./lost_delete.ts").then(({ settleDelete }) =>
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
