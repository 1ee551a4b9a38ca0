/**
 * The checksums that S3 takes for a body, and gives back with one.
 *
 * Cyclic redundancy checks are of the reflected kind, start from all ones and
 * end inverted. Eight bytes are taken at a time, each by a table that knows how
 * far it is from the end of the eight.
 *
 * Source: "A Systematic Approach to Building High Performance, Software-Based,
 * CRC Generators", Kounavis and Berry, 2005 (slicing by eight); polynomials as
 * in the "Catalogue of parametrised CRC algorithms", Cook.
 *
 * Long bodies get their CRC-32 from `node:zlib`, eight times as fast. It takes
 * tens of milliseconds to load on Deno, so short ones do without it.
 *
 * @module
 */
import { base64, fromBase64, hex } from "./bytes.ts";

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
 * Picks the checksum to verify a body by: the first in S3's order that can be
 * compared with its bytes. The checksum of an object in parts, marked by a dash
 * and their number, is one of checksums and says nothing about the bytes.
 *
 * @param headers Header fields of the response; lower-case names.
 * @returns The checksum, or `undefined` where none can be verified.
 */
export function checksumToVerify(
  headers: Readonly<Record<string, string>>,
): ExpectedChecksum | undefined {
  return firstChecksum(headers, (value) => !value.includes("-"));
}

/**
 * Picks the checksum of the checksums of an object's parts, in the same order.
 *
 * @param headers Header fields of the response; lower-case names.
 * @returns The checksum, with its dash and number; `undefined` where there is none.
 */
export function compositeChecksum(
  headers: Readonly<Record<string, string>>,
): ExpectedChecksum | undefined {
  return firstChecksum(headers, (value) => value.includes("-"));
}

function firstChecksum(
  headers: Readonly<Record<string, string>>,
  fits: (value: string) => boolean,
): ExpectedChecksum | undefined {
  for (const algorithm of ALGORITHMS) {
    const value = headers[checksumHeader(algorithm)];
    if (value && fits(value)) return { algorithm, value };
  }
  return undefined;
}

/** Eight tables of 256 entries, one behind the other; the last byte's first. */
const ENTRIES = 8 * 256;

/** CRC-32/ISO-HDLC, reversed. */
const CRC32_POLYNOMIAL = 0xedb88320;

/** CRC-32/ISCSI, reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

/** CRC-64/NVME, reversed, in two halves. */
const CRC64_HIGH = 0x9a6c9329;
/** The lower half. */
const CRC64_LOW = 0xac4bc9b5;

/** A check value that grows. */
export interface Crc {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The value of the bytes so far, big-endian. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** Starts a CRC-32, the one of zip and Ethernet. */
export function crc32(): Crc {
  return new Crc32(crc32Table(), nativeCrc32);
}

/** Starts a CRC-32C, also named Castagnoli. */
export function crc32c(): Crc {
  return new Crc32(crc32cTable());
}

/** Starts a CRC-64/NVME. */
export function crc64Nvme(): Crc {
  return new Crc64(crc64Table());
}

/** From so many bytes on, the platform's function is worth its loading. */
const NATIVE_FROM = 256 * 1_024;

/** The value of more bytes, from the value before them. */
type NativeCrc32 = (bytes: Uint8Array, value: number) => number;

/** `crc32` of `node:zlib`: Deno, Bun, Node since 20.15 and 22.2. */
const nativeCrc32 = once((): NativeCrc32 | undefined => {
  const { process }: {
    readonly process?: {
      readonly getBuiltinModule?: (
        name: string,
      ) => { readonly crc32?: NativeCrc32 } | undefined;
    };
  } = globalThis;
  return process?.getBuiltinModule?.("node:zlib")?.crc32;
});

const crc32Table = once(() => table32(CRC32_POLYNOMIAL));
const crc32cTable = once(() => table32(CRC32C_POLYNOMIAL));
const crc64Table = once(table64);

class Crc32 implements Crc {
  readonly #table: Int32Array;
  readonly #native: (() => NativeCrc32 | undefined) | undefined;
  #length = 0;
  #crc = -1;

  constructor(table: Int32Array, native?: () => NativeCrc32 | undefined) {
    this.#table = table;
    this.#native = native;
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    const native = this.#length < NATIVE_FROM ? undefined : this.#native?.();
    if (native !== undefined) {
      this.#crc = ~native(bytes, ~this.#crc >>> 0);
      return;
    }
    const table = this.#table;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - bytes.length % 8;
    let crc = this.#crc;
    for (let i = 0; i < end; i += 8) {
      const a = view.getInt32(i, true) ^ crc;
      const b = view.getInt32(i + 4, true);
      crc = eight(table, a, b);
    }
    for (let i = end; i < bytes.length; i++) {
      crc = crc >>> 8 ^ at(table, (crc ^ view.getUint8(i)) & 0xff);
    }
    this.#crc = crc;
  }

  digest(): Uint8Array<ArrayBuffer> {
    return bigEndian(~this.#crc);
  }
}

/** A table of 64-bit entries: no number holds 64 bits, so each is halved. */
interface HalvedTable {
  readonly high: Int32Array;
  readonly low: Int32Array;
}

class Crc64 implements Crc {
  readonly #table: HalvedTable;
  #high = -1;
  #low = -1;

  constructor(table: HalvedTable) {
    this.#table = table;
  }

  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - bytes.length % 8;
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < end; i += 8) {
      const a = view.getInt32(i, true) ^ low;
      const b = view.getInt32(i + 4, true) ^ high;
      high = eight(this.#table.high, a, b);
      low = eight(this.#table.low, a, b);
    }
    for (let i = end; i < bytes.length; i++) {
      const entry = (low ^ view.getUint8(i)) & 0xff;
      low = (low >>> 8 | high << 24) ^ at(this.#table.low, entry);
      high = high >>> 8 ^ at(this.#table.high, entry);
    }
    this.#high = high;
    this.#low = low;
  }

  digest(): Uint8Array<ArrayBuffer> {
    return bigEndian(~this.#high, ~this.#low);
  }
}

/** What eight bytes, in two words, come to. */
function eight(table: Int32Array, a: number, b: number): number {
  return at(table, 0x700 | a & 0xff) ^
    at(table, 0x600 | a >>> 8 & 0xff) ^
    at(table, 0x500 | a >>> 16 & 0xff) ^
    at(table, 0x400 | a >>> 24) ^
    at(table, 0x300 | b & 0xff) ^
    at(table, 0x200 | b >>> 8 & 0xff) ^
    at(table, 0x100 | b >>> 16 & 0xff) ^
    at(table, b >>> 24);
}

function table32(polynomial: number): Int32Array {
  const table = new Int32Array(ENTRIES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >>> 1 ^ polynomial : crc >>> 1;
    }
    table[byte] = crc;
  }
  for (let i = 256; i < ENTRIES; i++) {
    const previous = at(table, i - 256);
    table[i] = previous >>> 8 ^ at(table, previous & 0xff);
  }
  return table;
}

function table64(): HalvedTable {
  const high = new Int32Array(ENTRIES);
  const low = new Int32Array(ENTRIES);
  for (let byte = 0; byte < 256; byte++) {
    let upper = 0;
    let lower = byte;
    for (let bit = 0; bit < 8; bit++) {
      const odd = lower & 1;
      lower = lower >>> 1 | upper << 31;
      upper = upper >>> 1;
      if (odd) {
        upper ^= CRC64_HIGH;
        lower ^= CRC64_LOW;
      }
    }
    high[byte] = upper;
    low[byte] = lower;
  }
  for (let i = 256; i < ENTRIES; i++) {
    const upper = at(high, i - 256);
    const lower = at(low, i - 256);
    high[i] = upper >>> 8 ^ at(high, lower & 0xff);
    low[i] = (lower >>> 8 | upper << 24) ^ at(low, lower & 0xff);
  }
  return { high, low };
}

/** The entry of a table; the type knows nothing of its bounds. */
function at(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

function bigEndian(...words: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(4 * i, word));
  return bytes;
}

/** Makes a value when it is first asked for. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The checksums of S3 that can be had of their parts. */
export type CombinableChecksum = "CRC32" | "CRC32C" | "CRC64NVME";

/** A part, as far as it matters for the whole. */
interface CheckedPart {
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
 * A part adds to what precedes it as if that were followed by as many zero bytes
 * as the part has: a multiplication by a power of x, modulo the polynomial.
 * Numbers are reflected: the highest bit is the coefficient of x to the 0.
 *
 * Source: "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Gopal and others, 2009, section on the modulus of powers of x;
 * polynomials as in the "Catalogue of parametrised CRC algorithms", Cook.
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

/**
 * MD5 of bytes. For the protocols that ask for it, never for security. The
 * package is loaded on first use: it brings a WebAssembly module of 180 kB.
 */
export async function md5(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { crypto } = await import("@std/crypto");
  return new Uint8Array(await crypto.subtle.digest("MD5", bytes));
}
