/**
 * What S3's inputs need before they are written: the encoding of the copy
 * source, the digest of a customer's key, and url-encoded listings.
 *
 * Source: specs/s3, sections 7 and 8, which describe what botocore does.
 *
 * @module
 */
import { base64, encodePath, owned, utf8 } from "../../foundation/bytes.ts";
import {
  ValidationError,
  type ValidationProblem,
} from "../../foundation/errors.ts";
import { AWS_GLOBAL, GLOBAL_SIGNING_REGION } from "../../endpoint/regional.ts";
import type { ClientConfig } from "../../ports/config.ts";
import type { Operation } from "../../ports/schema.ts";
import { isListing } from "./listings.ts";

/** It would be sent as U+FFFD, and name another object. */
export const LONE_SURROGATE =
  "must be text that UTF-8 can carry: it has half of a surrogate pair";

/** Any input, seen as its members. */
type Members = Readonly<Record<string, unknown>>;

/** Members that are written in another form than they are given in. */
const AMENDED = ["CopySource", "CopySourceSSECustomerKey", "SSECustomerKey"];

/** A version at the end of a copy source; its `?` must not be encoded. */
const VERSION = /\?versionId=\S+$/;

/**
 * Amends an input. What is not of its type is left for the check that follows.
 *
 * @param operation The operation's table.
 * @param input The input; it is not changed.
 * @param settings The client's settings.
 * @returns The input as it is to be written.
 * @throws {ValidationError} If a copy source lacks a part.
 */
export async function amendInput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  settings: Pick<ClientConfig, "endpointUrl" | "region"> = {},
): Promise<Input> {
  if (typeof input !== "object" || input === null) return input;
  if (operation.name === "CreateBucket") return withLocation(input, settings);
  const isAmended = isListing(operation.name) ||
    AMENDED.some((name) => name in input);
  if (!isAmended) return input;
  const members: Members = Object.fromEntries(Object.entries(input));
  return {
    ...input,
    ...copySource(operation.name, members["CopySource"]),
    ...await customerKey("SSECustomerKey", operation, members),
    ...await customerKey("CopySourceSSECustomerKey", operation, members),
    ...isListing(operation.name) && members["EncodingType"] === undefined &&
      { EncodingType: "url" },
  };
}

/**
 * Says where a bucket is made. Outside us-east-1 S3 refuses to make one without
 * that; other stores have regions of their own.
 */
function withLocation<Input extends object>(
  input: Input,
  { endpointUrl, region }: Pick<ClientConfig, "endpointUrl" | "region">,
): Input {
  const members: Members = Object.fromEntries(Object.entries(input));
  const { Bucket, CreateBucketConfiguration: given = {} } = members;
  const isAnywhere = region === undefined || region === AWS_GLOBAL ||
    region === GLOBAL_SIGNING_REGION || endpointUrl !== undefined;
  const isDirectory = typeof Bucket === "string" && Bucket.endsWith("--x-s3");
  if (isAnywhere || isDirectory || typeof given !== "object") return input;
  if (given === null || LOCATIONS.some((name) => name in given)) return input;
  return {
    ...input,
    CreateBucketConfiguration: { LocationConstraint: region, ...given },
  };
}

/** Members that say where a bucket is made, or that it is a directory. */
const LOCATIONS = ["Bucket", "Location", "LocationConstraint"];

function copySource(operation: string, source: unknown): Members {
  if (typeof source === "string") {
    // Left for the check that follows, which refuses it.
    if (!source.isWellFormed()) return {};
    return { CopySource: encodedSource(source) };
  }
  if (typeof source !== "object" || source === null) return {};
  const { Bucket, Key, VersionId }: Members = { ...source };
  const problems = [
    ...partProblems("Bucket", Bucket),
    ...partProblems("Key", Key),
    ...VersionId === undefined ? [] : partProblems("VersionId", VersionId),
  ];
  if (problems.length > 0) throw new ValidationError(operation, problems);
  const bucket = String(Bucket);
  const between = bucket.startsWith("arn:") ? "/object/" : "/";
  const version = VersionId === undefined ? "" : `?versionId=${VersionId}`;
  return { CopySource: encodePath(`${bucket}${between}${Key}`) + version };
}

/** A text of the caller's is taken as not encoded, save for the version. */
function encodedSource(source: string): string {
  const version = VERSION.exec(source)?.[0] ?? "";
  return encodePath(source.slice(0, source.length - version.length)) + version;
}

function partProblems(name: string, value: unknown): ValidationProblem[] {
  const path = `CopySource.${name}`;
  if (value === undefined) return [{ path, problem: "is required" }];
  if (typeof value === "string" && !value.isWellFormed()) {
    return [{ path, problem: LONE_SURROGATE }];
  }
  if (typeof value === "string" && value !== "") return [];
  return [{ path, problem: "must be a string that is not empty" }];
}

/**
 * Puts a key into base64 and adds its MD5. With an MD5 from the caller, both go
 * out untouched: then they are encoded already.
 */
async function customerKey<Input, Output>(
  name: "CopySourceSSECustomerKey" | "SSECustomerKey",
  operation: Operation<Input, Output>,
  members: Members,
): Promise<Members> {
  const digest = `${name}MD5`;
  const key = members[name];
  if (!Object.hasOwn(operation.input().members, digest)) return {};
  if (members[digest] !== undefined) return {};
  if (typeof key !== "string" && !(key instanceof Uint8Array)) return {};
  const bytes = typeof key === "string" ? utf8(key) : owned(key);
  // Only those who use such keys pay for loading the digest.
  const { md5 } = await import("../../foundation/checksums.ts");
  return { [name]: base64(bytes), [digest]: base64(await md5(bytes)) };
}
