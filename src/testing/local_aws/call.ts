/**
 * A request to S3, checked and decoded, and what its handlers share. Options that
 * are not done here are refused by name, so that none is taken and does nothing.
 *
 * @module
 */
import type { HeaderMap } from "../../ports/http.ts";
import {
  granted,
  type Grants,
  type Identity,
  isPublicPolicy,
  type Keys,
  type Permission,
  policyVerdict,
} from "./access.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3_error.ts";
import type {
  InputOf,
  Mixed,
  OperationName,
  OutputOf,
  TableRequest,
} from "./shapes.ts";
import type { Bucket, Content, Store, Version } from "./store.ts";
import { type Query, valueOf } from "./request.ts";

/** What an answer has beside its table's output. */
export interface Reply {
  /** HTTP status. */
  status: number;
  /** Further header fields. */
  readonly headers: Record<string, string>;
  /** The body, where it is no document. */
  body?: Content;
  /** Entries of two lists in one order. */
  mixed?: Mixed;
}

/** A request to S3. */
export interface Call extends TableRequest {
  /** The operation that it is. */
  readonly operation: OperationName;
  /** Who it comes from; absent where it is not signed. */
  readonly caller: Identity | undefined;
  /** Time of the server. */
  readonly now: Date;
  /** What the server keeps. */
  readonly store: Store;
  /** The accounts that the server knows. */
  readonly keys: Keys;
  /** Region that the request was sent to. */
  readonly region: string;
  /** All regions of the server. */
  readonly regions: readonly string[];
  /** Least size of a part that is not the last, in bytes. */
  readonly minPartSize: number;
  /** What the answer has beside its table's output. */
  readonly reply: Reply;
}

/** What a handler answers. */
export type Outcome<Name extends OperationName> =
  | Partial<Omit<OutputOf<Name>, "Body" | "ResponseMetadata">>
  | undefined;

/** Handlers of operations. */
export type Handlers = {
  readonly [Name in OperationName]?: (
    call: Call,
    input: InputOf<Name>,
  ) => Outcome<Name> | Promise<Outcome<Name>>;
};

/** What a caller needs for an operation on a bucket. */
export interface Need {
  /** Permission of the bucket's ACL that gives it; absent: owners only. */
  readonly permission?: Permission;
  /** Action of IAM. */
  readonly action: string;
  /** Key of the object that it is about, where it is about one. */
  readonly key?: string;
}

/** A bucket, if it exists and is in the region of the request. */
export function existingBucket(call: Call, name = call.bucket): Bucket {
  const bucket = call.store.buckets.get(name);
  if (bucket === undefined) {
    throw new S3Error("NoSuchBucket", { BucketName: name });
  }
  if (name === call.bucket && bucket.region !== call.region) {
    throw redirect(call, bucket);
  }
  // Another bucket is that of a source.
  const expected = name === call.bucket
    ? "x-amz-expected-bucket-owner"
    : "x-amz-source-expected-bucket-owner";
  checkOwner(call, bucket, expected);
  checkPayer(call, bucket);
  return bucket;
}

/** Checks that a bucket belongs to the account that a header field names. */
export function checkOwner(
  { headers }: Call,
  { account }: Bucket,
  header: string,
): void {
  const owner = headers[header];
  if (owner !== undefined && owner !== account) {
    throw new S3Error("AccessDenied");
  }
}

/**
 * The bucket that a call is about, if its caller may do what it asks for.
 *
 * @param need What the caller needs; without it only the owner may.
 */
export function bucketFor(
  call: Call,
  need: Need,
  name = call.bucket,
): Bucket {
  const bucket = existingBucket(call, name);
  const allowed = need.permission !== undefined &&
    granted(grantsIn(bucket, bucket.grants), need.permission, call.caller);
  checkAllowed(call, bucket, need.action, need.key, allowed);
  return bucket;
}

/**
 * Checks that a caller may do something.
 *
 * @param key Key of the object, where it is about one.
 * @param allowed Whether an ACL allows it.
 */
function checkAllowed(
  call: Call,
  bucket: Bucket,
  action: string,
  key: string | undefined,
  allowed: boolean,
): void {
  const resource = `arn:aws:s3:::${bucket.name}${
    key === undefined ? "" : `/${key}`
  }`;
  const { caller } = call;
  const said = policyVerdict(bucket, `s3:${action}`, resource, caller);
  const verdict = said === "Allow" && isRestricted(bucket, caller)
    ? undefined
    : said;
  if (
    verdict === "Deny" ||
    (verdict === undefined && !allowed && caller?.account !== bucket.account)
  ) {
    throw new S3Error("AccessDenied");
  }
}

/** The public access block of a bucket. */
export function accessBlock(bucket: Bucket): {
  readonly BlockPublicAcls?: boolean;
  readonly IgnorePublicAcls?: boolean;
  readonly BlockPublicPolicy?: boolean;
  readonly RestrictPublicBuckets?: boolean;
} {
  return bucket.configurations.get("PublicAccessBlock") ?? {};
}

/** Only a policy that is public is restricted, but then in all that it allows. */
function isRestricted(bucket: Bucket, caller: Identity | undefined): boolean {
  return accessBlock(bucket).RestrictPublicBuckets === true &&
    caller?.account !== bucket.account && isPublicPolicy(bucket.policy);
}

/** The grants that count in a bucket. */
function grantsIn(bucket: Bucket, grants: Grants): Grants {
  if (ownershipOf(bucket) === "BucketOwnerEnforced") return [];
  return accessBlock(bucket).IgnorePublicAcls
    ? grants.filter(({ grantee }) => !grantee.startsWith("http:"))
    : grants;
}

/** Who owns the objects of a bucket. */
export function ownershipOf(bucket: Bucket): string {
  const controls = bucket.configurations.get("OwnershipControls") as
    | { readonly Rules?: readonly { readonly ObjectOwnership?: string }[] }
    | undefined;
  return controls?.Rules?.[0]?.ObjectOwnership ?? "ObjectWriter";
}

/** An object that a call is about: its bucket and its version. */
export interface Found {
  readonly bucket: Bucket;
  readonly version: Version;
}

/**
 * The object that a call is about, if its caller may do what it asks for.
 *
 * @param permission Permission of the object's ACL that gives it.
 * @param action Action of IAM, without `Version` at its end.
 */
export function objectFor(
  call: Call,
  permission: Permission,
  action: string,
  { bucket: name = call.bucket, key = call.key, versionId = "" }: {
    readonly bucket?: string;
    readonly key?: string;
    readonly versionId?: string | undefined;
  } = {},
): Found {
  const bucket = existingBucket(call, name);
  const versions = bucket.objects.get(key) ?? [];
  const version = versionId === ""
    ? versions[0]
    : versions.find(({ id }) => id === versionId);
  const { caller } = call;
  if (version === undefined || version.marker) {
    // Only who may list the bucket learns that there is no such key.
    const lists = granted(grantsIn(bucket, bucket.grants), "READ", caller);
    checkAllowed(call, bucket, "ListBucket", undefined, lists);
    throw absent(version, key, versionId);
  }
  const owns = caller !== undefined && caller.account === version.owner;
  const allowed = owns ||
    granted(grantsIn(bucket, version.grants), permission, caller);
  const verdictAction = versionId === "" ? action : `${action}Version`;
  checkAllowed(call, bucket, verdictAction, key, allowed);
  // The owner of a bucket needs a grant for objects of other accounts.
  if (
    !allowed && ownershipOf(bucket) !== "BucketOwnerEnforced" &&
    caller?.account === bucket.account && version.owner !== bucket.account &&
    policyVerdict(
        bucket,
        `s3:${verdictAction}`,
        `arn:aws:s3:::${bucket.name}/${key}`,
        caller,
      ) !== "Allow"
  ) {
    throw new S3Error("AccessDenied");
  }
  return { bucket, version };
}

/** Why a version cannot be read. */
function absent(
  version: Version | undefined,
  key: string,
  versionId: string,
): S3Error {
  if (version === undefined) {
    return versionId === ""
      ? new S3Error("NoSuchKey", { Key: key })
      : new S3Error("NoSuchVersion", { Key: key, VersionId: versionId });
  }
  const headers: HeaderMap = {
    "x-amz-delete-marker": "true",
    "x-amz-version-id": version.id,
  };
  if (versionId === "") {
    return new S3Error("NoSuchKey", { Key: key }, undefined, headers);
  }
  return new S3Error(
    "MethodNotAllowed",
    { Method: "GET", ResourceType: "DeleteMarker" },
    undefined,
    {
      ...headers,
      allow: "DELETE",
      "last-modified": version.modified.toUTCString(),
    },
  );
}

function redirect(call: Call, bucket: Bucket): S3Error {
  const host = (call.headers["host"] ?? "localhost").replace(
    call.region,
    bucket.region,
  );
  return new S3Error(
    "PermanentRedirect",
    { Endpoint: host, Bucket: bucket.name, Region: bucket.region },
    undefined,
    { "x-amz-bucket-region": bucket.region },
  );
}

/** Header fields that no operation does, with the value that says nothing. */
export const REFUSED_HEADERS: Readonly<Record<string, string | undefined>> = {
  "x-amz-bucket-namespace": "global",
  "x-amz-bucket-object-lock-enabled": "false",
  "x-amz-bucket-object-lock-token": undefined,
  "x-amz-if-match-initiated-time": undefined,
  "x-amz-if-match-last-modified-time": undefined,
  "x-amz-if-match-size": undefined,
  "x-amz-mfa": undefined,
  "x-amz-object-annotation-directive": undefined,
  "x-amz-object-lock-legal-hold": "OFF",
  "x-amz-object-lock-mode": undefined,
  "x-amz-object-lock-retain-until-date": undefined,
  "x-amz-write-offset-bytes": undefined,
};

/**
 * Members of documents that no operation does; where several stand in a list,
 * each is looked at.
 */
export const REFUSED_MEMBERS: Readonly<
  Partial<Record<OperationName, readonly string[]>>
> = {
  CreateBucket: [
    "CreateBucketConfiguration.Bucket",
    "CreateBucketConfiguration.Location",
  ],
  DeleteObjects: [
    "Delete.Objects.LastModifiedTime",
    "Delete.Objects.Size",
  ],
};

/**
 * Checks that a request asks for nothing that is not done.
 *
 * @throws {S3Error} NotImplemented, with the name of what is not.
 */
export function checkOptions(
  name: OperationName,
  headers: HeaderMap,
  input: object,
): void {
  for (const [header, silent] of Object.entries(REFUSED_HEADERS)) {
    const value = headers[header];
    if (value !== undefined && value.toLowerCase() !== silent?.toLowerCase()) {
      throw notImplemented({ Header: header });
    }
  }
  for (const path of REFUSED_MEMBERS[name] ?? []) {
    if (isGiven(input, path.split("."))) {
      throw notImplemented({ Element: path.split(".").at(-1) ?? path });
    }
  }
  const attributes = headers["x-amz-optional-object-attributes"];
  if (attributes !== undefined && attributes !== "RestoreStatus") {
    throw invalidArgument(
      "x-amz-optional-object-attributes",
      attributes,
      "Invalid attribute name specified",
    );
  }
}

function isGiven(value: unknown, path: readonly string[]): boolean {
  if (Array.isArray(value)) return value.some((one) => isGiven(one, path));
  const [first, ...rest] = path;
  if (first === undefined) return value !== undefined;
  return typeof value === "object" && value !== null && first in value &&
    isGiven(Reflect.get(value, first), rest);
}

/** Parameters of presigned URLs that are not header fields in the query. */
const OWN_PARAMS =
  /^x-amz-(?:algorithm|checksum-.*|content-sha256|credential|date|expires|region-set|sdk-checksum-algorithm|security-token|signature|signedheaders)$/;

/**
 * The header fields that a presigned URL holds in its query: S3 obeys them as if
 * they were sent, but for checksums, which it passes over there.
 */
export function hoistedHeaders(query: Query): HeaderMap {
  return Object.fromEntries(
    query.map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name.startsWith("x-amz-") && !OWN_PARAMS.test(name)),
  );
}

/**
 * Checks that another account agrees to pay, where it has to ("Requester Pays",
 * Amazon S3 User Guide).
 *
 * @throws {S3Error} AccessDenied, if it does not.
 */
function checkPayer(call: Call, bucket: Bucket): void {
  const { Payer } = (bucket.configurations.get("BucketRequestPayment") ??
    {}) as { readonly Payer?: string };
  if (Payer !== "Requester" || call.caller?.account === bucket.account) return;
  const agrees = call.headers["x-amz-request-payer"] ??
    valueOf(call.query, "x-amz-request-payer");
  if (call.caller === undefined || agrees !== "requester") {
    throw new S3Error("AccessDenied");
  }
  call.reply.headers["x-amz-request-charged"] = "requester";
}
