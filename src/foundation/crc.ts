/**
 * Cyclic redundancy checks that grow with the bytes they are given.
 *
 * All are of the reflected kind, start from all ones and end inverted. Eight
 * bytes are taken at a time, each by a table that knows how far it is from the
 * end of the eight.
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

/** Eight tables of 256 entries, one behind the other; the last byte's first. */
const ENTRIES = 8 * 256;

/** CRC-32/ISO-HDLC, reversed. */
export const CRC32_POLYNOMIAL = 0xedb88320;

/** CRC-32/ISCSI, reversed. */
export const CRC32C_POLYNOMIAL = 0x82f63b78;

/** CRC-64/NVME, reversed, in two halves. */
export const CRC64_HIGH = 0x9a6c9329;
/** The lower half. */
export const CRC64_LOW = 0xac4bc9b5;

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
