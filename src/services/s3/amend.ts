/**
 * What S3 inputs need before they are written, and its listings after they are
 * read: the encoding of the copy source, the digest of a customer key, url-encoded
 * listings. Loaded with the first call that needs it.
 *
 * XML has no way to write some characters that keys may have, so listings are
 * asked for in url-encoding, and decoded here.
 *
 * As botocore does, but that the prefix of ListObjects is decoded, too, which it
 * forgets.
 *
 * @module
 */
import { AWS_GLOBAL, GLOBAL_SIGNING_REGION } from "../../endpoint/hosts.ts";
import {
  base64,
  encodePath,
  LONE_SURROGATE,
  owned,
  utf8,
} from "../../foundation/bytes.ts";
import {
  ValidationError,
  type ValidationProblem,
} from "../../foundation/errors.ts";
import type { ClientConfig } from "../../ports/config.ts";
import type { Operation, ParsedResponse } from "../../ports/schema.ts";

/** Any input, seen as its members. */
type Members = Readonly<Record<string, unknown>>;

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
export function amendInput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  settings: Pick<ClientConfig, "endpointUrl" | "region"> = {},
): Input | Promise<Input> {
  if (typeof input !== "object" || input === null) return input;
  if (operation.name === "CreateBucket") return withLocation(input, settings);
  const isAmended = "CopySource" in input ||
    "CopySourceSSECustomerKey" in input || "SSECustomerKey" in input;
  if (isAmended) return withAmended(operation, input);
  return isListing(operation.name) ? withEncoding(input) : input;
}

function withEncoding<Input extends object>(input: Input): Input {
  return encodingOf(input) === undefined
    ? { ...input, EncodingType: "url" }
    : input;
}

async function withAmended<Input extends object, Output>(
  operation: Operation<Input, Output>,
  input: Input,
): Promise<Input> {
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

/** The operations whose listings are asked for in url-encoding. */
const LISTINGS = ["ListObjectVersions", "ListObjects", "ListObjectsV2"];

/** Members that are encoded, where they are there. */
const TEXTS = [
  "Delimiter",
  "KeyMarker",
  "Marker",
  "NextKeyMarker",
  "NextMarker",
  "Prefix",
  "StartAfter",
];

/** Lists, and the member of their items that is encoded. */
const LISTS = {
  CommonPrefixes: "Prefix",
  Contents: "Key",
  DeleteMarkers: "Key",
  Versions: "Key",
};

/** Whether an operation's result is a listing of that kind. */
function isListing(operation: string): boolean {
  return LISTINGS.includes(operation);
}

/**
 * Decodes a listing, unless the caller has asked for the encoding.
 *
 * @param operation The operation's table.
 * @param input The input as the caller gave it.
 * @param output What was read.
 */
export function amendOutput<Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  output: ParsedResponse<Output>["output"],
): ParsedResponse<Output>["output"] {
  if (!isListing(operation.name) || encodingOf(input) !== undefined) {
    return output;
  }
  if (encodingOf(output) !== "url") return output;
  const decoded: Record<string, unknown> = { ...output };
  for (const name of TEXTS) {
    const value = decoded[name];
    if (typeof value === "string") decoded[name] = formDecoded(value);
  }
  for (const [name, member] of Object.entries(LISTS)) {
    const items: unknown = decoded[name];
    if (!Array.isArray(items)) continue;
    for (const item of items) decodeItem(item, member);
  }
  // The same members, some texts of which are other texts.
  return decoded as typeof output;
}

/** The item was just read, so nobody else has it yet: a copy would be garbage. */
function decodeItem(item: unknown, member: string): void {
  if (!isMembers(item)) return;
  const value = item[member];
  if (typeof value === "string") item[member] = formDecoded(value);
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function encodingOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "EncodingType" in value
    ? value.EncodingType
    : undefined;
}

/** `a%2Fb+c` to `a/b c`; what is no encoding stays. */
function formDecoded(value: string): string {
  const spaced = value.includes("+") ? value.replaceAll("+", " ") : value;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Many times slower, but lenient towards what is half an encoding.
    const form = new URLSearchParams(`v=${value.replaceAll("&", "%26")}`);
    return form.get("v") ?? value;
  }
}

/** An object to copy from. */
export interface CopySourceObject {
  /** Its bucket: the name, or the ARN of an access point. */
  readonly Bucket: string;
  /** Its key, not encoded. */
  readonly Key: string;
  /** Its version. Default: the current one. */
  readonly VersionId?: string;
}
