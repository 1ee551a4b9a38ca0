/**
 * The recorded presigned URLs and forms.
 *
 * @module
 */
import type { ClientCase } from "./client_cases.ts";

/** A recorded presigned URL. */
export interface UrlCase extends ClientCase {
  readonly name: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly expiresIn?: number;
  readonly httpMethod?: string;
  readonly expect: {
    readonly error?: string;
    /** The URL. Without a signature, that is to be made by the second signer. */
    readonly url?: string;
  };
}

/** A recorded presigned form. */
export interface PostCase extends ClientCase {
  readonly name: string;
  readonly params: {
    readonly Bucket: string;
    readonly Key: string;
    readonly Fields?: Readonly<Record<string, string>>;
    readonly Conditions?: readonly unknown[];
    readonly ExpiresIn?: number;
  };
  readonly expiresIn?: number;
  readonly expect: {
    readonly error?: string;
    readonly url?: string;
    readonly fields?: Readonly<Record<string, string>>;
    readonly policyText?: string;
  };
}
