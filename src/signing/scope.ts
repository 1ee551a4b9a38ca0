/**
 * What a signature is bound to, and what follows from its service.
 *
 * @module
 */
import type { SigningRules, SigningScope } from "../ports/signer.ts";

/** Signing names of the services that are S3, or stand in front of it. */
const S3_FAMILY: ReadonlySet<string> = new Set([
  "s3",
  "s3-object-lambda",
  "s3-outposts",
  "s3express",
]);

/** Whether a service follows the rules of S3. */
export function isS3(service: string): boolean {
  return S3_FAMILY.has(service);
}

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
