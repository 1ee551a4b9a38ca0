/**
 * Conditions of reads, writes and copies.
 *
 * Source: RFC 9110, section 13; for writes "Conditional requests", Amazon S3
 * User Guide.
 *
 * @module
 */
import { parseTimestamp } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { S3Error } from "./s3_error.ts";
import type { StoredObject } from "./store.ts";

/** What a condition looks at. */
type Facts = Pick<StoredObject, "etag" | "modified">;

/** What the conditions of a request come to. */
export type Verdict = "go" | "not-modified";

/**
 * Weighs the conditions of a read.
 *
 * @param headers The header fields.
 * @param object What is to be read.
 * @param prefix What stands before the names, as in `x-amz-copy-source-if-match`.
 * @throws {S3Error} PreconditionFailed, if the object is not the one asked for.
 */
export function readVerdict(
  headers: HeaderMap,
  { etag, modified }: Facts,
  prefix = "",
): Verdict {
  const field = (name: string): string | undefined => headers[prefix + name];
  const match = field("if-match");
  const noneMatch = field("if-none-match");
  const since = timeOf(field("if-modified-since"));
  const unmodifiedSince = timeOf(field("if-unmodified-since"));

  if (match !== undefined) {
    if (!includes(match, etag)) throw failed("If-Match");
  } else if (unmodifiedSince && modified > unmodifiedSince) {
    throw failed("If-Unmodified-Since");
  }
  if (noneMatch !== undefined) {
    return includes(noneMatch, etag) ? "not-modified" : "go";
  }
  return since && modified <= since ? "not-modified" : "go";
}

/**
 * Weighs the conditions of a write.
 *
 * @param headers The header fields.
 * @param present What the key holds now, if anything.
 * @throws {S3Error} If the key does not hold what the request wants.
 */
export function checkWrite(
  headers: HeaderMap,
  present: Facts | undefined,
): void {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined && noneMatch !== "*") {
    throw new S3Error("NotImplemented", { Header: "If-None-Match" });
  }
  if (noneMatch === "*" && present !== undefined) throw failed("If-None-Match");

  const match = headers["if-match"];
  if (match === undefined) return;
  if (present === undefined) throw new S3Error("NoSuchKey");
  if (!includes(match, present.etag)) throw failed("If-Match");
}

/** The condition that did not hold, in the form of a refusal. */
export function failed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { Condition: condition });
}

/** Whether a list of ETags, with or without quotes, names one. */
function includes(list: string, etag: string): boolean {
  return list.split(",").map((item) => item.trim())
    .some((item) => item === "*" || unquoted(item) === unquoted(etag));
}

/** An ETag without its quotes. */
export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, "$1");
}

function timeOf(value: string | undefined): Date | undefined {
  return value === undefined ? undefined : parseTimestamp(value);
}
