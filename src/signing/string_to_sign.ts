/**
 * The texts that go into the HMAC, and the scope that they name.
 *
 * @module
 */
import { sha256Hex } from "../foundation/digest.ts";
import { amzDate } from "../foundation/timestamps.ts";
import type { SigningRules, SigningScope } from "../ports/credentials.ts";
import { EMPTY_SHA256, isS3 } from "./payload_hash.ts";

/** Name of Signature Version 4, as it stands in signatures. */
export const ALGORITHM = "AWS4-HMAC-SHA256";

/** How the path is signed: as asked for, else as the service does it. */
export function rulesOf(
  { rules, service }: Pick<SigningScope, "rules" | "service">,
): SigningRules {
  return rules ?? (isS3(service) ? "s3" : "general");
}

/**
 * The credential scope, for example `20130524/us-east-1/s3/aws4_request`.
 *
 * @param time Time of signing, as `20130524T000000Z`.
 * @param scope Region and service.
 */
export function credentialScope(
  time: string,
  { region, service }: SigningScope,
): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/**
 * What is signed for a request.
 *
 * Source: "Create a signed AWS API request", IAM User Guide, step 2.
 *
 * @param algorithm Its name.
 * @param canonical The canonical request.
 * @param time Time of signing, as `20130524T000000Z`.
 * @param scope The credential scope.
 */
export function stringToSign(
  algorithm: string,
  canonical: string,
  time: string,
  scope: string,
): string {
  return `${algorithm}\n${time}\n${scope}\n${sha256Hex(canonical)}`;
}

/**
 * What is signed for one chunk of a body whose payload hash is
 * `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, with or without `-TRAILER`.
 *
 * Source: "Transferring Payload in Multiple Chunks", S3 API Reference.
 *
 * @param previous Signature of the chunk before it; for the first one that of
 * the request.
 * @param hash SHA-256 of the chunk's bytes, in hexadecimal.
 * @param scope The scope of the request.
 */
export function chunkToSign(
  previous: string,
  hash: string,
  scope: SigningScope,
): string {
  return `${head("PAYLOAD", scope)}\n${previous}\n${EMPTY_SHA256}\n${hash}`;
}

/**
 * What is signed for the trailer of such a body.
 *
 * Source: "Including trailing headers", S3 API Reference.
 *
 * @param previous Signature of the last chunk, the empty one.
 * @param hash SHA-256, in hexadecimal, of the trailing fields: `name:value` and
 * a newline for each.
 * @param scope The scope of the request.
 */
export function trailerToSign(
  previous: string,
  hash: string,
  scope: SigningScope,
): string {
  return `${head("TRAILER", scope)}\n${previous}\n${hash}`;
}

function head(kind: string, scope: SigningScope): string {
  const time = amzDate(scope.at);
  return `${ALGORITHM}-${kind}\n${time}\n${credentialScope(time, scope)}`;
}
