/**
 * Sessions of directory buckets (S3 Express One Zone).
 *
 * @module
 */
import type { Caller } from "../../ports/caller.ts";
import type { Credentials } from "../../ports/credentials.ts";
import { CreateSession } from "./generated/operations.ts";

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
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    sessionToken: given.SessionToken,
    expiration: given.Expiration,
  };
}
