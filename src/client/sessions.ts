/**
 * The sessions of one client.
 *
 * @module
 */
import type { Credentials, CredentialSource } from "../ports/credentials.ts";

/** Sessions that are kept; those that were not used for longest go first. */
const KEPT = 100;

/**
 * Keeps a source of credentials for each session, so that it is opened once for
 * many calls.
 *
 * Source: botocore, `S3ExpressIdentityCache`.
 */
export class Sessions implements Pick<CredentialSource, "invalidate"> {
  readonly #sources = new Map<string, CredentialSource>();
  readonly #create: (name: string) => CredentialSource;

  /**
   * Starts with none.
   *
   * @param create Makes the source of a session; it opens the session when it is
   * first asked.
   */
  constructor(create: (name: string) => CredentialSource) {
    this.#create = create;
  }

  /** The source of a session's credentials. */
  sourceOf(name: string): CredentialSource {
    const source = this.#sources.get(name) ?? this.#create(name);
    // A map is in the order of its entries: the last one is the newest.
    this.#sources.delete(name);
    this.#sources.set(name, source);
    for (const oldest of this.#sources.keys()) {
      if (this.#sources.size <= KEPT) break;
      this.#sources.delete(oldest);
    }
    return source;
  }

  /** Forgets credentials that the service refused as expired. */
  invalidate(refused: Credentials): void {
    for (const source of this.#sources.values()) source.invalidate(refused);
  }
}
