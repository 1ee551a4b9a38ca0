/**
 * Sessions of directory buckets (S3 Express One Zone).
 *
 * @module
 */
import { ProtocolError } from "../../foundation/errors.ts";
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
