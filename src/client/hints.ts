/**
 * What an error adds about its likely cause: settings that could not be read, and
 * stores that do not know a checksum; and the advice for the rest.
 *
 * @module
 */
import {
  AwsError,
  EndpointError,
  ServiceError,
  type ServiceErrorDetail,
  TransportError,
  withMessage,
} from "../foundation/errors.ts";
import { joinFlags } from "../foundation/setting_values.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { ChecksumTraits } from "../ports/schema.ts";
import { adviceFor } from "./advice.ts";
import type { Call } from "./call.ts";
import type { Parts } from "./parts.ts";
import type { AttemptTrace } from "./retry_loop.ts";

/**
 * Adds to a refusal what may have caused it: what its service says of it, a proxy
 * before the store, a checksum that the store does not know, settings that could
 * not be read; and advice, where that is all.
 *
 * @param error The refusal.
 * @param parts The client's parts.
 * @param call The call.
 * @param trace Its attempt.
 */
export function withHints<Input, Output>(
  error: ServiceError,
  parts: Parts,
  call: Call<Input, Output>,
  trace: AttemptTrace,
): unknown {
  const { service, settings, payload, unread = [] } = parts;
  const { operation, given, body } = call;
  const explained = withServiceHint(error, service.hint?.(operation, error));
  const hinted = withChecksumHint(withProxyHint(explained, trace), settings, {
    checksum: operation.checksum,
    input: given,
    headers: trace.sent ?? {},
    held: body === undefined || body instanceof Uint8Array,
    supported: payload.requestChecksum === "when_supported",
  });
  return withAdvice(withUnreadSettings(hinted, unread), parts, call, trace);
}

/** The same refusal with the advice of the table, where it has no hint. */
function withAdvice<Input, Output>(
  error: unknown,
  { settings: { endpointUrl }, profile }: Parts,
  { draft }: Call<Input, Output>,
  { facts, sent = {} }: AttemptTrace,
): unknown {
  if (!(error instanceof ServiceError) || facts === undefined) return error;
  if (error.detail.hint !== undefined) return error;
  const { host, region, signedAt, context, credentials } = facts;
  const advice = adviceFor({
    error,
    method: draft.method,
    context,
    sent,
    host,
    region,
    signedAt,
    ...endpointUrl !== undefined && { endpointUrl },
    ...credentials && { credentials },
    ...profile !== undefined && { profile },
  });
  return advice === undefined ? error : withDetail(error, { advice });
}

/** The same refusal with further facts. */
function withDetail(
  error: ServiceError,
  facts: Pick<ServiceErrorDetail, "advice" | "hint">,
): ServiceError {
  return new ServiceError(error.reason, { ...error.detail, ...facts });
}

/** The same refusal with what its service has to say about it. */
function withServiceHint(
  error: ServiceError,
  hint: string | undefined,
): ServiceError {
  const { hint: before } = error.detail;
  return hint === undefined ? error : withDetail(error, {
    hint: before === undefined ? hint : `${before}; ${hint}`,
  });
}

/** A store of one's own often stands behind a reverse proxy. */
function withProxyHint(
  error: ServiceError,
  { facts }: AttemptTrace,
): ServiceError {
  if (error.detail.hint !== undefined) return error;
  if (error.code !== "SignatureDoesNotMatch") return error;
  if (facts === undefined || /\.amazonaws\.com/.test(facts.host)) return error;
  return withDetail(error, {
    hint:
      'where the secret key is right, a proxy before the store changes host or path: see "behind a proxy" in the README of @inia/aws (docs/behind-a-proxy.md)',
  });
}

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
    return withDetail(error, {
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
  return hint === undefined ? error : withDetail(error, { hint });
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
