/**
 * Checks who a request comes from. This shares no code with the signer of the
 * library but SHA-256, which is compared with Web Crypto's: it starts from the
 * raw request, decodes it, and encodes it again as the service does, so that a
 * mistake in signing cannot hide in both.
 *
 * Sources: "Authenticating Requests (AWS Signature Version 4)" and "Signing and
 * authenticating REST requests (AWS signature version 2)", Amazon S3 API
 * Reference.
 *
 * @module
 */
import { base64, concat, fromHex, hex, utf8 } from "../../foundation/bytes.ts";
import { sha256Hex, sha256HexOf } from "../../foundation/digest.ts";
import type { Key, Keys } from "./access.ts";
import { invalidRequest, S3Error } from "./s3_error.ts";
import { type Target, valueOf, type WireRequest } from "./request.ts";

/** What a signature is checked against. */
export interface Expectation {
  /** The keys that exist. */
  readonly keys: Keys;
  /** Region that the signature must be for. */
  readonly region: string;
  /** Host that names the bucket, where one does. */
  readonly bucketInHost: string;
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
  parsed: ParsedSignature,
  request: WireRequest,
  target: Target,
  expected: Expectation,
): Promise<Key> {
  if (parsed.version === 2) {
    return await checkOldSignature(parsed, request, target, expected);
  }
  checkScope(parsed, expected);
  const key = checkKey(parsed, expected);
  if (key.unchecked) return key;
  checkTime(parsed, expected.now);
  checkSignedHeaders(parsed, request);

  const canonical = canonicalRequest(
    parsed,
    request,
    target,
    expected.payloadHash,
  );
  const hash = sha256Hex(canonical);
  const real = await signText(key, parsed, ALGORITHM, [hash]);
  if (real !== parsed.signature) {
    const text = stringToSign(parsed, ALGORITHM, [hash]);
    // The token is the one secret in it.
    const shown = canonical.replace(
      /(x-amz-security-token[:=])[^\n&]+/i,
      "$1(withheld)",
    );
    throw new S3Error("SignatureDoesNotMatch", {
      AWSAccessKeyId: parsed.accessKeyId,
      StringToSign: text,
      SignatureProvided: parsed.signature,
      StringToSignBytes: hexPairs(text),
      CanonicalRequest: shown,
      CanonicalRequestBytes: hexPairs(shown),
    });
  }
  return key;
}

/** The bytes of a text, as S3 shows them: `41 57 53`. */
function hexPairs(text: string): string {
  return hex(utf8(text)).replace(/..(?=.)/g, "$& ");
}

/**
 * Signs the text of an algorithm's name, time and scope of a signature, and further
 * parts.
 *
 * @returns The signature that belongs there, in hexadecimal.
 */
export async function signText(
  key: Key,
  parsed: ParsedSignature,
  algorithm: string,
  parts: readonly string[],
): Promise<string> {
  const { date, region, service } = parsed.scope;
  const scope = `${date}/${region}/${service}`;
  let pads = SIGNING_KEYS.get(key)?.get(scope);
  if (pads === undefined) {
    pads = padsOf(await signingKeyOf(key, parsed.scope));
    // One scope a key: the next day's takes its place.
    SIGNING_KEYS.set(key, new Map([[scope, pads]]));
  }
  return await hmacHex(pads, stringToSign(parsed, algorithm, parts));
}

async function signingKeyOf(
  { secretAccessKey }: Key,
  { date, region, service }: ParsedSignature["scope"],
): Promise<Uint8Array<ArrayBuffer>> {
  let derived = utf8(`AWS4${secretAccessKey}`);
  for (const part of [date, region, service, "aws4_request"]) {
    derived = await hmac(await hmacKey(derived, "SHA-256"), part);
  }
  return derived;
}

/** The signing keys of the latest scope, by the key that they come from. */
const SIGNING_KEYS = new WeakMap<Key, ReadonlyMap<string, Pads>>();

/** A key of HMAC, mixed with the pads of RFC 2104. */
interface Pads {
  readonly inner: Uint8Array<ArrayBuffer>;
  readonly outer: Uint8Array<ArrayBuffer>;
}

/** @param key A key of a block of SHA-256 or less. */
function padsOf(key: Uint8Array): Pads {
  const mixed = (pad: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ pad);
  return { inner: mixed(0x36), outer: mixed(0x5c) };
}

/**
 * HMAC-SHA-256 as RFC 2104 has it, in hexadecimal. Each call of Web Crypto goes
 * to another thread and back, which takes longer than all else of a request.
 */
async function hmacHex({ inner, outer }: Pads, text: string): Promise<string> {
  const hash = await sha256HexOf(concat([inner, utf8(text)]));
  return await sha256HexOf(concat([outer, fromHex(hash)]));
}

/** HMAC by Web Crypto, which the signer does not use. */
async function hmac(
  key: CryptoKey,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(text)));
}

async function hmacKey(
  secret: Uint8Array<ArrayBuffer>,
  hash: "SHA-1" | "SHA-256",
): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash };
  return await crypto.subtle.importKey("raw", secret, algorithm, false, [
    "sign",
  ]);
}

/** Sub-resources that version 2 signs; boto3 signs those and no others. */
const OLD_RESOURCES = new Set(
  "accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics notification object-lock partNumber policy replication requestPayment response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type response-expires restore select select-type storageClass tagging torrent uploadId uploads versionId versioning versions website"
    .split(" "),
);

/** Parameters of version 2 itself, which are not signed as header fields. */
const OLD_PARAMS = ["AWSAccessKeyId", "Expires", "Signature"];

/**
 * Checks a signature of version 2. What was signed is known but for one thing:
 * boto3 signs `/bucket/` and sends `/bucket`, so both are tried.
 */
async function checkOldSignature(
  parsed: ParsedSignature,
  { method, headers }: WireRequest,
  target: Target,
  expected: Expectation,
): Promise<Key> {
  const key = checkKey(parsed, expected);
  if (key.unchecked) return key;
  if (parsed.place === "query") {
    if (Number(parsed.time) * 1_000 < expected.now.getTime()) {
      throw new S3Error("AccessDenied", {
        Expires: new Date(Number(parsed.time) * 1_000).toISOString(),
        ServerTime: expected.now.toISOString(),
      }, "Request has expired");
    }
  } else {
    checkTime(parsed, expected.now);
  }
  const inQuery = target.query.filter(([name]) =>
    parsed.place === "query" && !OLD_PARAMS.includes(name) &&
    (name === "content-type" || name === "content-md5" ||
      name.startsWith("x-amz-"))
  );
  const signed = { ...headers, ...Object.fromEntries(inQuery) };
  const named = Object.entries(signed)
    .filter(([name]) => name.startsWith("x-amz-"))
    .map(([name, value]) => `${name}:${value.trim()}`).sort();
  const date = parsed.place === "query"
    ? parsed.time
    : headers["x-amz-date"] === undefined
    ? headers["date"] ?? ""
    : "";
  const resources = target.query.filter(([name]) => OLD_RESOURCES.has(name))
    .sort(([one], [other]) => one < other ? -1 : Number(one > other))
    .map(([name, value]) => value === "" ? name : `${name}=${value}`).join("&");
  const host = expected.bucketInHost;
  const path = (host === "" ? "" : `/${host}`) +
    target.path.split("/").map(encoded).join("/");
  const macKey = await hmacKey(utf8(key.secretAccessKey), "SHA-1");
  const paths = /^\/[^/]+$/.test(path) ? [path, `${path}/`] : [path];
  for (const resource of paths) {
    const text = [
      method,
      signed["content-md5"] ?? "",
      signed["content-type"] ?? "",
      date,
      ...named,
      resource + (resources && `?${resources}`),
    ].join("\n");
    if (base64(await hmac(macKey, text)) === parsed.signature) return key;
  }
  throw new S3Error("SignatureDoesNotMatch", {
    AWSAccessKeyId: parsed.accessKeyId,
    SignatureProvided: parsed.signature,
  });
}

function checkScope(
  parsed: ParsedSignature,
  { region, service }: Pick<Expectation, "region" | "service">,
): void {
  const { scope, time, place } = parsed;
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

function checkKey(
  parsed: ParsedSignature,
  { keys, now }: Pick<Expectation, "keys" | "now">,
): Key {
  const key = keys.find(parsed.accessKeyId);
  // S3 does not know a temporary key without its token.
  if (key === undefined || (key.sessionToken && parsed.token === undefined)) {
    throw new S3Error("InvalidAccessKeyId", {
      AWSAccessKeyId: parsed.accessKeyId,
    });
  }
  if (key.unchecked) return key;
  if (key.sessionToken !== parsed.token) throw new S3Error("InvalidToken");
  if (key.expiration && key.expiration <= now) {
    throw new S3Error("ExpiredToken");
  }
  return key;
}

function checkTime(parsed: ParsedSignature, now: Date): void {
  const signed = timeOf(parsed.time).getTime();
  if (parsed.expiresSeconds === undefined) {
    if (Math.abs(now.getTime() - signed) <= MAX_SKEW_MS) return;
    throw new S3Error("RequestTimeTooSkewed", {
      RequestTime: parsed.time,
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: MAX_SKEW_MS,
    });
  }
  const end = new Date(signed + parsed.expiresSeconds * 1_000);
  if (signed > now.getTime() + MAX_SKEW_MS) {
    throw new S3Error("AccessDenied", {}, "Request is not valid yet");
  }
  if (end < now) {
    throw new S3Error("AccessDenied", {
      "X-Amz-Expires": parsed.expiresSeconds,
      Expires: end.toISOString(),
      ServerTime: now.toISOString(),
    }, "Request has expired");
  }
}

function checkSignedHeaders(
  parsed: ParsedSignature,
  { headers }: WireRequest,
): void {
  const signed = new Set(parsed.signedHeaders);
  const open = Object.keys(headers).filter((name) =>
    (name === "host" || name.startsWith("x-amz-")) && !signed.has(name)
  );
  if (open.length > 0) {
    throw new S3Error(
      "AccessDenied",
      { HeadersNotSigned: open.join(", ") },
      "There were headers present in the request which were not signed",
    );
  }
}

function canonicalRequest(
  parsed: ParsedSignature,
  request: WireRequest,
  target: Target,
  payloadHash: string,
): string {
  const query = target.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((one, other) => compareParams(one, other));
  const names = parsed.signedHeaders.map((name) => name.toLowerCase()).sort();
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

/** All bytes but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) return text;
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
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

/** A signature, and what it is said to be made with. */
export interface ParsedSignature {
  /** Version of the algorithm. */
  readonly version: 2 | 4;
  /** Where it stands. */
  readonly place: "header" | "query";
  /** Public part of the key. */
  readonly accessKeyId: string;
  /** Date, region and service, joined by slashes, and the fixed last part. */
  readonly scope: {
    readonly date: string;
    readonly region: string;
    readonly service: string;
  };
  /** Time of signing, as `20240229T123456Z`. */
  readonly time: string;
  /** Names of the signed header fields, as they stand. */
  readonly signedHeaders: readonly string[];
  /** The signature, in hexadecimal. */
  readonly signature: string;
  /** Token of temporary credentials. */
  readonly token?: string;
  /** Life of a presigned URL, in seconds. */
  readonly expiresSeconds?: number;
}

/** The longest life of a presigned URL: seven days. */
const MAX_EXPIRES_SECONDS = 604_800;

/**
 * Reads the signature of a request.
 *
 * @returns The signature, or `undefined` where the request is not signed.
 * @throws {S3Error} If there is one, and it is not as it should be.
 */
export function readSignature(
  request: WireRequest,
  target: Target,
): ParsedSignature | undefined {
  const header = request.headers["authorization"];
  const inQuery = target.query.some(([name]) =>
    name === "X-Amz-Signature" || name === "X-Amz-Algorithm"
  );
  if (header !== undefined && inQuery) {
    throw new S3Error("InvalidArgument", {}, "There are two signatures");
  }
  if (inQuery) return fromQuery(target);
  if (header?.startsWith("AWS ")) return oldFromHeader(header, request);
  if (header !== undefined) return fromHeader(header, request);
  if (valueOf(target.query, "AWSAccessKeyId") !== undefined) {
    return oldFromQuery(target);
  }
  return undefined;
}

function oldFromQuery({ query }: Target): ParsedSignature {
  const expires = valueOf(query, "Expires") ?? "";
  const signature = valueOf(query, "Signature") ?? "";
  if (!/^\d{1,12}$/.test(expires) || signature === "") {
    throw new S3Error(
      "AccessDenied",
      {},
      "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
    );
  }
  const token = valueOf(query, "x-amz-security-token");
  return {
    version: 2,
    place: "query",
    accessKeyId: valueOf(query, "AWSAccessKeyId") ?? "",
    scope: { date: "", region: "", service: "s3" },
    time: expires,
    signedHeaders: [],
    signature,
    ...token === undefined ? {} : { token },
  };
}

function oldFromHeader(
  header: string,
  { headers }: WireRequest,
): ParsedSignature {
  const [, accessKeyId, signature] =
    /^AWS ([^: ]+):([A-Za-z0-9+/]{27}=)$/.exec(header) ?? [];
  if (accessKeyId === undefined || signature === undefined) {
    throw invalidRequest(
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    );
  }
  const token = headers["x-amz-security-token"];
  return {
    version: 2,
    place: "header",
    accessKeyId,
    scope: { date: "", region: "", service: "s3" },
    time: readTime(headers),
    signedHeaders: [],
    signature,
    ...token === undefined ? {} : { token },
  };
}

function fromHeader(header: string, request: WireRequest): ParsedSignature {
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/
      .exec(header) ?? [];
  if (!credential || !names || !signature) {
    throw new S3Error("AuthorizationHeaderMalformed");
  }
  const token = request.headers["x-amz-security-token"];
  return {
    version: 4,
    place: "header",
    ...readCredential(credential, "AuthorizationHeaderMalformed"),
    time: readTime(request.headers),
    signedHeaders: names.split(";"),
    signature,
    ...token === undefined ? {} : { token },
  };
}

function fromQuery({ query }: Target): ParsedSignature {
  const need = (name: string): string => {
    const value = valueOf(query, name);
    if (value === undefined || value === "") {
      throw badQuery(`${name} is missing`);
    }
    return value;
  };
  if (need("X-Amz-Algorithm") !== ALGORITHM) {
    throw badQuery(`X-Amz-Algorithm must be ${ALGORITHM}`);
  }
  const expires = need("X-Amz-Expires");
  const expiresSeconds = /^\d+$/.test(expires) ? Number(expires) : 0;
  if (expiresSeconds < 1 || expiresSeconds > MAX_EXPIRES_SECONDS) {
    throw badQuery(`X-Amz-Expires must be 1 to ${MAX_EXPIRES_SECONDS}`);
  }
  const time = need("X-Amz-Date");
  if (!isTime(time)) throw badQuery("X-Amz-Date is not a time");
  const token = valueOf(query, "X-Amz-Security-Token");
  return {
    version: 4,
    place: "query",
    ...readCredential(
      need("X-Amz-Credential"),
      "AuthorizationQueryParametersError",
    ),
    time,
    signedHeaders: need("X-Amz-SignedHeaders").split(";"),
    signature: need("X-Amz-Signature"),
    expiresSeconds,
    ...token === undefined ? {} : { token },
  };
}

function readCredential(
  credential: string,
  code: "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError",
): Pick<ParsedSignature, "accessKeyId" | "scope"> {
  const [accessKeyId, date, region, service, end, more] = credential.split("/");
  if (
    !accessKeyId || !date || !region || !service || end !== "aws4_request" ||
    more !== undefined
  ) {
    throw new S3Error(code, {}, "The credential does not have its five parts");
  }
  return { accessKeyId, scope: { date, region, service } };
}

/** `x-amz-date`, or else `date` in any form of HTTP. */
function readTime(headers: WireRequest["headers"]): string {
  const own = headers["x-amz-date"];
  if (own !== undefined && isTime(own)) return own;
  const date = new Date(own ?? headers["date"] ?? "");
  // Dates before 1970 are none either.
  if (!(date.getTime() >= 0)) {
    throw new S3Error(
      "AccessDenied",
      {},
      "AWS authentication requires a valid Date or x-amz-date header",
    );
  }
  return date.toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** The time that a text such as `20240229T123456Z` stands for. */
export function timeOf(text: string): Date {
  const [, y, mo, d, h, mi, s] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

function isTime(text: string): boolean {
  return !Number.isNaN(timeOf(text).getTime());
}

function badQuery(message: string): S3Error {
  return new S3Error("AuthorizationQueryParametersError", {}, message);
}

/** What the signature of a form is checked against. */
export interface FormKeys {
  readonly keys: Keys;
  readonly region: string;
  readonly now: Date;
}

/**
 * Checks the signature of a form's policy, of either version.
 *
 * @param fields The fields by lower-case name.
 * @param policy The policy, as it was sent.
 * @throws {S3Error} If one of its fields is missing or wrong.
 */
export async function checkFormSignature(
  fields: ReadonlyMap<string, string>,
  policy: string,
  { keys, region, now }: FormKeys,
): Promise<Key> {
  const need = (name: string): string => {
    const value = fields.get(name.toLowerCase());
    if (value !== undefined && value !== "") return value;
    throw new S3Error(
      "InvalidArgument",
      { ArgumentName: name, ArgumentValue: "" },
      `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    );
  };
  const token = fields.get("x-amz-security-token");
  const more = token === undefined ? {} : { token };
  if (fields.get("x-amz-algorithm") === undefined) {
    const parsed: ParsedSignature = {
      version: 2,
      place: "query",
      accessKeyId: need("AWSAccessKeyId"),
      scope: { date: "", region: "", service: "s3" },
      time: "",
      signedHeaders: [],
      signature: need("signature"),
      ...more,
    };
    const key = checkKey(parsed, { keys, now });
    const macKey = await hmacKey(utf8(key.secretAccessKey || "-"), "SHA-1");
    const real = base64(await hmac(macKey, policy));
    if (key.unchecked || real === parsed.signature) return key;
    throw new S3Error("SignatureDoesNotMatch", {
      AWSAccessKeyId: parsed.accessKeyId,
    });
  }
  if (need("x-amz-algorithm") !== ALGORITHM) {
    throw badQuery(`X-Amz-Algorithm must be ${ALGORITHM}`);
  }
  const parsed: ParsedSignature = {
    version: 4,
    place: "query",
    ...readCredential(
      need("x-amz-credential"),
      "AuthorizationQueryParametersError",
    ),
    time: need("x-amz-date"),
    signedHeaders: [],
    signature: need("x-amz-signature"),
    ...more,
  };
  const key = checkKey(parsed, { keys, now });
  if (key.unchecked) return key;
  checkScope(parsed, { region, service: "s3" });
  const signingKey = await signingKeyOf(key, parsed.scope);
  const real = await hmacHex(padsOf(signingKey), policy);
  if (real === parsed.signature) return key;
  throw new S3Error("SignatureDoesNotMatch", {
    AWSAccessKeyId: parsed.accessKeyId,
  });
}
