/**
 * What to do about a refusal: one table from what the service says, and what is
 * known of the request, to a sentence. Read only where a call was refused.
 *
 * Sources: "Error responses", Amazon S3 API Reference; "Troubleshoot access
 * denied (403 Forbidden) errors in Amazon S3", Amazon S3 User Guide; "Troubleshoot
 * access denied error messages", IAM User Guide; "Common Error Types", AWS STS API
 * Reference.
 *
 * @module
 */
import type { ServiceError } from "../foundation/errors.ts";
import type { Credentials } from "../ports/credentials.ts";
import type { HeaderMap } from "../ports/http.ts";

/** A refusal, and what is known of the request that was refused. */
export interface RefusedCall {
  /** The refusal. */
  readonly error: ServiceError;
  /** HTTP method of the request. */
  readonly method: string;
  /** Members of the input that the endpoint depends on: bucket and key. */
  readonly context: Readonly<Record<string, string>>;
  /** Header fields as they were sent. */
  readonly sent: HeaderMap;
  /** Host that the request went to. */
  readonly host: string;
  /** The client's own endpoint; absent: Amazon's. */
  readonly endpointUrl?: string;
  /** Region that it was signed for. */
  readonly region: string;
  /** Time it was signed at. */
  readonly signedAt: Date;
  /** What it was signed with; absent: nothing. */
  readonly credentials?: Pick<
    Credentials,
    "accessKeyId" | "sessionToken" | "source"
  >;
  /** Name of the profile that counts, where there is one. */
  readonly profile?: string;
}

/** A row of the table. The first row that fits speaks. */
export interface AdviceRow {
  /** Its name. */
  readonly name: string;
  /** What it fits, in words. */
  readonly when: string;
  /** Error codes that it fits. Absent: any, as far as `fits` says. */
  readonly codes?: readonly string[];
  /** What else must be so. */
  readonly fits?: (refusal: RefusedCall) => boolean;
  /** What to do, in at most two sentences. */
  readonly advice: string | ((refusal: RefusedCall) => string);
}

/**
 * Finds what to do about a refusal.
 *
 * @param refusal The refusal.
 * @returns The advice of the first row that fits, or `undefined`.
 */
export function adviceFor(refusal: RefusedCall): string | undefined {
  const advice = rowFor(refusal)?.advice;
  return typeof advice === "function" ? advice(refusal) : advice;
}

/**
 * Finds the row that speaks for a refusal.
 *
 * @param refusal The refusal.
 */
export function rowFor(refusal: RefusedCall): AdviceRow | undefined {
  return ADVICE.find(({ codes, fits }) =>
    codes?.includes(refusal.error.code) !== false && fits?.(refusal) !== false
  );
}

/** What services say where a permission is missing. */
const DENIED = ["AccessDenied", "AccessDeniedException", "Forbidden", "403"];

/** Servers accept signatures of up to 15 minutes ago. */
const MOST_SKEW_MS = 15 * 60_000;

/** The table, from the special to the general. */
export const ADVICE: readonly AdviceRow[] = [
  {
    name: "proxy-login",
    when: "status 407",
    fits: ({ error }) => error.status === 407,
    advice:
      "A proxy on the way wants a user name and a password: write them into the URL of the proxy, http://user:password@host:port.",
  },
  {
    name: "clock",
    when:
      "the time of the signature is off, by its code or by the server's date",
    fits: (refusal) =>
      CLOCK_CODES.includes(refusal.error.code) ||
      refusal.error.status === 403 &&
        Math.abs(behindMs(refusal) ?? 0) > MOST_SKEW_MS,
    advice: (refusal) => {
      const ms = behindMs(refusal) ?? 0;
      const off = Math.abs(ms) < 60_000
        ? "is not that of the server"
        : `is ${span(Math.abs(ms))} ${
          ms > 0 ? "behind" : "ahead of"
        } the server's`;
      return `The clock of this machine ${off}: set it right, by NTP for example.`;
    },
  },
  {
    name: "region",
    when: "the bucket is in another region, or the signature names a wrong one",
    codes: [
      "301",
      "307",
      "AuthorizationHeaderMalformed",
      "AuthorizationQueryParametersError",
      "IllegalLocationConstraintException",
      "IncorrectEndpoint",
      "InvalidRegion",
      "PermanentRedirect",
      "TemporaryRedirect",
    ],
    advice: ({ error, region, context: { Bucket: bucket } }) => {
      const right = regionName(error.detail.region);
      return `The request was signed for region "${region}": set ${
        right === undefined
          ? "the region of the bucket"
          : `region "${right}", ${
            bucket === undefined ? "as expected there" : "where the bucket is"
          }`
      }, in code, as AWS_REGION or as region of the profile.`;
    },
  },
  {
    name: "region-disabled",
    when: "the region is not enabled in the account",
    codes: ["RegionDisabledException", "OptInRequired"],
    advice: ({ region }) =>
      `Region "${region}" is not enabled in this account: enable it in the account's settings, or call another region.`,
  },
  {
    name: "expired-token",
    when: "the session token has expired",
    codes: ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"],
    advice: (refusal) => `The session token has expired: ${renewal(refusal)}.`,
  },
  {
    name: "token-left-out",
    when: "a temporary key (ASIA…) was sent without its token",
    codes: ["403", "InvalidAccessKeyId", "InvalidClientTokenId"],
    fits: ({ credentials }) =>
      credentials !== undefined && credentials.sessionToken === undefined &&
      credentials.accessKeyId.startsWith("ASIA"),
    advice:
      "The access key is a temporary one and was sent without its session token: set AWS_SESSION_TOKEN, aws_session_token in the profile, or sessionToken in code.",
  },
  {
    name: "invalid-token",
    when: "the session token is none of the key's",
    codes: ["InvalidToken", "InvalidTokenId"],
    advice: (refusal) =>
      `The session token does not belong to the access key, or to another partition or store: use key, secret and token of one answer${
        from(refusal)
      }.`,
  },
  {
    name: "unknown-key",
    when: "nobody has the access key",
    codes: [
      "InvalidAccessKeyId",
      "InvalidClientTokenId",
      "UnrecognizedClientException",
    ],
    advice: (refusal) =>
      `${hostOf(refusal)} knows no such access key${
        from(refusal)
      }: it is deleted or inactive, or it belongs to another partition or store. "inia explain credentials" shows where it comes from.`,
  },
  {
    name: "proxy-changes",
    when: "the signature does not match, at an endpoint of one's own",
    codes: ["SignatureDoesNotMatch", "InvalidSignatureException"],
    fits: ({ endpointUrl }) => endpointUrl !== undefined,
    advice:
      "Where the secret key is right, a proxy before the store changes host or path: docs/behind-a-proxy.md shows how to stop it.",
  },
  {
    name: "wrong-secret",
    when: "the signature does not match",
    codes: ["SignatureDoesNotMatch", "InvalidSignatureException"],
    advice: (refusal) =>
      `The secret key${
        from(refusal)
      } is probably not that of the access key: copy both anew, without blanks or quotes around them.`,
  },
  {
    name: "kms-state",
    when: "the KMS key is disabled, gone or in another region",
    fits: ({ error }) =>
      /^KMS\./.test(error.code) && !/AccessDenied/.test(error.code),
    advice:
      "The KMS key of the object cannot be used: it has to exist, be enabled and be in the region of the bucket.",
  },
  {
    name: "kms-denied",
    when: "a permission of KMS is missing",
    fits: ({ error }) =>
      /^KMS\./.test(error.code) ||
      isDenied(error) && /\bkms\b/i.test(error.reason),
    advice: ({ error, method }) => {
      const action = /kms:[A-Za-z]+/.exec(error.reason)?.[0] ??
        (method === "GET" || method === "HEAD"
          ? "kms:Decrypt"
          : "kms:GenerateDataKey, and kms:Decrypt for uploads in parts,");
      return `The object is encrypted with a KMS key: the caller needs ${action} for it, in an IAM policy and, for a key of another account, in the policy of the key.`;
    },
  },
  {
    name: "denied-by-policy",
    when: "a policy denies it explicitly",
    codes: DENIED,
    fits: ({ error }) => DENY.test(error.reason),
    advice: ({ error }) =>
      `A policy denies ${actionIn(error)} explicitly${
        policyIn(DENY, error)
      }, which no permission overrides: change that policy, or meet its conditions.`,
  },
  {
    name: "not-allowed",
    when: "the service names the action that is not allowed",
    codes: DENIED,
    fits: ({ error }) => ACTION.test(error.reason),
    advice: ({ error }) =>
      `The caller needs permission for ${actionIn(error)}${
        policyIn(ALLOW, error)
      }.${
        actionIn(error) === "s3:ListBucket"
          ? " Its resource is the bucket, arn:aws:s3:::NAME, without a key."
          : ""
      }`,
  },
  {
    name: "public-access-block",
    when: "Block Public Access refuses an ACL or a policy",
    codes: DENIED,
    fits: ({ error }) => /block ?public|public .*blocked/i.test(error.reason),
    advice:
      "The bucket or the account blocks public access: leave the public ACL or policy out, or change the public access block.",
  },
  {
    name: "mfa",
    when: "the bucket asks for an MFA code",
    codes: DENIED,
    fits: ({ error }) => /\bmfa\b/i.test(error.reason),
    advice:
      "The bucket asks for an MFA code to delete versions: give MFA as the device's serial number, a blank and its code, over https.",
  },
  {
    name: "object-lock",
    when: "a retention or a legal hold protects the version",
    codes: DENIED,
    fits: ({ error }) =>
      /object lock|\bWORM\b|retention|legal hold/i.test(
        error.reason,
      ),
    advice:
      "A retention or a legal hold protects this version: wait until it ends, or give BypassGovernanceRetention where its mode is GOVERNANCE.",
  },
  {
    name: "requester-pays",
    when: "the requester has to pay",
    codes: DENIED,
    fits: ({ error, sent }) =>
      sent["x-amz-request-payer"] === undefined &&
      /requester[- ]?pays|request-payer/i.test(error.reason),
    advice:
      'Who asks pays for this bucket: give RequestPayer: "requester", and sign the request.',
  },
  {
    name: "owner",
    when: "the bucket was expected to be another account's",
    codes: DENIED,
    fits: (
      { sent },
    ) => (sent["x-amz-expected-bucket-owner"] !== undefined ||
      sent["x-amz-source-expected-bucket-owner"] !== undefined),
    advice:
      "A bucket of another account than ExpectedBucketOwner names is refused like this: check the number of the account, then the permissions.",
  },
  {
    name: "anonymous",
    when: "the request was not signed",
    codes: [...DENIED, "MissingAuthenticationToken", "400", "401"],
    fits: ({ credentials }) => credentials === undefined,
    advice:
      "The request was not signed: the object has to be public, or give the session credentials.",
  },
  {
    name: "denied-by-store",
    when: "a store of one's own refuses the caller",
    codes: DENIED,
    fits: ({ endpointUrl, error }) =>
      endpointUrl !== undefined && !/^AssumeRole/.test(error.detail.operation),
    advice: ({ error }) =>
      `Some stores answer wrong keys like this, so check access key and secret key first. Then the caller needs ${
        neededFor(error.detail.operation)
      }.`,
  },
  {
    name: "assume-role",
    when: "a role may not be assumed",
    codes: DENIED,
    fits: ({ error }) => error.detail.operation === "AssumeRole",
    advice:
      "Two policies have to agree: the caller needs sts:AssumeRole for the role, and the trust policy of the role has to name the caller and its conditions, such as an external id or MFA.",
  },
  {
    name: "web-identity",
    when: "a role may not be assumed with this token",
    codes: [
      ...DENIED,
      "IDPRejectedClaim",
      "InvalidIdentityToken",
    ],
    fits: ({ error }) =>
      /^AssumeRoleWith(?:SAML|WebIdentity)$/.test(error.detail.operation),
    advice:
      "The trust policy of the role has to name the identity provider, and its conditions have to fit audience and subject of the token.",
  },
  {
    name: "list-buckets-denied",
    when: "ListBuckets is refused",
    codes: DENIED,
    fits: ({ error }) => error.detail.operation === "ListBuckets",
    advice:
      "The caller needs s3:ListAllMyBuckets for the resource *. A bucket whose name is known can be used without it.",
  },
  {
    name: "list-denied",
    when: "a listing or HeadBucket is refused",
    codes: DENIED,
    fits: ({ error }) => LISTS.includes(error.detail.operation),
    advice: ({ error }) =>
      `The caller needs s3:${
        error.detail.operation === "ListObjectVersions"
          ? "ListBucketVersions"
          : "ListBucket"
      } for the bucket itself, arn:aws:s3:::NAME, without a key or "/*".`,
  },
  {
    name: "read-denied",
    when: "GET or HEAD of an object is refused",
    codes: DENIED,
    fits: ({ error, method }) =>
      isObjectCall(error) && (method === "GET" || method === "HEAD"),
    advice:
      'A key that is not there is answered like this, too, where s3:ListBucket for the bucket is missing: check the key first. Then the caller needs s3:GetObject for it, and RequestPayer: "requester" where the requester pays.',
  },
  {
    name: "acl-or-tags-denied",
    when: "a write with an ACL or with tags is refused",
    codes: DENIED,
    fits: ({ error, sent }) =>
      isObjectCall(error) &&
      (sent["x-amz-acl"] !== undefined || sent["x-amz-tagging"] !== undefined),
    advice:
      "Beside s3:PutObject the caller needs s3:PutObjectAcl for an ACL and s3:PutObjectTagging for tags: leave them out, or allow them.",
  },
  {
    name: "copy-denied",
    when: "a copy is refused",
    codes: DENIED,
    fits: ({ error }) => /Copy$|^CopyObject$/.test(error.detail.operation),
    advice:
      "A copy needs s3:GetObject for its source and s3:PutObject for its target, and the same for their tags and KMS keys.",
  },
  {
    name: "delete-denied",
    when: "a delete is refused",
    codes: DENIED,
    fits: ({ error }) => /^DeleteObjects?$/.test(error.detail.operation),
    advice:
      "The caller needs s3:DeleteObject for the key, and s3:DeleteObjectVersion where a version is named.",
  },
  {
    name: "denied",
    when: "anything else is refused",
    codes: DENIED,
    advice: ({ error }) =>
      `The caller lacks a permission for ${error.detail.operation}, or a policy of the bucket, the account or the network denies it. "inia whoami" tells who calls.`,
  },
  {
    name: "archived",
    when: "the object is in an archive",
    codes: ["InvalidObjectState"],
    advice: ({ error }) => {
      const found = error.detail.fields["StorageClass"];
      const storage = typeof found === "string" && /^[A-Z_]+$/.test(found)
        ? ` (${found})`
        : "";
      return `The object is archived${storage}: restore it with restoreObject(), wait until headObject() says ongoing-request="false" as Restore, then read it.`;
    },
  },
  {
    name: "restoring",
    when: "the object is being restored already",
    codes: ["RestoreAlreadyInProgress"],
    advice:
      'It is being restored already: wait until headObject() says ongoing-request="false" as Restore.',
  },
  {
    name: "customer-key",
    when: "the object is encrypted with a key of the customer (SSE-C)",
    codes: ["InvalidRequest", "InvalidArgument"],
    fits: ({ error }) =>
      /form of Server Side Encryption|customer[- ]provided|SSE-?C\b/i.test(
        error.reason,
      ),
    advice:
      "The object is encrypted with a key of yours (SSE-C): give SSECustomerAlgorithm and SSECustomerKey as it was written with, and leave them out for an object without one.",
  },
  {
    name: "digest",
    when: "the bytes that came are not those of the checksum",
    codes: ["BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch"],
    advice:
      "The bytes changed after their checksum was made: the source is being written to, something on the way changes bodies, or a checksum given in code is that of other bytes.",
  },
  {
    name: "payload-hash",
    when: "the body is not the one that was signed",
    codes: ["XAmzContentSHA256Mismatch"],
    advice:
      "The body is not the one that was signed: the source is being written to, or a proxy or the store rewrites bodies, chunked ones above all.",
  },
  {
    name: "not-implemented",
    when: "a store does not know the operation or a header",
    codes: ["501", "NotImplemented"],
    advice: ({ error }) =>
      `This store does not implement ${error.detail.operation} or a header of it: leave out what is optional, and see docs/other-stores.md for what stores take.`,
  },
  {
    name: "acl-not-supported",
    when: "the bucket has no ACLs",
    codes: ["AccessControlListNotSupported"],
    advice:
      "The owner of the bucket owns all its objects, so that it takes no ACLs: leave ACL and the grants out, and allow access by a bucket policy.",
  },
  {
    name: "throttled",
    when: "too many requests",
    codes: [
      "429",
      "RequestLimitExceeded",
      "SlowDown",
      "Throttling",
      "ThrottlingException",
      "TooManyRequests",
      "TooManyRequestsException",
    ],
    advice:
      'Send less at once (maxConnections, or concurrency of a transfer), spread keys over more prefixes, or let the client slow down by itself: retry: "adaptive".',
  },
  {
    name: "gateway",
    when: "a proxy or a load balancer has no answer of the store",
    codes: ["502", "503", "504"],
    advice:
      "What answers is a proxy or a load balancer, and it reaches no store behind it: look at its log, then at the store.",
  },
  {
    name: "server",
    when: "the service failed",
    codes: ["500", "InternalError", "ServiceUnavailable"],
    advice:
      "The service failed, and further attempts did not help: try later, and give the request ids to its support if it lasts.",
  },
  {
    name: "request-timeout",
    when: "the service waited for the body in vain",
    codes: ["RequestTimeout"],
    advice:
      "The body came too slowly: a source that stalls belongs into memory or into a file first, and upload() sends large ones in parts.",
  },
  {
    name: "endpoint-names-bucket",
    when: "the host of endpointUrl has the bucket in it",
    codes: ["404", "NoSuchBucket", "NoSuchKey"],
    fits: ({ endpointUrl, context: { Bucket: bucket } }) =>
      bucket !== undefined &&
      endpointUrl?.replace(/^\w+:\/\//, "").startsWith(`${bucket}.`) === true,
    advice: ({ context: { Bucket: bucket } }) =>
      `endpointUrl begins with bucket "${bucket}", which is added once more: leave it out of endpointUrl.`,
  },
  {
    name: "virtual-style",
    when: "the store wants the bucket in the host",
    codes: ["SecondLevelDomainForbidden", "VirtualHostDomainRequired"],
    advice:
      'This store wants the bucket in the host: set addressingStyle: "virtual", or addressing_style = virtual in the s3 block of the profile.',
  },
  {
    name: "path-style",
    when: "an endpoint of one's own finds no bucket in the host",
    codes: ["400", "404", "InvalidBucketName", "NoSuchBucket", "NoSuchKey"],
    fits: ({ endpointUrl, host, context: { Bucket: bucket } }) =>
      endpointUrl !== undefined && bucket !== undefined &&
      host.startsWith(`${bucket}.`),
    advice:
      'The bucket was sent in the host, and this store may read it from the path: set addressingStyle: "path", or addressing_style = path in the s3 block of the profile.',
  },
  {
    name: "no-such-bucket",
    when: "there is no such bucket",
    fits: ({ error: { code, detail: { operation } } }) =>
      code === "NoSuchBucket" || code === "404" && operation === "HeadBucket",
    advice: (refusal) =>
      `${
        hostOf(refusal)
      } has no such bucket: check its name, and whether endpoint and partition are those it was made in.`,
  },
  {
    name: "delete-marker",
    when: "the newest version is a delete marker",
    codes: ["404", "405", "MethodNotAllowed", "NoSuchKey"],
    fits: ({ error }) => error.detail.headers["x-amz-delete-marker"] === "true",
    advice:
      "The newest version is a delete marker: name an older one as VersionId, or delete the marker to have it back.",
  },
  {
    name: "key-with-slash",
    when: "the key begins with a slash",
    codes: ["404", "NoSuchKey"],
    fits: ({ context: { Key: key = "" } }) => key.startsWith("/"),
    advice: 'Keys rarely begin with "/": leave the first slash out.',
  },
  {
    name: "key-encoded",
    when: "the key is percent-encoded",
    codes: ["404", "NoSuchKey"],
    fits: ({ context: { Key: key = "" } }) => /%[\da-f]{2}/i.test(key),
    advice:
      "The key is percent-encoded, and keys are given as they are: decode it first, as notifications and URLs have it encoded.",
  },
  {
    name: "no-such-key",
    when: "there is no such object",
    codes: ["NoSuchKey", "NoSuchVersion", "404"],
    fits: ({ error, method }) => error.code !== "404" || method === "HEAD",
    advice:
      "Keys are compared by every letter, case and slash: list the prefix to see what is there.",
  },
  {
    name: "no-such-upload",
    when: "the upload in parts is not there",
    codes: ["NoSuchUpload"],
    advice:
      "The upload was completed or aborted before, or a lifecycle rule ended it: begin it anew.",
  },
  {
    name: "part-too-small",
    when: "a part is too small",
    codes: ["EntityTooSmall"],
    advice: "Each part but the last needs at least 5 MiB: raise partSize.",
  },
  {
    name: "too-large",
    when: "the body is too large for one request",
    codes: ["EntityTooLarge", "413"],
    advice:
      "One request takes at most 5 GiB, and less at some stores: send the body with upload(), in parts.",
  },
  {
    name: "no-configuration",
    when: "the bucket has no such configuration",
    fits: ({ error }) =>
      error.status === 404 &&
      /^NoSuch(?:\w*Configuration|BucketPolicy|TagSet\w*)$|NotFoundError$/
        .test(error.code),
    advice:
      "The bucket has none, which is no failure: catch this code and go on as if it were empty.",
  },
  {
    name: "precondition",
    when: "a condition does not hold",
    codes: ["304", "412", "ConditionalRequestConflict", "PreconditionFailed"],
    advice:
      "The object is not what the condition expects, as someone has written it meanwhile: read it again and decide anew, as editObject() does.",
  },
  {
    name: "name-taken",
    when: "the name of the bucket is taken",
    codes: ["BucketAlreadyExists"],
    advice:
      "Another account has a bucket of this name, and names are shared by all: choose another.",
  },
  {
    name: "own-bucket",
    when: "the bucket is there and yours",
    codes: ["BucketAlreadyOwnedByYou"],
    advice:
      "The bucket is there and yours: go on with it, in the region it was made in.",
  },
  {
    name: "not-empty",
    when: "the bucket is not empty",
    codes: ["BucketNotEmpty"],
    advice:
      'Objects, versions, delete markers or unfinished uploads are left in it: emptyBucket() of ./transfer deletes them all, as does "inia rb --force".',
  },
  {
    name: "busy",
    when: "something else is done with the bucket",
    codes: ["OperationAborted"],
    advice:
      "Something else is done with this bucket, such as its deletion a moment ago: try again in a minute.",
  },
  {
    name: "no-store",
    when: "what answers at an endpoint of one's own sends no error document",
    fits: ({ error, method, endpointUrl }) =>
      endpointUrl !== undefined && method !== "HEAD" &&
      error.code === String(error.status) && error.status >= 300 &&
      error.status < 500,
    advice:
      "The answer has no error document of S3: what listens at endpointUrl may be a console, a web server or a proxy. Check its host, port and path.",
  },
];

const CLOCK_CODES: readonly string[] = [
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
];

const LISTS: readonly string[] = [
  "HeadBucket",
  "ListObjectVersions",
  "ListObjects",
  "ListObjectsV2",
];

/** How a message of IAM names what is not allowed, and by which kind of policy. */
const ACTION = /not authorized to perform: ([a-z\d-]+:[A-Za-z\d*]+)/;
const DENY =
  /with an explicit deny(?: in an? ([A-Za-z -]{3,40}(?:policy|boundary)))?/;
const ALLOW = /because no ([A-Za-z -]{3,40}(?:policy|boundary)) allows/;

/** What a caller needs for the common operations of S3. */
function neededFor(operation: string): string {
  if (operation === "ListBuckets") return "s3:ListAllMyBuckets";
  if (LISTS.includes(operation)) return "s3:ListBucket for the bucket itself";
  if (/^(?:Get|Head)Object$/.test(operation)) {
    return "s3:GetObject for the key, and s3:ListBucket to be told that it is missing";
  }
  if (/^PutObject$|MultipartUpload$|^UploadPart$/.test(operation)) {
    return "s3:PutObject for the key";
  }
  return /^DeleteObjects?$/.test(operation)
    ? "s3:DeleteObject for the key"
    : `a permission for ${operation}`;
}

function isDenied({ code, status }: ServiceError): boolean {
  return status === 403 && DENIED.includes(code);
}

/** Whether a call is about one object. */
function isObjectCall({ detail: { operation } }: ServiceError): boolean {
  return /^(?:Get|Head|Put)Object$|^(?:Create|Complete)MultipartUpload$|^UploadPart$/
    .test(operation);
}

function actionIn({ reason, detail }: ServiceError): string {
  return ACTION.exec(reason)?.[1] ?? detail.operation;
}

/** The kind of policy that a message names. */
function policyIn(pattern: RegExp, { reason }: ServiceError): string {
  const kind = pattern.exec(reason)?.[1];
  return kind === undefined ? "" : ` (${kind})`;
}

/** How far the local clock is behind the server's, where the answer tells. */
function behindMs({ error, signedAt }: RefusedCall): number | undefined {
  const { date = "", age } = error.detail.headers;
  // An answer with an age comes from a cache, and so does its date.
  const server = age === undefined ? Date.parse(date) : NaN;
  return Number.isNaN(server) ? undefined : server - signedAt.getTime();
}

/** A time in words, for example `"2 h 5 min"`. */
function span(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60)];
  if (days > 1) return `${days} days`;
  const rest = minutes % 60;
  if (hours === 0) return `${rest} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** A region that a service names, if it looks like one. */
function regionName(region: string | undefined): string | undefined {
  return region !== undefined && /^[a-z\d-]{2,32}$/.test(region)
    ? region
    : undefined;
}

/** Where the credentials come from, in words. */
function from({ credentials, profile }: RefusedCall): string {
  const source = credentials?.source;
  if (source === undefined) return "";
  return profile === undefined || source === "env"
    ? ` (source "${source}")`
    : ` (source "${source}", profile "${profile}")`;
}

/** How a token is renewed. */
function renewal({ credentials, profile }: RefusedCall): string {
  const option = profile === undefined || profile === "default"
    ? ""
    : ` --profile ${profile}`;
  switch (credentials?.source) {
    case "sso":
      return `sign in again with "aws sso login${option}"`;
    case "login":
      return `sign in again with "aws login${option}"`;
    case "env":
      return "set the three AWS_ variables anew, or take them away so that a source that renews itself is found";
    case undefined:
      return "get new ones, and give the session a provider or a function in place of fixed keys, so that they are renewed in time";
    default:
      return `get new ones at their source, "${credentials?.source}"${
        profile === undefined ? "" : ` of profile "${profile}"`
      }`;
  }
}

function hostOf({ host, endpointUrl }: RefusedCall): string {
  return endpointUrl === undefined ? "Amazon" : host;
}
