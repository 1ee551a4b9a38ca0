/**
 * Errors of calls that went where a default led, as the program may not read the
 * settings that could say otherwise.
 *
 * @module
 */
import {
  AwsError,
  EndpointError,
  ServiceError,
  TransportError,
  withMessage,
} from "../foundation/errors.ts";
import { joinFlags } from "../foundation/setting_values.ts";

/** A setting that has its default only because its sources may not be read. */
export interface UnreadSetting {
  /** Name of the option in code. */
  readonly name: "endpointUrl" | "region";
  /** The default in words, for example `"us-east-1"`. */
  readonly used: string;
  /** The flags that would permit to read its sources. */
  readonly flags: readonly string[];
}

/** What is answered to a request that is in the wrong region. */
const OF_REGION: ReadonlySet<string> = new Set([
  "AuthorizationHeaderMalformed",
  "BucketAlreadyExists",
  "BucketAlreadyOwnedByYou",
  "IllegalLocationConstraintException",
  "IllegalRegionConstraintException",
  "InvalidClientTokenId",
  "InvalidLocationConstraint",
  "InvalidRegion",
  "InvalidToken",
  "NoSuchBucket",
  "OperationAborted",
  "PermanentRedirect",
  "RegionDisabledException",
  "SignatureDoesNotMatch",
  "TemporaryRedirect",
]);

/** What Amazon answers to the keys of another store. */
const OF_ENDPOINT: ReadonlySet<string> = new Set([
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "NoSuchBucket",
]);

/**
 * Adds to an error which settings the program could not read, where they may be
 * its cause.
 *
 * @param error What a call failed with.
 * @param unread The settings; none: the error stays as it is.
 * @returns The error; another one, with the hint, where it is a refusal.
 */
export function withUnreadSettings(
  error: unknown,
  unread: readonly UnreadSetting[],
): unknown {
  if (unread.length === 0 || !(error instanceof AwsError)) return error;
  const causes = unread.filter(({ name }) => mayCause(name, error));
  if (causes.length === 0) return error;
  const hint = causes.map(told).join("; ");
  if (error instanceof ServiceError) {
    const before = error.detail.hint;
    return new ServiceError(error.reason, {
      ...error.detail,
      hint: before === undefined ? hint : `${before}; ${hint}`,
    });
  }
  withMessage(error, `${error.message}; ${hint}`);
  return error;
}

function mayCause(name: UnreadSetting["name"], error: AwsError): boolean {
  if (error instanceof EndpointError) return true;
  if (error instanceof TransportError) {
    return error.kind === "denied" || error.kind === "dns";
  }
  if (!(error instanceof ServiceError)) return false;
  const { code, status } = error;
  return name === "region"
    ? OF_REGION.has(code) || status === 301 || status === 307
    : OF_ENDPOINT.has(code);
}

function told({ name, used, flags }: UnreadSetting): string {
  return `${name} is ${used} by default, as its settings could not be read: run with ${
    joinFlags(flags)
  }, or set ${name} in code`;
}
