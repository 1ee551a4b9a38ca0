/**
 * What stands for the body in a signature.
 *
 * @module
 */
import { sha256HexOf } from "../foundation/digest.ts";
import type { HttpRequest } from "../ports/http.ts";

/** Header in which the hash is sent. What it holds before is taken as the hash. */
export const PAYLOAD_HEADER = "x-amz-content-sha256";

/** Stands for a body that the signature does not cover. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** SHA-256 of no bytes. */
export const EMPTY_SHA256 =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

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

/**
 * The hash for a signature in the header fields.
 *
 * @throws {TypeError} If the body is a stream and has to be covered.
 */
export function payloadHash(
  { headers, origin, body }: HttpRequest,
  service: string,
): string | Promise<string> {
  const preset = headers[PAYLOAD_HEADER];
  if (preset !== undefined) return preset;
  if (body === undefined) return EMPTY_SHA256;
  if (body instanceof Uint8Array) return sha256HexOf(body);
  if (!isS3(service)) {
    throw new TypeError(
      `Cannot sign the request: its body is a stream, and "${service}" wants the body's SHA-256; send bytes, or set the header "${PAYLOAD_HEADER}"`,
    );
  }
  if (!origin.startsWith("https:")) {
    throw new TypeError(
      `Cannot sign the request: its body is a stream, and over http nothing but a signature protects it; send bytes, use https, or set the header "${PAYLOAD_HEADER}"`,
    );
  }
  return UNSIGNED_PAYLOAD;
}

/** The hash for a signature in the query: S3 never covers the body there. */
export function presignedPayloadHash(
  { headers, body }: HttpRequest,
  service: string,
): string | Promise<string> {
  const preset = headers[PAYLOAD_HEADER];
  if (preset !== undefined) return preset;
  if (isS3(service)) return UNSIGNED_PAYLOAD;
  if (body === undefined) return EMPTY_SHA256;
  return body instanceof Uint8Array ? sha256HexOf(body) : UNSIGNED_PAYLOAD;
}
