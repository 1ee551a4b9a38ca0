/**
 * Tells what to change where a store that resembles S3 refuses a checksum.
 *
 * @module
 */
import { ServiceError } from "../foundation/errors.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { ChecksumTraits } from "../ports/schema.ts";

/** What stores say that do not know a header field or a framing. */
const REFUSALS: ReadonlySet<string> = new Set([
  "400",
  "InvalidArgument",
  "InvalidRequest",
  "MissingContentLength",
  "NotImplemented",
  "XAmzContentSHA256Mismatch",
]);

const MENTIONS = /checksum|trailer|chunked|STREAMING-UNSIGNED-PAYLOAD/i;

const SET_IT =
  "in code, as AWS_REQUEST_CHECKSUM_CALCULATION or as request_checksum_calculation in the profile";

/** The platform, or the transport, sends a stream without saying how long it is. */
const UNSIZED =
  "the body may have gone out without its length: give it as bytes, state its length as ContentLength, or send it with upload()";

/** A request that was refused. */
export interface RefusedRequest {
  /** What its operation has to do with checksums. */
  readonly checksum: ChecksumTraits | undefined;
  /** Its parameters. */
  readonly input: unknown;
  /** Its header fields as they were sent. */
  readonly headers: HeaderMap;
  /** Whether its body was bytes. */
  readonly held: boolean;
  /** Whether the settings ask for checksums wherever they are known. Default: yes. */
  readonly supported?: boolean;
}

/**
 * Adds to a refusal which setting to change, where the request had a checksum
 * and went to an endpoint that is not Amazon's.
 *
 * @param error What a call failed with.
 * @param settings The client's settings.
 * @param request What was refused.
 * @returns The error; another one, with the hint, where there is one.
 */
export function withChecksumHint(
  error: unknown,
  { endpointUrl }: ClientConfig,
  request: RefusedRequest,
): unknown {
  if (endpointUrl === undefined || !isRefusal(error)) return error;
  const hint = hintFor(request, error.status);
  return hint === undefined
    ? error
    : new ServiceError(error.reason, { ...error.detail, hint });
}

function isRefusal(error: unknown): error is ServiceError {
  if (!(error instanceof ServiceError)) return false;
  const { status, code, reason } = error;
  return status === 501 || status === 411 ||
    (status === 400 && (REFUSALS.has(code) || MENTIONS.test(reason)));
}

function hintFor(
  { checksum, input, headers, held, supported = true }: RefusedRequest,
  status: number,
): string | undefined {
  const sent = headers["x-amz-trailer"] ??
    Object.keys(headers).find((name) => name.startsWith("x-amz-checksum-"));
  if (sent === undefined) return status === 411 && !held ? UNSIZED : undefined;
  const why = `the request had ${sent}, which this store may not know`;
  if (sent === "x-amz-checksum-mode") {
    return `${why}: set responseChecksum: "when_required"`;
  }
  const part = held ? "" : ", or send the body with upload(), in parts";
  if (isGiven(input, checksum?.algorithmMember)) {
    return `${why}: leave ${checksum?.algorithmMember} out${part}`;
  }
  if (!supported && !held) {
    return `${why}: state the length of the body as ContentLength${part}`;
  }
  return checksum?.required
    ? `${why}: leave requestChecksum unset (${SET_IT}), then it gets Content-MD5`
    : `${why}: set requestChecksum: "when_required" (${SET_IT})${part}`;
}

function isGiven(input: unknown, member: string | undefined): boolean {
  return member !== undefined &&
    (input as Readonly<Record<string, unknown>>)[member] !== undefined;
}
