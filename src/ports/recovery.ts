/**
 * The port for what makes a second attempt worthwhile without being a retry.
 *
 * @module
 */
import type { AwsError } from "../foundation/errors.ts";
import type { Credentials } from "./credentials.ts";

/** What an attempt was made with. */
export interface AttemptFacts {
  /** Name of the operation. */
  readonly operation: string;
  /** Input members that the endpoint depends on. */
  readonly context: Readonly<Record<string, string>>;
  /** Host the attempt was sent to. */
  readonly host: string;
  /** Region it was signed for. */
  readonly region: string;
  /** Credentials it was signed with; absent where it was not signed. */
  readonly credentials?: Credentials;
  /** Time it was signed at, by the corrected clock. */
  readonly signedAt: Date;
  /** The caller's signal. */
  readonly signal?: AbortSignal;
}

/** What the next attempt does differently. */
export interface Correction {
  /** Region to resolve the endpoint and sign for. */
  readonly region?: string;
  /** What to add to the local time, in milliseconds. */
  readonly skewMs?: number;
  /** Whether to get credentials anew. */
  readonly freshCredentials?: true;
}

/**
 * Looks at a failed attempt before the retry strategy does. The attempt that it
 * asks for comes at once, is not limited by `maxAttempts`, and each kind of
 * recovery happens at most once per call.
 */
export interface Recovery {
  /** Which kind it is. */
  readonly kind: "credentials" | "region" | "skew";
  /**
   * Says what the next attempt should do differently.
   *
   * @returns The correction, or `undefined` where the failure is none of its kind.
   */
  recover(
    failure: AwsError,
    facts: AttemptFacts,
  ): Correction | Promise<Correction | undefined> | undefined;
}

/** Learns from refusals in which region a service keeps what calls ask for. */
export interface RegionMemory extends Recovery {
  /** Which kind it is. */
  readonly kind: "region";
  /**
   * Tells the region that a call should start in.
   *
   * @param context Input members that the endpoint depends on.
   * @returns The region, or `undefined` where no call has learnt one.
   */
  regionOf(context: AttemptFacts["context"]): string | undefined;
}
