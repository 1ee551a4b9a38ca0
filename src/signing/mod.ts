/**
 * Signature Version 4 on its own, for requests to any service of AWS.
 *
 * {@linkcode signRequest} and {@linkcode presignUrl} are for those who send with
 * `fetch`; {@linkcode SigV4} signs requests as the rest of the library writes
 * them, and {@linkcode SigV4a} does so for many regions at once.
 *
 * @example A presigned URL
 * ```ts
 * import { presignUrl } from "@inia/aws/signing";
 *
 * const url = await presignUrl(
 *   "https://my-bucket.s3.eu-west-1.amazonaws.com/cat.txt",
 *   {
 *     credentials: {
 *       accessKeyId: "AKIAIOSFODNN7EXAMPLE",
 *       secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
 *     },
 *     region: "eu-west-1",
 *     service: "s3",
 *   },
 * );
 * console.log(url);
 * ```
 *
 * @module
 */
export type {
  Credentials,
  Signer,
  SigningRules,
  SigningScope,
} from "../ports/credentials.ts";
export type {
  BodySource,
  HeaderMap,
  HttpMethod,
  HttpRequest,
  QueryParam,
  RequestBody,
} from "../ports/http.ts";
export {
  presignUrl,
  type PresignUrlOptions,
  signRequest,
  type SignRequestOptions,
} from "./sign_request.ts";
export {
  RequestSigner,
  type SigningAlgorithm,
  type SigV4Options,
} from "./request_signer.ts";
export { SigV4 } from "./request_signer.ts";
export { SigV4a } from "./sigv4a.ts";
export { chunkToSign, trailerToSign } from "./steps.ts";
