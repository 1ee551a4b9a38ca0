import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  ADVICE,
  adviceFor,
  type RefusedCall,
  rowFor,
} from "../../src/client/advice.ts";
import { ServiceError } from "../../src/foundation/errors.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "T0KEN/OF+THE=SESSION",
  source: "sso",
};

/** What differs from a GET of an object that is refused with 403. */
interface Case extends Partial<Omit<RefusedCall, "error">> {
  readonly code?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly operation?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly namedRegion?: string;
  readonly anonymous?: true;
  /** A part of the advice. */
  readonly says: string | RegExp;
}

function refusalOf(
  {
    code = "AccessDenied",
    status = 403,
    reason = "Access Denied",
    operation = "GetObject",
    headers = {},
    fields = {},
    namedRegion,
    anonymous,
    says: _says,
    ...rest
  }: Case,
): RefusedCall {
  return {
    error: new ServiceError(reason, {
      code,
      status,
      operation,
      headers,
      fields,
      ...namedRegion !== undefined && { region: namedRegion },
    }),
    method: "GET",
    context: { Bucket: "photos", Key: "cat.txt" },
    sent: {},
    host: "photos.s3.eu-west-1.amazonaws.com",
    region: "eu-west-1",
    signedAt: NOW,
    ...anonymous ? {} : { credentials: KEYS },
    profile: "dev",
    ...rest,
  };
}

const STORE = {
  endpointUrl: "http://store.example:9000",
  host: "store.example:9000",
};

const IAM =
  'User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::photos/cat.txt"';

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "proxy-login": [{ code: "407", status: 407, says: "A proxy on the way" }],
  clock: [
    {
      code: "RequestTimeTooSkewed",
      headers: { date: "Sun, 01 Mar 2026 15:05:00 GMT" },
      says: "is 3 h 5 min behind the server's",
    },
    {
      headers: { date: "Thu, 26 Feb 2026 12:00:00 GMT" },
      says: "is 3 days ahead of the server's",
    },
    { code: "RequestExpired", status: 400, says: "is not that of the server" },
  ],
  region: [
    {
      ...STORE,
      code: "AuthorizationHeaderMalformed",
      status: 400,
      context: {},
      operation: "ListBuckets",
      namedRegion: "us-east-1",
      says: 'set region "us-east-1", as expected there',
    },
    {
      code: "PermanentRedirect",
      status: 301,
      namedRegion: "eu-central-1",
      says: 'set region "eu-central-1"',
    },
    {
      code: "AuthorizationHeaderMalformed",
      status: 400,
      namedRegion: "evil.example/",
      says: "set the region of the bucket",
    },
  ],
  "region-disabled": [{
    code: "RegionDisabledException",
    operation: "AssumeRole",
    says: "is not enabled in this account",
  }],
  "expired-token": [
    {
      code: "ExpiredToken",
      status: 400,
      says: '"aws sso login --profile dev"',
    },
    {
      code: "ExpiredToken",
      credentials: { ...KEYS, source: "env" },
      says: "the three AWS_ variables",
    },
    {
      code: "ExpiredToken",
      credentials: { ...KEYS, source: "custom-process" },
      says: 'at their source, "custom-process" of profile "dev"',
    },
    {
      code: "ExpiredTokenException",
      credentials: { accessKeyId: "ASIA", sessionToken: "t0ken" },
      says: "a provider or a function",
    },
  ],
  "token-left-out": [{
    code: "InvalidAccessKeyId",
    credentials: { accessKeyId: "ASIAEXAMPLE" },
    says: "set AWS_SESSION_TOKEN",
  }],
  "invalid-token": [{
    code: "InvalidToken",
    status: 400,
    says: 'of one answer (source "sso", profile "dev")',
  }],
  "unknown-key": [
    {
      code: "InvalidAccessKeyId",
      credentials: { accessKeyId: "AKIDEXAMPLE", source: "env" },
      says: 'Amazon knows no such access key (source "env")',
    },
    {
      ...STORE,
      code: "InvalidAccessKeyId",
      says: "store.example:9000 knows no such access key",
    },
  ],
  "proxy-changes": [{
    ...STORE,
    code: "SignatureDoesNotMatch",
    says: "a proxy before the store",
  }],
  "wrong-secret": [{
    code: "SignatureDoesNotMatch",
    says: "is probably not that of the access key",
  }],
  "kms-state": [{
    code: "KMS.DisabledException",
    status: 400,
    says: "be enabled",
  }],
  "kms-denied": [
    {
      reason:
        "User: x is not authorized to perform: kms:Decrypt on this resource",
      says: "the caller needs kms:Decrypt for it",
    },
    {
      code: "KMS.AccessDeniedException",
      status: 400,
      method: "PUT",
      operation: "PutObject",
      says: "kms:GenerateDataKey",
    },
  ],
  "denied-by-policy": [{
    reason: `${IAM} with an explicit deny in a service control policy`,
    says: "A policy denies s3:GetObject explicitly (service control policy)",
  }],
  "not-allowed": [
    {
      reason:
        `${IAM} because no identity-based policy allows the s3:GetObject action`,
      says: "needs permission for s3:GetObject (identity-based policy).",
    },
    {
      reason:
        "User: x is not authorized to perform: s3:ListBucket on resource: y",
      says: "arn:aws:s3:::NAME, without a key",
    },
  ],
  "public-access-block": [{
    operation: "PutBucketPolicy",
    reason:
      "Access Denied because public policies are blocked by the BlockPublicPolicy setting",
    says: "blocks public access",
  }],
  mfa: [{
    operation: "DeleteObject",
    method: "DELETE",
    reason: "Mfa Authentication must be used for this request",
    says: "MFA code",
  }],
  "object-lock": [{
    operation: "DeleteObject",
    method: "DELETE",
    reason: "Access Denied because object protected by object lock.",
    says: "BypassGovernanceRetention",
  }],
  "requester-pays": [{
    reason: "Requester Pays bucket: send x-amz-request-payer",
    says: 'RequestPayer: "requester"',
  }],
  owner: [{
    sent: { "x-amz-expected-bucket-owner": "123456789012" },
    says: "ExpectedBucketOwner",
  }],
  anonymous: [
    { anonymous: true, says: "was not signed" },
    {
      ...STORE,
      anonymous: true,
      code: "400",
      status: 400,
      says: "was not signed",
    },
  ],
  "denied-by-store": [
    { ...STORE, says: "s3:GetObject for the key, and s3:ListBucket" },
    { ...STORE, operation: "ListBuckets", says: "needs s3:ListAllMyBuckets" },
    { ...STORE, operation: "HeadBucket", says: "s3:ListBucket for the bucket" },
    { ...STORE, operation: "UploadPart", says: "s3:PutObject" },
    { ...STORE, operation: "DeleteObjects", says: "s3:DeleteObject" },
    { ...STORE, operation: "GetBucketCors", says: "for GetBucketCors" },
  ],
  "assume-role": [{
    operation: "AssumeRole",
    method: "POST",
    says: "sts:AssumeRole",
  }],
  "web-identity": [{
    code: "InvalidIdentityToken",
    status: 400,
    operation: "AssumeRoleWithWebIdentity",
    method: "POST",
    says: "audience and subject",
  }],
  "list-buckets-denied": [{
    operation: "ListBuckets",
    says: "s3:ListAllMyBuckets",
  }],
  "list-denied": [
    { operation: "ListObjectsV2", says: "s3:ListBucket for the bucket itself" },
    { operation: "ListObjectVersions", says: "s3:ListBucketVersions" },
  ],
  "read-denied": [
    { says: "s3:ListBucket for the bucket is missing" },
    {
      code: "403",
      method: "HEAD",
      operation: "HeadObject",
      says: "check the key first",
    },
  ],
  "acl-or-tags-denied": [{
    operation: "PutObject",
    method: "PUT",
    sent: { "x-amz-acl": "public-read" },
    says: "s3:PutObjectAcl",
  }],
  "copy-denied": [{
    operation: "UploadPartCopy",
    method: "PUT",
    says: "s3:GetObject for its source",
  }],
  "delete-denied": [{
    operation: "DeleteObjects",
    method: "POST",
    says: "s3:DeleteObject for the key",
  }],
  denied: [{
    operation: "GetBucketCors",
    says: "lacks a permission for GetBucketCors",
  }],
  archived: [
    {
      code: "InvalidObjectState",
      fields: { StorageClass: "DEEP_ARCHIVE" },
      says: "archived (DEEP_ARCHIVE): restore it with restoreObject()",
    },
    { code: "InvalidObjectState", says: "is archived: restore" },
  ],
  restoring: [{
    code: "RestoreAlreadyInProgress",
    status: 409,
    says: "being restored already",
  }],
  "customer-key": [{
    code: "InvalidRequest",
    status: 400,
    reason:
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    says: "SSECustomerKey",
  }],
  digest: [{ code: "BadDigest", status: 400, says: "after their checksum" }],
  "payload-hash": [{
    code: "XAmzContentSHA256Mismatch",
    status: 400,
    says: "not the one that was signed",
  }],
  "not-implemented": [{
    ...STORE,
    code: "NotImplemented",
    status: 501,
    says: "does not implement GetObject",
  }],
  "acl-not-supported": [{
    code: "AccessControlListNotSupported",
    status: 400,
    says: "leave ACL and the grants out",
  }],
  throttled: [{ code: "SlowDown", status: 503, says: "maxConnections" }],
  gateway: [{ code: "502", status: 502, says: "a load balancer" }],
  server: [{ code: "InternalError", status: 500, says: "request ids" }],
  "request-timeout": [{
    code: "RequestTimeout",
    status: 400,
    says: "too slowly",
  }],
  "endpoint-names-bucket": [{
    endpointUrl: "https://photos.store.example",
    host: "photos.store.example",
    code: "NoSuchKey",
    status: 404,
    says: "leave it out of endpointUrl",
  }],
  "virtual-style": [{
    ...STORE,
    code: "SecondLevelDomainForbidden",
    says: 'addressingStyle: "virtual"',
  }],
  "path-style": [{
    ...STORE,
    host: "photos.store.example:9000",
    code: "NoSuchBucket",
    status: 404,
    says: 'addressingStyle: "path"',
  }],
  "no-such-bucket": [
    { code: "NoSuchBucket", status: 404, says: "Amazon has no such bucket" },
    {
      code: "404",
      status: 404,
      operation: "HeadBucket",
      method: "HEAD",
      says: "Amazon has no such bucket",
    },
  ],
  "delete-marker": [{
    code: "NoSuchKey",
    status: 404,
    headers: { "x-amz-delete-marker": "true" },
    says: "a delete marker",
  }],
  "key-with-slash": [{
    code: "NoSuchKey",
    status: 404,
    context: { Bucket: "photos", Key: "/cat.txt" },
    says: "leave the first slash out",
  }],
  "key-encoded": [{
    code: "NoSuchKey",
    status: 404,
    context: { Bucket: "photos", Key: "a%20b" },
    says: "decode it first",
  }],
  "no-such-key": [
    { code: "NoSuchKey", status: 404, says: "every letter" },
    {
      code: "404",
      status: 404,
      operation: "HeadObject",
      method: "HEAD",
      says: "every letter",
    },
  ],
  "no-such-upload": [{
    code: "NoSuchUpload",
    status: 404,
    operation: "UploadPart",
    method: "PUT",
    says: "begin it anew",
  }],
  "part-too-small": [{
    code: "EntityTooSmall",
    status: 400,
    operation: "CompleteMultipartUpload",
    method: "POST",
    says: "at least 5 MiB",
  }],
  "too-large": [{
    code: "EntityTooLarge",
    status: 400,
    operation: "PutObject",
    method: "PUT",
    says: "upload(), in parts",
  }],
  "no-configuration": [
    {
      code: "NoSuchLifecycleConfiguration",
      status: 404,
      operation: "GetBucketLifecycleConfiguration",
      says: "which is no failure",
    },
    {
      code: "ServerSideEncryptionConfigurationNotFoundError",
      status: 404,
      operation: "GetBucketEncryption",
      says: "which is no failure",
    },
  ],
  precondition: [{
    code: "PreconditionFailed",
    status: 412,
    says: "editObject()",
  }],
  "name-taken": [{
    code: "BucketAlreadyExists",
    status: 409,
    operation: "CreateBucket",
    method: "PUT",
    says: "choose another",
  }],
  "own-bucket": [{
    code: "BucketAlreadyOwnedByYou",
    status: 409,
    operation: "CreateBucket",
    method: "PUT",
    says: "there and yours",
  }],
  "not-empty": [{
    code: "BucketNotEmpty",
    status: 409,
    operation: "DeleteBucket",
    method: "DELETE",
    says: "emptyBucket()",
  }],
  busy: [{ code: "OperationAborted", status: 409, says: "in a minute" }],
  "no-store": [{
    ...STORE,
    code: "404",
    status: 404,
    says: "Check its host, port and path",
  }],
};

Deno.test("every row of the advice has a case, and every case a row", () => {
  assertEquals(ADVICE.map(({ name }) => name), Object.keys(CASES));
});

for (const [name, cases] of Object.entries(CASES)) {
  Deno.test(`the advice "${name}" is that of its refusals`, () => {
    for (const one of cases) {
      const refusal = refusalOf(one);
      assertEquals(rowFor(refusal)?.name, name);
      const advice = adviceFor(refusal) ?? "";
      assert(
        typeof one.says === "string"
          ? advice.includes(one.says)
          : one.says.test(advice),
        advice,
      );
      // At most two sentences, each with its end.
      assertMatch(advice, /^[^\n]{20,400}[.]$/);
      assert(advice.split(/\. (?=[A-Z"])/).length <= 2, advice);
      for (const secret of [KEYS.secretAccessKey, KEYS.sessionToken]) {
        assert(!advice.includes(secret), advice);
      }
      assert(!advice.includes(refusal.credentials?.accessKeyId ?? "?"), advice);
    }
  });
}

Deno.test("words of a service stay out of the advice, whatever they are", () => {
  const evil = "\u001b[2Jrm -rf /";
  for (const one of Object.values(CASES).flat()) {
    const advice = adviceFor(refusalOf({
      ...one,
      reason: `${one.reason ?? ""} ${evil} not authorized to perform: ${evil}`,
      fields: { StorageClass: evil },
      namedRegion: evil,
    })) ?? "";
    assert(!advice.includes("rm -rf"), advice);
  }
});

Deno.test("a refusal that no row knows gets no advice", () => {
  const refusal = refusalOf({ code: "Teapot", status: 418, says: "" });
  assertEquals(adviceFor(refusal), undefined);
});
