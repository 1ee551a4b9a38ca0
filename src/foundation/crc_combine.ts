/**
 * The check value of a whole, from those of its parts.
 *
 * A part adds to what precedes it as if that were followed by as many zero bytes
 * as the part has: a multiplication by a power of x, modulo the polynomial.
 * Numbers are reflected: the highest bit is the coefficient of x to the 0.
 *
 * Source: "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Gopal and others, 2009, section on the modulus of powers of x;
 * polynomials as in the "Catalogue of parametrised CRC algorithms", Cook.
 *
 * @module
 */
import { base64, fromBase64, hex } from "./bytes.ts";
import {
  CRC32_POLYNOMIAL,
  CRC32C_POLYNOMIAL,
  CRC64_HIGH,
  CRC64_LOW,
} from "./crc.ts";

/** The checksums of S3 that can be had of their parts. */
export type CombinableChecksum = "CRC32" | "CRC32C" | "CRC64NVME";

/** A part, as far as it matters for the whole. */
export interface CheckedPart {
  /** Its check value, in base64. */
  readonly value: string;
  /** Its length, in bytes. */
  readonly length: number;
}

interface Field {
  readonly bits: bigint;
  readonly polynomial: bigint;
}

const FIELDS: Readonly<Record<CombinableChecksum, Field>> = {
  CRC32: { bits: 32n, polynomial: BigInt(CRC32_POLYNOMIAL) },
  CRC32C: { bits: 32n, polynomial: BigInt(CRC32C_POLYNOMIAL) },
  CRC64NVME: {
    bits: 64n,
    polynomial: BigInt(CRC64_HIGH) << 32n | BigInt(CRC64_LOW),
  },
};

/** Whether the checksum of this name can be had of those of the parts. */
export function isCombinable(name: string): name is CombinableChecksum {
  return Object.hasOwn(FIELDS, name);
}

/**
 * Computes the check value of parts that follow each other.
 *
 * @param algorithm How the parts were checked.
 * @param parts The parts in order.
 * @returns The value of the whole, in base64.
 */
export function combineCrcs(
  algorithm: CombinableChecksum,
  parts: readonly CheckedPart[],
): string {
  const field = FIELDS[algorithm];
  // Nearly all parts are of one length.
  const shifts = new Map<number, bigint>();
  let whole = 0n;
  for (const { value, length } of parts) {
    const shift = shifts.get(length) ?? powerOfX(8n * BigInt(length), field);
    shifts.set(length, shift);
    whole = product(whole, shift, field) ^ numberOf(value);
  }
  return textOf(whole, field);
}

function powerOfX(exponent: bigint, field: Field): bigint {
  const one = 1n << (field.bits - 1n);
  let result = one;
  let square = one >> 1n;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = product(result, square, field);
    square = product(square, square, field);
  }
  return result;
}

function product(
  one: bigint,
  other: bigint,
  { bits, polynomial }: Field,
): bigint {
  let sum = 0n;
  let term = other;
  for (let bit = 1n << (bits - 1n); bit > 0n; bit >>= 1n) {
    if (one & bit) sum ^= term;
    term = term & 1n ? term >> 1n ^ polynomial : term >> 1n;
  }
  return sum;
}

function numberOf(value: string): bigint {
  return BigInt(`0x${hex(fromBase64(value))}`);
}

function textOf(value: bigint, { bits }: Field): string {
  const bytes = new Uint8Array(Number(bits / 8n));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return base64(bytes);
}
