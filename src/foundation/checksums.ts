/**
 * The checksums that S3 takes for a body, and gives back with one.
 *
 * @module
 */
import { base64 } from "./bytes.ts";
import { type Crc, crc32, crc32c, crc64Nvme } from "./crc.ts";

/** Name of a checksum, as parameters of S3 spell it. */
export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "SHA1"
  | "SHA256";

/** A checksum that grows with the bytes it is given. */
export interface Checksum {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The checksum of all bytes. Nothing can be added after it. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** A checksum that came with a body. */
export interface ExpectedChecksum {
  /** How to compute it. */
  readonly algorithm: ChecksumAlgorithm;
  /** What it should be, in base64. */
  readonly value: string;
}

const CRCS = { CRC32: crc32, CRC32C: crc32c, CRC64NVME: crc64Nvme } as const;

/** Bytes of a checksum. The order is the one in which S3's SDKs verify. */
const SIZES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC64NVME: 8,
  CRC32C: 4,
  CRC32: 4,
  SHA1: 20,
  SHA256: 32,
};

const ALGORITHMS = Object.keys(SIZES).filter(isChecksumAlgorithm);

/** Whether a checksum of this name can be computed. */
export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(SIZES, name);
}

/** Header in which a checksum travels, for example `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Length of a checksum in base64. */
export function checksumLength(algorithm: ChecksumAlgorithm): number {
  return 4 * Math.ceil(SIZES[algorithm] / 3);
}

/** Computes the checksum of bytes, in base64. */
export async function checksum(
  algorithm: ChecksumAlgorithm,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  if (algorithm === "SHA1" || algorithm === "SHA256") {
    const name = algorithm === "SHA1" ? "SHA-1" : "SHA-256";
    return base64(new Uint8Array(await crypto.subtle.digest(name, bytes)));
  }
  const crc: Crc = CRCS[algorithm]();
  crc.update(bytes);
  return base64(crc.digest());
}

/** Starts a checksum of bytes that come piece by piece. */
export async function startChecksum(
  algorithm: ChecksumAlgorithm,
): Promise<Checksum> {
  if (algorithm === "SHA1" || algorithm === "SHA256") {
    // Few need it, and it is not small.
    const { ShaStream } = await import("./sha_stream.ts");
    return algorithm === "SHA1" ? ShaStream.sha1() : ShaStream.sha256();
  }
  return CRCS[algorithm]();
}

/**
 * Picks the checksum to verify a body by: the first in S3's order of those that
 * we can compute. The checksum of an object in parts, marked by a dash and their
 * number, is one of checksums and says nothing about the bytes.
 *
 * @param headers Header fields of the response; lower-case names.
 * @returns The checksum, or `undefined` where none can be verified.
 */
export function checksumToVerify(
  headers: Readonly<Record<string, string>>,
): ExpectedChecksum | undefined {
  for (const algorithm of ALGORITHMS) {
    const value = headers[checksumHeader(algorithm)];
    if (value !== undefined && !value.includes("-")) {
      return { algorithm, value };
    }
  }
  return undefined;
}
