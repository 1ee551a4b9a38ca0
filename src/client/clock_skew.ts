/**
 * Learns a server's time from its refusals.
 *
 * @module
 */
import { type AwsError, ServiceError } from "../foundation/errors.ts";
import { parseTimestamp } from "../foundation/timestamps.ts";
import type { Clock } from "../ports/clock.ts";
import type { AttemptFacts, Correction, Recovery } from "../ports/recovery.ts";

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

/** The difference between the local clock and the servers', by host. */
export class ClockSkew implements Recovery {
  readonly kind = "skew";
  readonly #clock: Clock;
  readonly #skewMs = new Map<string, number>();

  /**
   * Makes one that has learnt nothing yet.
   *
   * @param clock The local clock.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The current time, as a host sees it. */
  now(host: string): Date {
    const now = this.#clock.now();
    const skewMs = this.#skewMs.get(host);
    return skewMs === undefined ? now : new Date(now.getTime() + skewMs);
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
    this.#skewMs.set(facts.host, skewMs);
    return { skewMs };
  }
}
