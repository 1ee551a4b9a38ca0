/**
 * What an error adds about its likely cause: settings that could not be read,
 * stores that do not know a checksum, and what became of a request whose signature
 * does not match; and the advice for the rest.
 *
 * @module
 */
import { encodePath } from "../foundation/bytes.ts";
import { sha256Hex } from "../foundation/digest.ts";
import {
  AwsError,
  EndpointError,
  ServiceError,
  type ServiceErrorDetail,
  TransportError,
  withMessage,
} from "../foundation/errors.ts";
import { joinFlags } from "../foundation/options.ts";
import { WITHHELD } from "../foundation/redact.ts";
import type { ClientConfig } from "../ports/config.ts";
import type { HeaderMap } from "../ports/http.ts";
import type { ChecksumTraits } from "../ports/schema.ts";
import { adviceFor } from "./advice.ts";
import { address, type Call, locate, type Parts, scopeOf } from "./attempt.ts";
import type { Attempt, AttemptTrace } from "./retry_loop.ts";

/** An attempt that was refused. */
export interface RefusedAttempt extends Pick<Attempt, "correction"> {
  /** What is known of it. */
  readonly trace: AttemptTrace;
}

/**
 * Adds to a refusal what may have caused it: what its service says of it, what
 * became of a signed request on its way, a checksum that the store does not know,
 * settings that could not be read; and advice, where that is all.
 *
 * @param error The refusal.
 * @param parts The client's parts.
 * @param call The call.
 * @param attempt Its attempt.
 */
export async function withHints<Input, Output>(
  error: ServiceError,
  parts: Parts,
  call: Call<Input, Output>,
  attempt: RefusedAttempt,
): Promise<unknown> {
  const { service, settings, payload, unread = [] } = parts;
  const { table: operation, given, body } = call;
  const { trace } = attempt;
  const explained = withServiceHint(
    error,
    await service.hint?.(operation, error),
  );
  const compared = await withSignatureHint(explained, parts, call, attempt);
  const hinted = withChecksumHint(compared, settings, {
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

/**
 * The same refusal with what became of the request on its way, where its
 * signature does not match. What was signed is made anew from what was sent, so
 * that a call which succeeds keeps nothing for this.
 */
async function withSignatureHint<Input, Output>(
  error: ServiceError,
  parts: Parts,
  { table, draft, body }: Call<Input, Output>,
  { correction, trace: { facts, sent } }: RefusedAttempt,
): Promise<ServiceError> {
  if (error.detail.hint !== undefined || !isMismatch(error)) return error;
  const theirs = signedTexts(error);
  if (theirs === undefined || facts === undefined || sent === undefined) {
    return withProxyHint(error, facts?.host);
  }
  const endpoint = await locate(
    parts,
    draft,
    table.name,
    correction.region,
  );
  const canonical = await parts.canonicalOf(
    { ...address(draft, endpoint, body), headers: sent },
    scopeOf(endpoint, facts.signedAt),
  );
  if (canonical === undefined) return error;
  const hint = signatureDifference({ canonical, headers: sent }, theirs);
  const more = parts.settings.endpointUrl === undefined
    ? ""
    : hint === UNCHANGED
    // Amazon has a code of its own for that.
    ? ", or the store does not know the access key"
    : /the (?:path|header "host") /.test(hint)
    ? "; see docs/behind-a-proxy.md of @inia/aws"
    : "";
  return withDetail(error, { hint: hint + more });
}

function isMismatch({ code }: ServiceError): boolean {
  return code === "SignatureDoesNotMatch" ||
    code === "InvalidSignatureException";
}

/** A store of one's own often stands behind a reverse proxy. */
function withProxyHint(
  error: ServiceError,
  host: string | undefined,
): ServiceError {
  if (host === undefined || /\.amazonaws\.com/.test(host)) return error;
  return withDetail(error, {
    hint:
      'where the secret key is right, a proxy before the store changes host or path: see "behind a proxy" in the README of @inia/aws (docs/behind-a-proxy.md)',
  });
}

/** What a service made of a request to check its signature. */
export interface SignedTexts {
  /** Its canonical request; secrets in it are withheld. */
  readonly canonical?: string;
  /** What it would have signed. */
  readonly toSign?: string;
}

/** Finds both texts: S3 has elements for them, other services quote them. */
function signedTexts(
  { reason, detail: { fields } }: ServiceError,
): SignedTexts | undefined {
  const [, quoted] = /Canonical String[^']*'([^']+)'/.exec(reason) ?? [];
  const [, quotedToSign] = /String-to-Sign[^']*'([^']+)'/.exec(reason) ?? [];
  const canonical = fields["CanonicalRequest"] ?? quoted;
  const toSign = fields["StringToSign"] ?? quotedToSign;
  if (typeof canonical !== "string" && typeof toSign !== "string") {
    return undefined;
  }
  return {
    ...typeof canonical === "string" && { canonical },
    ...typeof toSign === "string" && { toSign },
  };
}

/** A request as it was signed. */
export interface SignedRequest {
  /** Its canonical request. */
  readonly canonical: string;
  /** Its header fields, with those of the signature. */
  readonly headers: HeaderMap;
}

/**
 * Compares what was signed with what a service made of the request, and names the
 * first thing that differs and its usual cause. Names alone are told, no values.
 *
 * @param ours What was signed.
 * @param theirs What the service says.
 */
export function signatureDifference(
  ours: SignedRequest,
  theirs: SignedTexts,
): string {
  const changed = theirs.canonical === undefined
    ? undefined
    : canonicalDifference(ours.canonical, theirs.canonical);
  return changed ?? textDifference(ours, theirs) ?? UNCHANGED;
}

const UNCHANGED =
  "all that was signed arrived unchanged, so the secret key is not that of the access key";

/** The pieces of a canonical request, as lines. */
interface CanonicalLines {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly string[];
  readonly names: string;
  readonly hash: string;
}

function linesOf(canonical: string): CanonicalLines {
  const lines = canonical.split(/\r?\n/);
  const [method = "", path = "", query = ""] = lines;
  // A header without a value has its colon, so that the first empty line ends them.
  const end = lines.indexOf("", 3);
  const headers = lines.slice(3, end < 0 ? undefined : end);
  const [names = "", hash = ""] = end < 0 ? [] : lines.slice(end + 1);
  return { method, path, query, headers, names, hash };
}

function canonicalDifference(
  canonical: string,
  answered: string,
): string | undefined {
  const ours = linesOf(canonical);
  const theirs = linesOf(answered);
  if (!isSame(ours.method, theirs.method)) {
    return line(1, "the method", "a proxy sends another one");
  }
  if (!isSame(ours.path, theirs.path)) {
    return line(2, "the path", pathCause(ours.path, theirs.path));
  }
  if (!isSame(ours.query, theirs.query)) {
    return line(3, "the query", queryCause(ours.query, theirs.query));
  }
  for (const [index, text] of ours.headers.entries()) {
    const name = headerName(text);
    const found = theirs.headers.find((one) => headerName(one) === name);
    if (found !== undefined && isSame(text.trimEnd(), found.trimEnd())) {
      continue;
    }
    const isGone = found === undefined || /^[^:]*:\s*$/.test(found);
    return line(4 + index, `the header "${name}"`, headerCause(name, isGone));
  }
  const at = 4 + ours.headers.length + 1;
  if (!isSame(ours.names, theirs.names)) {
    return line(at, "the list of signed headers", "a proxy changes it");
  }
  return isSame(ours.hash, theirs.hash) ? undefined : line(
    at + 1,
    "the hash of the body",
    "the body or x-amz-content-sha256 is changed on the way, or the store hashes bodies in its own way",
  );
}

function line(number: number, what: string, cause: string): string {
  return `${what} arrived otherwise than it was signed (line ${number} of the canonical request): ${cause}`;
}

/** Whether a line is ours, as far as what is withheld in it leaves open. */
function isSame(ours: string, theirs: string): boolean {
  if (!theirs.includes(WITHHELD)) return ours === theirs;
  let rest = ours;
  const [start = "", ...parts] = theirs.split(WITHHELD);
  if (!rest.startsWith(start)) return false;
  rest = rest.slice(start.length);
  const end = parts.pop() ?? "";
  for (const part of parts) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(end);
}

function pathCause(ours: string, theirs: string): string {
  if (theirs === encodePath(ours)) {
    return "something on the way percent-encodes it once more";
  }
  if (ours === encodePath(theirs) || decoded(ours) === decoded(theirs)) {
    return "something on the way decodes it, or encodes it in its own way";
  }
  if (ours.toLowerCase() === theirs.toLowerCase()) {
    return "something on the way changes the case of its letters";
  }
  if (ours.replace(/\/{2,}/g, "/") === theirs.replace(/\/{2,}/g, "/")) {
    return "a proxy merges slashes, or adds some";
  }
  if (`${ours}/` === theirs || ours === `${theirs}/`) {
    return "a proxy adds the slash at its end, or takes it away";
  }
  if (/\/\.{1,2}(?:\/|$)/.test(ours)) {
    return "a proxy or the store resolves dot segments";
  }
  if (theirs.endsWith(ours)) {
    return "a proxy puts a prefix before it, or the store its bucket";
  }
  if (ours.endsWith(theirs)) {
    return "a proxy cuts off its start, or the bucket belongs into the host (addressingStyle)";
  }
  return "a proxy rewrites it";
}

function queryCause(ours: string, theirs: string): string {
  const [sent, arrived] = [paramsOf(ours), paramsOf(theirs)];
  const added = namesBeside(arrived, sent);
  if (added !== "") return `something on the way adds ${added}`;
  const lost = namesBeside(sent, arrived);
  if (lost !== "") return `something on the way takes ${lost} away`;
  const isSorted = sent.toSorted().join("&") === arrived.toSorted().join("&");
  if (isSorted) return "the store sorts its parameters in its own way";
  const values = sent.filter((pair) =>
    !arrived.some((one) => isSame(pair, one))
  );
  return `something on the way changes the value of ${
    namesBeside(values, []) || "a parameter"
  }`;
}

function paramsOf(query: string): readonly string[] {
  return query.split("&").filter((pair) => pair !== "");
}

/** The names that one query has and another lacks, as words. */
function namesBeside(
  one: readonly string[],
  other: readonly string[],
): string {
  const others = new Set(other.map(paramName));
  const names = new Set(one.map(paramName).filter((name) => !others.has(name)));
  return [...names].slice(0, 3).map((name) => `"${name}"`).join(", ");
}

function paramName(pair: string): string {
  const [name = ""] = pair.split("=");
  return /^[\w.%-]{1,64}$/.test(name) ? name : "a parameter";
}

function headerName(text: string): string {
  return text.slice(0, Math.max(0, text.indexOf(":"))).toLowerCase();
}

function headerCause(name: string, isGone: boolean): string {
  if (name === "host") {
    return "a proxy sends a name of its own as Host, with or without the port; let it hand on the one that it gets";
  }
  return isGone
    ? "a proxy takes it away"
    : "a proxy or the program that sends changes its value, such as its blanks, its case or a charset";
}

/** What differs in the string to sign, where the canonical request is the same. */
function textDifference(
  { canonical, headers }: SignedRequest,
  theirs: SignedTexts,
): string | undefined {
  if (theirs.toSign === undefined) return undefined;
  const { authorization = "" } = headers;
  const [, algorithm = "", scope = ""] =
    /^(\S+) Credential=[^/,]*\/([^,\s]+)/.exec(authorization) ?? [];
  const ours = [
    algorithm,
    headers["x-amz-date"] ?? "",
    scope,
    sha256Hex(canonical),
  ];
  const found = theirs.toSign.trimEnd().split(/\r?\n/);
  const at = ours.findIndex((text, index) => text !== found[index]);
  const start = "the string to sign of the service differs";
  switch (at) {
    case -1:
      return undefined;
    case 0:
      return `${start} in its algorithm (line 1): it checks another kind of signature`;
    case 1:
      return `${start} in its time (line 2): something on the way changes x-amz-date or Date`;
    case 2:
      return `${start} in its scope (line 3): its ${
        scopePart(ours[2] ?? "", found[2] ?? "")
      } is not that of the signature`;
    default:
      return `${start} in its hash (line 4): ${
        theirs.canonical === undefined
          ? "something on the way changes the request"
          : hiddenChange(theirs.canonical)
      }`;
  }
}

/** Which part of two scopes differs. */
function scopePart(ours: string, theirs: string): string {
  const parts = theirs.split("/");
  const at = ours.split("/").findIndex((part, index) => part !== parts[index]);
  return ["date", "region", "service"][at] ?? "form";
}

/** What may have changed, where all differences are in what is withheld. */
function hiddenChange(canonical: string): string {
  const names = canonical.split("\n").filter((text) => text.includes(WITHHELD))
    .map(headerName).filter((name) => /^[\w-]{1,64}$/.test(name));
  return names.length === 0
    ? "the text differs in characters that cannot be seen"
    : `the value of ${
      names.map((name) => `"${name}"`).join(" or ")
    } is changed on the way`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
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
