/**
 * Conditions of reads, writes and copies, and ranges of bytes.
 *
 * @module
 */
import { parseTimestamp } from "../../foundation/timestamps.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { notImplemented, S3Error } from "./s3_error.ts";
import type { Version } from "./store.ts";

/** The first and the last byte. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position of the last byte. */
  readonly end: number;
}

/**
 * Reads the header field `range` (RFC 9110, section 14).
 *
 * @returns The range, or `undefined` where all bytes are meant: without the
 * field, and with one that is not understood, several ranges included.
 * @throws {S3Error} InvalidRange, if no byte lies in it.
 */
export function readRange(
  value: string | undefined,
  size: number,
): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(value ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") {
    return undefined;
  }
  if (first !== "" && last !== "" && Number(last) < Number(first)) {
    return undefined;
  }
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === ""
    ? size - 1
    : Math.min(Number(last), size - 1);
  if (start >= size || end < start) {
    throw new S3Error("InvalidRange", {
      RangeRequested: value ?? "",
      ActualObjectSize: size,
    });
  }
  return { start, end };
}

/** What a condition looks at. */
type Validators = Pick<Version, "etag" | "modified">;

/**
 * Weighs the conditions of a read (RFC 9110, section 13).
 *
 * @param prefix What stands before the names, as in `x-amz-copy-source-if-match`.
 * @throws {S3Error} PreconditionFailed, if the object is not the one asked for.
 */
export function readVerdict(
  headers: HeaderMap,
  { etag, modified }: Validators,
  prefix = "",
): "go" | "not-modified" {
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
 * Weighs the conditions of a write ("Conditional requests", Amazon S3 User
 * Guide).
 *
 * @param present What the key holds now, if anything.
 * @throws {S3Error} If the key does not hold what the request wants.
 */
export function checkWrite(
  headers: HeaderMap,
  present: Validators | undefined,
): void {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined && noneMatch !== "*") {
    throw notImplemented({ Header: "If-None-Match" });
  }
  if (noneMatch === "*" && present !== undefined) throw failed("If-None-Match");
  const match = headers["if-match"];
  if (match === undefined) return;
  if (present === undefined) throw new S3Error("NoSuchKey");
  if (!includes(match, present.etag)) throw failed("If-Match");
}

/** The error of a condition that does not hold. */
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
