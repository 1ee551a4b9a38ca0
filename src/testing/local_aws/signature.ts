/**
 * Checks who a request comes from. This shares no code with the signer of the
 * library: it starts from the raw request, decodes it, and encodes it again as
 * the service does, so that a mistake in signing cannot hide in both.
 *
 * Source: "Signature calculations for the Authorization header", Amazon S3 API
 * Reference.
 *
 * @module
 */
import { hex, utf8 } from "../../foundation/bytes.ts";
import { sha256 } from "../../foundation/digest.ts";
import { type ParsedSignature, timeOf } from "./parsed_signature.ts";
import type { Key, Keys } from "./keys.ts";
import { S3Error } from "./s3_error.ts";
import type { Target, WireRequest } from "./target.ts";

/** What a signature is checked against. */
export interface Expectation {
  /** The keys that exist. */
  readonly keys: Keys;
  /** Region that the signature must be for. */
  readonly region: string;
  /** Service that it must be for. */
  readonly service: "s3" | "sts";
  /** Time of the server. */
  readonly now: Date;
  /** What stands for the body in the signature. */
  readonly payloadHash: string;
}

/** Stands at the head of what is signed. */
const ALGORITHM = "AWS4-HMAC-SHA256";

/** How far the clocks may be apart. */
const MAX_SKEW_MS = 15 * 60_000;

/**
 * Checks a signature: scope, key, token, time, signed header fields, and the
 * signature itself.
 *
 * @returns The key that it was made with.
 * @throws {S3Error} If one of them is wrong.
 */
export async function checkSignature(
  claim: ParsedSignature,
  request: WireRequest,
  target: Target,
  expected: Expectation,
): Promise<Key> {
  checkScope(claim, expected);
  const key = checkKey(claim, expected);
  checkTime(claim, expected.now);
  checkSignedHeaders(claim, request);

  const canonical = canonicalRequest(
    claim,
    request,
    target,
    expected.payloadHash,
  );
  const hash = hex(await sha256(utf8(canonical)));
  const real = await signText(key, claim, ALGORITHM, [hash]);
  if (real !== claim.signature) {
    throw new S3Error("SignatureDoesNotMatch", {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign(claim, ALGORITHM, [hash]),
      SignatureProvided: claim.signature,
      // The token is the one secret in it.
      CanonicalRequest: canonical.replace(
        /(x-amz-security-token[:=])[^\n&]+/i,
        "$1(withheld)",
      ),
    });
  }
  return key;
}

/**
 * Signs the text of an algorithm's name, time and scope of a claim, and further
 * parts.
 *
 * @returns The signature that belongs there, in hexadecimal.
 */
export async function signText(
  { secretAccessKey }: Key,
  claim: ParsedSignature,
  algorithm: string,
  parts: readonly string[],
): Promise<string> {
  const { date, region, service } = claim.scope;
  let key = utf8(`AWS4${secretAccessKey}`);
  for (const part of [date, region, service, "aws4_request"]) {
    key = await hmac(key, part);
  }
  const text = stringToSign(claim, algorithm, parts);
  return hex(await hmac(key, text));
}

/** HMAC by Web Crypto, which the signer does not use. */
async function hmac(
  secret: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(text)));
}

function checkScope(
  claim: ParsedSignature,
  { region, service }: Expectation,
): void {
  const { scope, time, place } = claim;
  const code = place === "header"
    ? "AuthorizationHeaderMalformed"
    : "AuthorizationQueryParametersError";
  if (scope.region !== region) {
    throw new S3Error(
      code,
      { Region: region },
      `The region "${scope.region}" is wrong; expecting "${region}"`,
    );
  }
  if (scope.service !== service) {
    throw new S3Error(
      code,
      {},
      `The service "${scope.service}" is wrong; expecting "${service}"`,
    );
  }
  if (!time.startsWith(scope.date)) {
    throw new S3Error(
      code,
      {},
      `The date "${scope.date}" of the credential is not that of the request`,
    );
  }
}

function checkKey(claim: ParsedSignature, { keys, now }: Expectation): Key {
  const key = keys.find(claim.accessKeyId);
  // S3 does not know a temporary key without its token.
  if (key === undefined || (key.sessionToken && claim.token === undefined)) {
    throw new S3Error("InvalidAccessKeyId", {
      AWSAccessKeyId: claim.accessKeyId,
    });
  }
  if (key.sessionToken !== claim.token) throw new S3Error("InvalidToken");
  if (key.expiration && key.expiration <= now) {
    throw new S3Error("ExpiredToken");
  }
  return key;
}

function checkTime(claim: ParsedSignature, now: Date): void {
  const signed = timeOf(claim.time).getTime();
  if (claim.expiresSeconds === undefined) {
    if (Math.abs(now.getTime() - signed) <= MAX_SKEW_MS) return;
    throw new S3Error("RequestTimeTooSkewed", {
      RequestTime: claim.time,
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: MAX_SKEW_MS,
    });
  }
  const end = new Date(signed + claim.expiresSeconds * 1_000);
  if (signed > now.getTime() + MAX_SKEW_MS) {
    throw new S3Error("AccessDenied", {}, "The request is not valid yet");
  }
  if (end < now) {
    throw new S3Error("AccessDenied", {
      "X-Amz-Expires": claim.expiresSeconds,
      Expires: end.toISOString(),
      ServerTime: now.toISOString(),
    }, "The request has expired");
  }
}

function checkSignedHeaders(
  claim: ParsedSignature,
  { headers }: WireRequest,
): void {
  const signed = new Set(claim.signedHeaders);
  const open = Object.keys(headers).filter((name) =>
    (name === "host" || name.startsWith("x-amz-")) && !signed.has(name)
  );
  if (open.length > 0) {
    throw new S3Error(
      "AccessDenied",
      { HeadersNotSigned: open.join(", ") },
      "There are header fields that must be signed and are not",
    );
  }
}

function canonicalRequest(
  claim: ParsedSignature,
  request: WireRequest,
  target: Target,
  payloadHash: string,
): string {
  const query = target.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((one, other) => compareParams(one, other));
  const names = claim.signedHeaders.map((name) => name.toLowerCase()).sort();
  const headers = names.map((name) =>
    `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}\n`
  );
  return [
    request.method,
    target.path.split("/").map(encoded).join("/"),
    query.join("&"),
    headers.join(""),
    names.join(";"),
    payloadHash,
  ].join("\n");
}

/** By name, then by value; `=` would sort after some characters of a name. */
function compareParams(one: string, other: string): number {
  const [name = "", value = ""] = one.split("=");
  const [otherName = "", otherValue = ""] = other.split("=");
  if (name !== otherName) return name < otherName ? -1 : 1;
  return value < otherValue ? -1 : Number(value > otherValue);
}

/** Byte by byte: all but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  let out = "";
  for (const byte of utf8(text)) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9._~-]/.test(character)
      ? character
      : `%${hex(new Uint8Array([byte])).toUpperCase()}`;
  }
  return out;
}

function stringToSign(
  { time, scope }: ParsedSignature,
  algorithm: string,
  parts: readonly string[],
): string {
  const { date, region, service } = scope;
  return [
    algorithm,
    time,
    `${date}/${region}/${service}/aws4_request`,
    ...parts,
  ].join("\n");
}
