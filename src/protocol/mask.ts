/**
 * Takes secrets out of what a service says about a request that it refuses: S3
 * answers a wrong signature with the canonical request, token included, and an
 * expired token with the token.
 *
 * @module
 */

/** What stands in the place of a secret. */
const MASK = "***";

/** Elements that are a secret, or the bytes of a text that holds one. */
const SECRET_ELEMENT =
  /^(?:Token-\d+|CanonicalRequestBytes|StringToSignBytes|SignatureProvided|(?:Session|Security)Token|SecretAccessKey)$/i;

/** A header line or a query parameter with a secret, up to its value's end. */
const SECRET_FIELD =
  /((?:x-amz-security-token|x-amz-s3session-token|x-amz-(?:copy-source-)?server-side-encryption-customer-key|x-amz-signature|signature)\s*(?:[:=]|%3D)\s*)[^\s,&;"'<>]+/gi;

/** A text of a service, its secrets masked. */
export function maskedText(text: string): string {
  return text.replace(SECRET_FIELD, `$1${MASK}`);
}

/** The text of an element of a service, masked as a whole where it is a secret. */
export function maskedElement(name: string, text: string): string {
  return SECRET_ELEMENT.test(name) ? MASK : maskedText(text);
}
