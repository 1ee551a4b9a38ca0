/**
 * Options of S3 that need a word before an operation runs: those that are not
 * done here are refused by name, so that none is taken and does nothing.
 *
 * @module
 */
import type { HeaderMap } from "../../ports/http.ts";
import type { Call } from "./call.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3_error.ts";
import type { OperationName } from "./shapes.ts";
import type { Bucket } from "./store.ts";
import { type Query, valueOf } from "./target.ts";

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
export function checkPayer(call: Call, bucket: Bucket): void {
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
