/**
 * Addresses of buckets and objects in one text: `s3://bucket/key`.
 *
 * @module
 */
import { ValidationError } from "../../foundation/errors.ts";

/** A bucket and what lies in it. */
export interface ParsedS3Uri {
  /** Name of the bucket, or the ARN of an access point. */
  readonly Bucket: string;
  /** Key or prefix; empty for the bucket itself. */
  readonly Key: string;
}

/** What stands where an ARN does not name an access point. */
const ARN_FORM =
  "expected that of an access point, s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY";

/** ARNs that stand for a bucket; they have slashes of their own. */
const ACCESS_POINT =
  /^(arn:aws[^:/]*:s3(?:-object-lambda)?:[^:/]*:\d{12}:accesspoint[:/][^:/]+)(?:\/([^]*))?$/;
const OUTPOST =
  /^(arn:aws[^:/]*:s3-outposts:[^:/]*:\d{12}:outpost[:/][^:/]+[:/]accesspoint[:/][^:/]+)(?:\/([^]*))?$/;
const BUCKET = /^([^/]+)(?:\/([^]*))?$/;

/**
 * Takes an address apart, as the AWS CLI does: `s3://bucket/key`, or
 * `s3://arn:.../key` with the ARN of an access point. A key is taken as it
 * stands: `%20` is not decoded, `?` and `#` are part of it.
 *
 * @example Usage
 * ```ts
 * import { parseS3Uri } from "@inia/aws/s3";
 *
 * const { Bucket, Key } = parseS3Uri("s3://photos/2026/cat.jpg");
 * console.log(Bucket, Key); // photos 2026/cat.jpg
 * ```
 *
 * @param uri The address.
 * @throws {ValidationError} If it is none.
 */
export function parseS3Uri(uri: string): ParsedS3Uri {
  return locationIn("parseS3Uri", "uri", uri);
}

/**
 * Takes the address of an object apart, where one stands for an input.
 *
 * @param verb What it was given to, for the error.
 * @param input The input, or the address.
 * @param path Where it stands, for the error.
 * @throws {ValidationError} If it is no address of an object.
 */
export function objectAt<Input extends object>(
  verb: string,
  input: Input | string,
  path = "input",
): Input | ParsedS3Uri {
  if (typeof input !== "string") return input;
  const location = locationIn(verb, path, input);
  if (location.Key !== "") return location;
  throw wrong(verb, path, "names no key: expected s3://bucket/key");
}

/**
 * Takes the address of a bucket apart, where one stands for an input.
 *
 * @param verb What it was given to, for the error.
 * @param input The input, or the address.
 * @throws {ValidationError} If it is no address of a bucket.
 */
export function bucketAt<Input extends object>(
  verb: string,
  input: Input | string,
): Input | Pick<ParsedS3Uri, "Bucket"> {
  if (typeof input !== "string") return input;
  const { Bucket, Key } = locationIn(verb, "input", input);
  if (Key === "") return { Bucket };
  throw wrong(verb, "input", "names a key: expected s3://bucket");
}

function locationIn(verb: string, path: string, uri: unknown): ParsedS3Uri {
  if (typeof uri !== "string" || !/^s3:\/\//i.test(uri)) {
    throw wrong(verb, path, "is no address: expected s3://bucket/key");
  }
  const rest = uri.slice("s3://".length);
  const isArn = rest.startsWith("arn:");
  const [, Bucket, Key = ""] =
    (isArn
      ? ACCESS_POINT.exec(rest) ?? OUTPOST.exec(rest)
      : BUCKET.exec(rest)) ??
      [];
  if (Bucket !== undefined) return { Bucket, Key };
  throw wrong(
    verb,
    path,
    !isArn
      ? "names no bucket: expected s3://bucket/key"
      : /^arn:[^:/]*:s3:::/.test(rest)
      ? "has the ARN of a bucket or an object: expected s3://bucket/key"
      : `has an ARN that stands for no bucket: ${ARN_FORM}`,
  );
}

function wrong(verb: string, path: string, problem: string): ValidationError {
  return new ValidationError(verb, [{ path, problem }]);
}
