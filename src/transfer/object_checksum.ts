/**
 * The checksums of an object that is transferred in parts.
 *
 * Source: "Checking object integrity for data uploads in Amazon S3", User Guide,
 * section on full object and composite checksum types.
 *
 * @module
 */
import { base64, concat, fromBase64 } from "../foundation/bytes.ts";
import {
  type Checksum,
  checksum,
  type ChecksumAlgorithm as KnownAlgorithm,
  type CombinableChecksum,
  combineCrcs,
  type ExpectedChecksum,
  isChecksumAlgorithm,
  isCombinable,
  startChecksum,
} from "../foundation/checksums.ts";
import {
  ChecksumError,
  ValidationError,
  withMessage,
} from "../foundation/errors.ts";
import type { ClientCore } from "../ports/caller.ts";
import type {
  ChecksumAlgorithm,
  ChecksumType,
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
  /** Its checksum as it was read here. Absent: nobody asked for it. */
  readonly read?: string;
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
 * What the checksum of an upload in parts may be of, by its algorithm; the first
 * is what it is unless the caller says. A CRC of the whole follows from those of
 * the parts, a hash does not; S3 keeps CRC-64/NVME of the whole only.
 */
export const CHECKSUM_TYPES: Readonly<
  Record<KnownAlgorithm, readonly ChecksumType[]>
> = {
  CRC32: ["FULL_OBJECT", "COMPOSITE"],
  CRC32C: ["FULL_OBJECT", "COMPOSITE"],
  CRC64NVME: ["FULL_OBJECT"],
  MD5: ["COMPOSITE"],
  SHA1: ["COMPOSITE"],
  SHA256: ["COMPOSITE"],
  SHA512: ["COMPOSITE"],
  XXHASH128: ["COMPOSITE"],
  XXHASH3: ["COMPOSITE"],
  XXHASH64: ["COMPOSITE"],
};

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
 * Refuses what is no type of a checksum.
 *
 * @param type What the caller says.
 * @throws {ValidationError} If S3 has no such type.
 */
export function checkChecksumType(type: unknown): void {
  if (type === undefined || type === "COMPOSITE" || type === "FULL_OBJECT") {
    return;
  }
  throw new ValidationError("upload", [{
    path: "ChecksumType",
    problem: `must be "COMPOSITE" or "FULL_OBJECT": current value is ${
      typeof type === "string" ? `"${type}"` : `a ${typeof type}`
    }`,
  }]);
}

/** How an upload in parts is checked. */
export interface ChecksumPlan {
  /** How its parts are checked. Absent: not at all. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What its checksum is of. */
  readonly checksumType: ChecksumType | undefined;
  /** The type that is sent. Absent: none, as it is S3's default. */
  readonly sentType?: ChecksumType | undefined;
}

/**
 * Chooses how an upload in parts is checked.
 *
 * @param input What was asked.
 * @param core What the client is built on.
 * @param asked What the checksum is to be of, where the caller says it.
 * @throws {ValidationError} If S3 has no such checksum of an upload in parts.
 */
export async function checksumPlan(
  input: Partial<PutObjectInput>,
  core: ClientCore,
  asked?: ChecksumType,
): Promise<ChecksumPlan> {
  const algorithm = await checksumOf(input, core) ??
    (asked && "CRC32");
  if (algorithm === undefined) return { algorithm, checksumType: undefined };
  const types: readonly ChecksumType[] = isChecksumAlgorithm(algorithm)
    ? CHECKSUM_TYPES[algorithm]
    : ["COMPOSITE"];
  if (asked !== undefined && !types.includes(asked)) {
    throw typeMismatch(algorithm, asked);
  }
  const checksumType = asked ?? types[0];
  const sentType = asked ??
    (checksumType === "FULL_OBJECT" ? checksumType : undefined);
  return { algorithm, checksumType, sentType };
}

function typeMismatch(
  algorithm: ChecksumAlgorithm,
  asked: ChecksumType,
): ValidationError {
  const others = Object.entries(CHECKSUM_TYPES)
    .flatMap(([name, types]) => types.includes(asked) ? [name] : []);
  return new ValidationError("upload", [{
    path: "ChecksumType",
    problem:
      `is ${asked}, which S3 does not have with ${algorithm} for an object in parts: leave it out, or take one of ${
        others.join(", ")
      } as ChecksumAlgorithm`,
  }]);
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
  return statedChecksum(input) ??
    (await core.checksums?.() ? "CRC32" : undefined);
}

/**
 * How parts and the whole are checked, where the caller says it.
 *
 * @param input What was asked.
 */
export function statedChecksum(
  input: Partial<PutObjectInput>,
): ChecksumAlgorithm | undefined {
  return COMBINABLE.find((name) => input[`Checksum${name}`] !== undefined) ??
    input.ChecksumAlgorithm;
}

/** An upload in parts, as far as its checksum matters. */
interface CheckedUpload extends ChecksumPlan {
  /** The object; it may state its checksum. */
  readonly object: Partial<PutObjectInput>;
}

/**
 * Computes what S3 is told about the whole object.
 *
 * @param upload The upload.
 * @param parts Its parts in order.
 * @returns Members that complete the upload; none where there is no such checksum.
 * @throws {ChecksumError} If it is not the one that the caller states.
 */
export function wholeChecksum(
  { object, algorithm, checksumType, sentType }: CheckedUpload,
  parts: readonly SentPart[],
): Partial<CompleteMultipartUploadInput> {
  const told = sentType === "COMPOSITE" ? { ChecksumType: sentType } : {};
  if (algorithm === undefined || !isCombinable(algorithm)) return told;
  const member = `Checksum${algorithm}` as const;
  const stated = object[member];
  const actual = combined(algorithm, parts);
  if (stated !== undefined && actual !== undefined && stated !== actual) {
    throw otherThanStated(object, new ChecksumError(algorithm, stated, actual));
  }
  const value = stated ?? actual;
  return value === undefined || checksumType !== "FULL_OBJECT"
    ? told
    : { [member]: value, ChecksumType: "FULL_OBJECT" };
}

/**
 * The checksum of the checksums of the parts, as S3 tells it of the object.
 *
 * @param algorithm How the parts are checked.
 * @param parts The parts in order.
 * @returns The value with the number of parts; `undefined` where the checksum of
 * a part is not known.
 */
export async function compositeChecksum(
  algorithm: KnownAlgorithm,
  parts: readonly SentPart[],
): Promise<string | undefined> {
  const values = parts.flatMap(({ receipt, read }) =>
    read ?? receipt[`Checksum${algorithm}`] ?? []
  );
  if (values.length < parts.length) return undefined;
  const sums = concat(values.map(fromBase64));
  return `${await checksum(algorithm, sums)}-${parts.length}`;
}

/**
 * The checksum of a part as it was read, where the caller states that of the
 * whole: not every store tells those of the parts.
 *
 * @param upload The upload.
 * @param bytes The part.
 */
export async function readChecksum(
  { object, algorithm }: CheckedUpload,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string | undefined> {
  if (algorithm === undefined || !isCombinable(algorithm)) return undefined;
  return object[`Checksum${algorithm}`] === undefined
    ? undefined
    : await checksum(algorithm, bytes);
}

/**
 * Tells that a body is not the one that its stated checksum is of.
 *
 * @param object The object that states it.
 * @param error The checksums.
 */
export function otherThanStated(
  object: Partial<PutObjectInput>,
  error: ChecksumError,
): ChecksumError {
  const { algorithm, expected, actual } = error;
  withMessage(
    error,
    `Cannot upload "${object.Key}" of bucket "${object.Bucket}": the ${algorithm} of Body is "${actual}", Checksum${algorithm} says "${expected}"`,
  );
  return error;
}

/** Absent where the checksum of a part is not known. */
function combined(
  algorithm: CombinableChecksum,
  parts: readonly SentPart[],
): string | undefined {
  const checked = parts.flatMap(({ receipt, length, read }) => {
    const value = read ?? receipt[`Checksum${algorithm}`];
    return value === undefined ? [] : [{ value, length }];
  });
  return checked.length < parts.length
    ? undefined
    : combineCrcs(algorithm, checked);
}

/** Checksums of the whole that can be compared with the bytes of one request. */
const STATED = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
  "MD5",
] as const satisfies readonly KnownAlgorithm[];

/**
 * The checksum that the caller states of a body.
 *
 * @param input The upload.
 */
export function statedOf(
  input: Partial<PutObjectInput>,
): ExpectedChecksum | undefined {
  for (const algorithm of STATED) {
    const value = input[`Checksum${algorithm}`];
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}

/** Compares bytes, as they come, with a checksum. */
export class Verifier {
  readonly #expected: ExpectedChecksum | undefined;
  readonly #checksum: Checksum | undefined;

  private constructor(
    expected: ExpectedChecksum | undefined,
    checksum: Checksum | undefined,
  ) {
    this.#expected = expected;
    this.#checksum = checksum;
  }

  /**
   * Starts.
   *
   * @param expected What is expected. Absent: all bytes are right.
   */
  static async start(
    expected: ExpectedChecksum | undefined,
  ): Promise<Verifier> {
    return new Verifier(
      expected,
      expected && await startChecksum(expected.algorithm),
    );
  }

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    this.#checksum?.update(bytes);
  }

  /**
   * Ends.
   *
   * @throws {ChecksumError} If the bytes were others.
   */
  finish(): void {
    if (this.#expected === undefined || this.#checksum === undefined) return;
    const { algorithm, value } = this.#expected;
    const actual = base64(this.#checksum.digest());
    if (actual !== value) throw new ChecksumError(algorithm, value, actual);
  }
}

/**
 * The check values of ranges that come side by side: that of the whole follows
 * from them, so that the file need not be read again.
 */
export class CheckedRanges {
  readonly #expected: ExpectedChecksum | undefined;
  readonly #algorithm: CombinableChecksum | undefined;
  readonly #ranges = new Map<number, { value: string; length: number }>();

  /** @param expected That of the object; absent where not all of its ranges come. */
  constructor(expected: ExpectedChecksum | undefined) {
    if (expected === undefined || !isCombinable(expected.algorithm)) return;
    this.#expected = expected;
    this.#algorithm = expected.algorithm;
  }

  /** Hands on the bytes of a range, and notes their check value. */
  checking(
    range: { readonly start: number; readonly end: number },
    pieces: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    return this.#algorithm === undefined
      ? pieces
      : this.#checked(this.#algorithm, range, pieces);
  }

  async *#checked(
    algorithm: CombinableChecksum,
    { start, end }: { readonly start: number; readonly end: number },
    pieces: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, void> {
    const sum = await startChecksum(algorithm);
    for await (const piece of pieces) {
      sum.update(piece);
      yield piece;
    }
    const value = base64(sum.digest());
    this.#ranges.set(start, { value, length: end - start });
  }

  /**
   * Compares the whole with the checksum of the object.
   *
   * @returns `false` where it cannot be told from the ranges.
   * @throws {ChecksumError} If it is another.
   */
  verify(): boolean {
    const algorithm = this.#algorithm;
    if (this.#expected === undefined || algorithm === undefined) return false;
    const { value } = this.#expected;
    const inOrder = [...this.#ranges].sort(([one], [other]) => one - other);
    const actual = combineCrcs(
      algorithm,
      inOrder.map(([_start, part]) => part),
    );
    if (actual !== value) throw new ChecksumError(algorithm, value, actual);
    return true;
  }
}
