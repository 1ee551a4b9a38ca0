/**
 * What a request says about its own signature, in its header fields or in its
 * query.
 *
 * Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API
 * Reference, the pages on the Authorization header and on query parameters.
 *
 * @module
 */
import { S3Error } from "./s3_error.ts";
import { type Target, valueOf, type WireRequest } from "./target.ts";

/** A signature, and what it is said to be made with. */
export interface ParsedSignature {
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

const ALGORITHM = "AWS4-HMAC-SHA256";

/** The longest life of a presigned URL: seven days. */
const MAX_EXPIRES_SECONDS = 604_800;

/**
 * Reads the claim of a request.
 *
 * @returns The claim, or `undefined` where the request is not signed.
 * @throws {S3Error} If there is one, and it is not as it should be.
 */
export function readClaim(
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
  if (header !== undefined) return fromHeader(header, request);
  if (valueOf(target.query, "AWSAccessKeyId") !== undefined) {
    throw oldSignature();
  }
  return undefined;
}

function fromHeader(header: string, request: WireRequest): ParsedSignature {
  if (/^AWS /.test(header)) throw oldSignature();
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/
      .exec(header) ?? [];
  if (!credential || !names || !signature) {
    throw new S3Error("AuthorizationHeaderMalformed");
  }
  const token = request.headers["x-amz-security-token"];
  return {
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
  const date = new Date(headers["date"] ?? "");
  if (own !== undefined || Number.isNaN(date.getTime())) {
    throw new S3Error("AccessDenied", {}, "The request has no valid time");
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

function oldSignature(): S3Error {
  return new S3Error(
    "InvalidRequest",
    {},
    `The request must be signed with ${ALGORITHM}`,
  );
}
