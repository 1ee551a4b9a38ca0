/**
 * Ranges of bytes.
 *
 * Source: RFC 9110, section 14.
 *
 * @module
 */
import { S3Error } from "./s3_error.ts";

/** The first and the last byte. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position of the last byte. */
  readonly end: number;
}

/**
 * Reads the header field `range`.
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
