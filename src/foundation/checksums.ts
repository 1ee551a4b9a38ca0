/**
 * The checksums that S3 takes for a body, and gives back with one.
 *
 * @module
 */
import { base64 } from "./bytes.ts";
import { crc32, crc32c, crc64Nvme } from "./crc.ts";
import { md5 } from "./md5.ts";

/** Name of a checksum, as parameters of S3 spell it. */
export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "MD5"
  | "SHA1"
  | "SHA256"
  | "SHA512"
  | "XXHASH3"
  | "XXHASH64"
  | "XXHASH128";

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

/** What Web Crypto calls those that it has. */
const WEB_CRYPTO = { SHA1: "SHA-1", SHA256: "SHA-256", SHA512: "SHA-512" };

/**
 * Bytes of a checksum. The order is the one in which bodies are verified: that
 * of S3's SDKs, and MD5, which they do not verify, behind the others.
 */
const SIZES: Readonly<Record<ChecksumAlgorithm, number>> = {
  XXHASH128: 16,
  XXHASH3: 8,
  CRC64NVME: 8,
  XXHASH64: 8,
  CRC32C: 4,
  CRC32: 4,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
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
  if (Object.hasOwn(WEB_CRYPTO, algorithm)) {
    const name = WEB_CRYPTO[algorithm as keyof typeof WEB_CRYPTO];
    return base64(new Uint8Array(await crypto.subtle.digest(name, bytes)));
  }
  if (algorithm === "MD5") return base64(await md5(bytes));
  const growing = await startChecksum(algorithm);
  growing.update(bytes);
  return base64(growing.digest());
}

/** Starts a checksum of bytes that come piece by piece. */
export async function startChecksum(
  algorithm: ChecksumAlgorithm,
): Promise<Checksum> {
  if (
    algorithm === "CRC32" || algorithm === "CRC32C" || algorithm === "CRC64NVME"
  ) {
    return CRCS[algorithm]();
  }
  // Few need it, and it is not small.
  const { growingHash } = await import("./growing_hashes.ts");
  return growingHash(algorithm);
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
