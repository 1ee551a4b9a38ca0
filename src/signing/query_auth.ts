/**
 * Signatures in the query: what goes there, what may not be there before.
 *
 * @module
 */
import type { HeaderMap, QueryParam } from "../ports/http.ts";
import { PAYLOAD_HEADER } from "./payload_hash.ts";

/** Header in which the session token is sent. */
export const TOKEN_HEADER = "x-amz-security-token";

/** Longest life of a presigned URL: seven days, in seconds. */
const MAX_EXPIRY = 604_800;

/** Parameters with which a request is signed already. */
const SIGNED =
  /^x-amz-(?:algorithm|credential|date|expires|s3session-token|security-token|signature|signedheaders)$/i;

/** Header in which the token of a directory bucket's session is sent. */
const EXPRESS_TOKEN_HEADER = "x-amz-s3session-token";

/** Header fields that make way for a parameter. */
const REPLACED: ReadonlySet<string> = new Set([
  "authorization",
  PAYLOAD_HEADER,
  TOKEN_HEADER,
  EXPRESS_TOKEN_HEADER,
  "x-amz-date",
]);

/**
 * Refuses a request that has a signature in its query: no server takes two.
 *
 * @throws {TypeError} If it has one, or a part of one.
 */
export function refuseSigned(query: readonly QueryParam[]): void {
  for (const [name] of query) {
    if (SIGNED.test(name)) {
      throw new TypeError(
        `Cannot sign the request: its query holds "${name}", so it is signed already; sign it as it was before`,
      );
    }
  }
}

/**
 * Refuses a life that no server grants.
 *
 * @throws {RangeError} If it is not a whole number of seconds up to seven days.
 */
export function refuseExpiry(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_EXPIRY) {
    throw new RangeError(
      `Cannot presign as expiresInSeconds must be a whole number from 1 to ${MAX_EXPIRY}, seven days: current value is ${seconds}`,
    );
  }
}

/** The header fields that are still to be sent beside a presigned URL. */
export function remainingHeaders(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !REPLACED.has(name)),
  );
}

/** The payload hash that the caller chose, as a parameter. */
export function presetHash(headers: HeaderMap): readonly QueryParam[] {
  const hash = headers[PAYLOAD_HEADER];
  return hash === undefined ? [] : [["X-Amz-Content-Sha256", hash]];
}

/**
 * Names the parameter that carries the session token in a query.
 *
 * @param header The header that carries it elsewhere.
 */
export function tokenParam(header: string): string {
  return header === EXPRESS_TOKEN_HEADER
    ? "X-Amz-S3session-Token"
    : "X-Amz-Security-Token";
}
