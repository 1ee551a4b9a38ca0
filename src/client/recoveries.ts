/**
 * What a refusal teaches: the time of the server, and that credentials have
 * expired. Loaded with the first failure.
 *
 * @module
 */
import { type AwsError, ServiceError } from "../foundation/errors.ts";
import { parseTimestamp } from "../foundation/timestamps.ts";
import type { Clock } from "../ports/system.ts";
import type { CredentialSource } from "../ports/credentials.ts";
import type { Logger } from "../ports/telemetry.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/service.ts";
import { timeAt } from "./parts.ts";

/** What services answer to a signature whose time is off. */
const SKEW_CODES: ReadonlySet<string> = new Set([
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
  // A HEAD answer has no body to name the code.
  "403",
]);

/** Servers accept 15 minutes; below this, the time was not the reason. */
const TOLERATED_MS = 4 * 60_000;

/**
 * A difference that a wrong time zone explains. Beyond it a server could ask for
 * signatures that are good years from now.
 */
export const MAX_SKEW_MS = 24 * 3_600_000;

/** The difference between the local clock and the servers', by host. */
export class ClockSkew implements Recovery {
  readonly kind = "skew";
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, "warn"> | undefined;
  readonly #skewMs: Map<string, number>;

  /**
   * Makes what learns them.
   *
   * @param clock The local clock.
   * @param logger Told of differences. Default: nobody.
   * @param known The differences by host, in milliseconds. Default: none.
   */
  constructor(
    clock: Clock,
    logger?: Pick<Logger, "warn">,
    known = new Map<string, number>(),
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#skewMs = known;
  }

  /** The current time, as a host sees it. */
  now(host: string): Date {
    return timeAt(host, { clock: this.#clock, skewMs: this.#skewMs });
  }

  recover(failure: AwsError, facts: AttemptFacts): Correction | undefined {
    if (!(failure instanceof ServiceError)) return undefined;
    if (!SKEW_CODES.has(failure.code)) return undefined;
    const { date = "", age } = failure.detail.headers;
    const server = parseTimestamp(date);
    // An answer with an age comes from a cache, and so does its date.
    if (server === undefined || age !== undefined) return undefined;
    const off = Math.abs(server.getTime() - facts.signedAt.getTime());
    if (off < TOLERATED_MS) return undefined;
    const skewMs = server.getTime() - this.#clock.now().getTime();
    const told = {
      host: facts.host,
      date,
      local: facts.signedAt.toISOString(),
    };
    if (Math.abs(skewMs) > MAX_SKEW_MS) {
      this.#logger?.warn(
        "the server's clock is more than 24 hours off; signing with the local clock",
        told,
      );
      return undefined;
    }
    this.#logger?.warn(
      "the local clock is off; signing with the server's",
      told,
    );
    this.#skewMs.set(facts.host, skewMs);
    return { skewMs };
  }
}

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
