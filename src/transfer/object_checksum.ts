/**
 * The checksum of an object that is uploaded in parts.
 *
 * Source: "Checking object integrity in Amazon S3", User Guide: CRCs can stand
 * for the whole object, the others for the checksums of the parts only.
 *
 * @module
 */
import {
  type CombinableChecksum,
  combineCrcs,
  isCombinable,
} from "../foundation/crc_combine.ts";
import { ChecksumError, ValidationError } from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";
import type {
  ChecksumAlgorithm,
  CompletedPart,
  CompleteMultipartUploadInput,
  PutObjectInput,
} from "../services/s3/mod.ts";

/** A part that S3 has. */
export interface SentPart {
  /** What S3 is told of it at the end. */
  readonly receipt: CompletedPart;
  /** Its length, in bytes. */
  readonly length: number;
}

/** Members with a checksum of the whole that only a single request can have. */
const WHOLE_ONLY = [
  "ChecksumMD5",
  "ChecksumSHA1",
  "ChecksumSHA256",
  "ChecksumSHA512",
  "ChecksumXXHASH128",
  "ChecksumXXHASH3",
  "ChecksumXXHASH64",
  "ContentMD5",
  "WriteOffsetBytes",
] as const satisfies readonly (keyof PutObjectInput)[];

/** Checksums of the whole that can be given for an upload in parts. */
const COMBINABLE = ["CRC64NVME", "CRC32C", "CRC32"] as const;

/**
 * Refuses what an upload in parts cannot carry.
 *
 * @param input The upload.
 * @throws {ValidationError} If there is some of it.
 */
export function checkForParts(input: Partial<PutObjectInput>): void {
  const problems = WHOLE_ONLY.filter((path) => input[path] !== undefined)
    .map((path) => ({
      path,
      problem:
        "cannot be given for an object that is uploaded in parts: leave it out, or raise threshold above the length of Body",
    }));
  if (problems.length > 0) throw new ValidationError("upload", problems);
}

/**
 * Chooses how parts and the whole are checked: as asked, else CRC-32 where the
 * service takes checksums.
 *
 * @param input What was asked.
 * @param core What the client is built on.
 */
export async function checksumOf(
  input: Partial<PutObjectInput>,
  core: ClientCore,
): Promise<ChecksumAlgorithm | undefined> {
  return COMBINABLE.find((name) => input[`Checksum${name}`] !== undefined) ??
    input.ChecksumAlgorithm ??
    (await core.checksums?.() ? "CRC32" : undefined);
}

/**
 * Computes what S3 is told about the whole object.
 *
 * @param algorithm How its parts were checked.
 * @param parts Its parts in order.
 * @param input The upload; it may state the checksum.
 * @returns Members that complete the upload; none where there is no such checksum.
 * @throws {ChecksumError} If it is not the one that the caller states.
 */
export function wholeChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  parts: readonly SentPart[],
  input: Partial<PutObjectInput>,
): Partial<CompleteMultipartUploadInput> {
  if (algorithm === undefined || !isCombinable(algorithm)) return {};
  const member = `Checksum${algorithm}` as const;
  const stated = input[member];
  const actual = combined(algorithm, parts);
  if (stated !== undefined && actual !== undefined && stated !== actual) {
    throw new ChecksumError(algorithm, stated, actual);
  }
  const value = stated ?? actual;
  return value === undefined
    ? {}
    : { [member]: value, ChecksumType: "FULL_OBJECT" };
}

/** Absent where a store gave no receipt for the checksum of a part. */
function combined(
  algorithm: CombinableChecksum,
  parts: readonly SentPart[],
): string | undefined {
  const checked = parts.flatMap(({ receipt, length }) => {
    const value = receipt[`Checksum${algorithm}`];
    return value === undefined ? [] : [{ value, length }];
  });
  return checked.length < parts.length
    ? undefined
    : combineCrcs(algorithm, checked);
}
