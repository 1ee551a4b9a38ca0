/**
 * The checksums that a request carries, compared with its body.
 *
 * @module
 */
import { base64, hex } from "../../foundation/bytes.ts";
import {
  checksum,
  isChecksumAlgorithm,
  md5,
} from "../../foundation/checksums.ts";
import type { HeaderMap } from "../../ports/http.ts";
import { S3Error } from "./s3_error.ts";

/** Checksums in base64, by the name of their header field. */
export type Checksums = HeaderMap;

/** How the header fields begin. */
const PREFIX = "x-amz-checksum-";

/** Header fields that begin like a checksum and are none. */
const OTHERS = [
  "x-amz-checksum-algorithm",
  "x-amz-checksum-mode",
  "x-amz-checksum-type",
];

/**
 * Compares all checksums of a request with its body.
 *
 * @param headers The header fields, and those of the trailer.
 * @param bytes The body, decoded.
 * @returns The checksums that S3 keeps with an object: all but Content-MD5.
 * @throws {S3Error} If one is not well formed, unknown, or that of another body.
 */
export async function checkChecksums(
  headers: HeaderMap,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Checksums> {
  const given = headers["content-md5"];
  if (given !== undefined) {
    compare("Content-MD5", given, base64(await md5(bytes)));
  }
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(PREFIX) || OTHERS.includes(name)) continue;
    const algorithm = name.slice(PREFIX.length).toUpperCase();
    if (!isChecksumAlgorithm(algorithm)) {
      throw new S3Error("NotImplemented", { Header: name });
    }
    compare(name, value, await checksum(algorithm, bytes));
    kept[name] = value;
  }
  return kept;
}

/** The ETag of an object that was sent whole: its MD5, in quotes. */
export async function etagOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `"${hex(await md5(bytes))}"`;
}

function compare(name: string, given: string, real: string): void {
  if (given === real) return;
  const wellFormed = given.length === real.length && /^[\w+/]+=*$/.test(given);
  throw new S3Error(wellFormed ? "BadDigest" : "InvalidDigest", {
    Header: name,
  });
}
