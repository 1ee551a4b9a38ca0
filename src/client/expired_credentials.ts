/**
 * Gets credentials anew when the service says that they have expired.
 *
 * @module
 */
import { type AwsError, ServiceError } from "../foundation/errors.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/recovery.ts";

/** What services answer to credentials whose time is over. */
const EXPIRED_CODES: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidToken",
]);

/** Tells the sources which credentials were refused, once per call. */
export class ExpiredCredentials implements Recovery {
  readonly kind = "credentials";
  readonly #sources: readonly Pick<CredentialSource, "invalidate">[];

  /**
   * Makes the recovery of a client.
   *
   * @param sources Where its credentials come from.
   */
  constructor(sources: readonly Pick<CredentialSource, "invalidate">[]) {
    this.#sources = sources;
  }

  recover(
    failure: AwsError,
    { credentials }: AttemptFacts,
  ): Correction | undefined {
    if (!(failure instanceof ServiceError) || credentials === undefined) {
      return undefined;
    }
    // Keys without a token and an end cannot be had anew.
    if (!EXPIRED_CODES.has(failure.code) || !credentials.sessionToken) {
      return undefined;
    }
    for (const source of this.#sources) source.invalidate(credentials);
    return { freshCredentials: true };
  }
}
