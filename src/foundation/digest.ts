/**
 * SHA-256 and HMAC-SHA-256.
 *
 * Short messages are hashed here, synchronously: a signature hashes a few
 * hundred bytes four times, and each call of Web Crypto goes to another thread
 * and back. Long ones go to Web Crypto, which is faster for each byte, and those
 * of the length of a part to `node:crypto`, which does not copy them. See
 * `docs/decisions/0013-synchronous-digests.md`.
 *
 * Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1 and 6.2; RFC 2104.
 *
 * @module
 */
import { hex } from "./bytes.ts";

/** From this length on, Web Crypto hashes bytes in less time. */
const WEB_CRYPTO_FROM = 2_048;

/**
 * Lengths that `node:crypto` hashes: it has to be loaded, and it holds up all
 * else meanwhile.
 */
const NATIVE_FROM = 4 * 1_024 * 1_024;
const NATIVE_TO = 64 * 1_024 * 1_024;

/** Bytes of a block. */
const BLOCK = 64;

/** Bytes of a hash. */
const SIZE = 32;

const ENCODER = new TextEncoder();

const PRIMES = firstPrimes(64);

/** The state before the first block, section 5.3.3. */
const SHA256_INITIAL = Int32Array.from(
  PRIMES.slice(0, 8),
  (prime) => fraction(Math.sqrt(prime)),
);

/** Section 4.2.2. */
const CONSTANTS = Int32Array.from(
  PRIMES,
  (prime) => fraction(Math.cbrt(prime)),
);

/** The first 32 bits behind the point. */
function fraction(root: number): number {
  return (root - Math.floor(root)) * 0x1_0000_0000 | 0;
}

function firstPrimes(count: number): readonly number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/** SHA-256 of a text in UTF-8, in hexadecimal. */
export function sha256Hex(text: string): string {
  absorbText(SHA256_INITIAL, text, 0);
  return stateHex();
}

/**
 * SHA-256 of bytes, in hexadecimal: at once where they are few, else by Web
 * Crypto.
 */
export function sha256HexOf(
  bytes: Uint8Array<ArrayBuffer>,
): string | Promise<string> {
  if (bytes.length >= WEB_CRYPTO_FROM) return sha256(bytes).then(hex);
  absorb(bytes);
  return stateHex();
}

/** SHA-256 of bytes by the platform. */
export async function sha256(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { length } = bytes;
  if (length >= NATIVE_FROM && length <= NATIVE_TO) {
    const hash = createHash()?.("sha256");
    hash?.update(bytes);
    if (hash !== undefined) return new Uint8Array(hash.digest());
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** `createHash` of `node:crypto`, as far as it is used. */
export type CreateHash = (name: string) => {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
};

/** `createHash` of `node:crypto`: Deno, Node, Bun; absent elsewhere. */
export function createHash(): CreateHash | undefined {
  const { process }: {
    readonly process?: {
      readonly getBuiltinModule?: (
        name: string,
      ) => { readonly createHash?: CreateHash } | undefined;
    };
  } = globalThis;
  return process?.getBuiltinModule?.("node:crypto")?.createHash;
}

/**
 * A key of HMAC-SHA-256. Both of its pads are hashed once, so that a text costs
 * two blocks less.
 */
export class HmacKey {
  readonly #inner = Int32Array.from(SHA256_INITIAL);
  readonly #outer = Int32Array.from(SHA256_INITIAL);

  /** @param key The key, of any length. */
  constructor(key: Uint8Array) {
    const pad = new Uint8Array(BLOCK);
    if (key.length > BLOCK) {
      absorb(key);
      storeState();
      pad.set(HASH);
    } else {
      pad.set(key);
    }
    const view = new DataView(pad.buffer);
    for (let i = 0; i < BLOCK; i++) pad[i] = (pad[i] ?? 0) ^ 0x36;
    compressSha256(this.#inner, view, 0);
    for (let i = 0; i < BLOCK; i++) pad[i] = (pad[i] ?? 0) ^ 0x36 ^ 0x5c;
    compressSha256(this.#outer, view, 0);
  }

  /** The HMAC of a text. */
  sign(text: string): Uint8Array<ArrayBuffer> {
    this.signHex(text);
    return HASH.slice();
  }

  /** The HMAC of a text, in hexadecimal. */
  signHex(text: string): string {
    absorbText(this.#inner, text, BLOCK);
    storeState();
    STATE.set(this.#outer);
    compressSha256(STATE, LAST, 0);
    return stateHex();
  }
}

/** Scratch, filled and read without an `await` between. */
const STATE = new Int32Array(8);
const SCHEDULE = new Int32Array(BLOCK);

/** The end of a message with its padding; grows to the longest text seen. */
let block = new Uint8Array(4_096);
let words = new DataView(block.buffer);

/** A hash, and the padding behind it where it follows the outer pad of a key. */
const LAST = new DataView(new ArrayBuffer(BLOCK));
const HASH = new Uint8Array(LAST.buffer, 0, SIZE);
/** The hash, as Deno writes it; Node 22 and 24 have no such method. */
const WRITABLE: { readonly toHex?: () => string } = HASH;
LAST.setUint8(SIZE, 0x80);
LAST.setUint32(BLOCK - 4, 8 * (BLOCK + SIZE));

/**
 * Takes one block into the state, section 6.2.2.
 *
 * @param state Eight words.
 * @param block What the block is read from, at `offset`.
 */
function compressSha256(
  state: Int32Array,
  block: DataView,
  offset: number,
): void {
  const w = SCHEDULE;
  for (let t = 0; t < 16; t++) w[t] = block.getInt32(offset + 4 * t);
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] ?? 0;
    const y = w[t - 2] ?? 0;
    w[t] = (w[t - 16] ?? 0) + (w[t - 7] ?? 0) +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let t = 0; t < 64; t++) {
    const first = h +
        ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        (g ^ e & (f ^ g)) + (CONSTANTS[t] ?? 0) + (w[t] ?? 0) | 0;
    const second =
      ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) +
        (a & b | c & (a | b)) | 0;
    h = g;
    g = f;
    f = e;
    e = d + first | 0;
    d = c;
    c = b;
    b = a;
    a = first + second | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}

/**
 * Hashes a text into {@linkcode STATE}.
 *
 * @param initial The state that it begins with.
 * @param text The text.
 * @param before How many bytes that state stands for.
 */
function absorbText(initial: Int32Array, text: string, before: number): void {
  STATE.set(initial);
  const most = 3 * text.length + 2 * BLOCK;
  if (most > block.length) {
    block = new Uint8Array(2 * most);
    words = new DataView(block.buffer);
  }
  const length = ENCODER.encodeInto(text, block).written;
  finish(length, before + length);
}

/** Hashes bytes into {@linkcode STATE}; whole blocks are read where they lie. */
function absorb(bytes: Uint8Array): void {
  STATE.set(SHA256_INITIAL);
  const { buffer, byteOffset, length } = bytes;
  const view = new DataView(buffer, byteOffset, length);
  const whole = length - length % BLOCK;
  for (let offset = 0; offset < whole; offset += BLOCK) {
    compressSha256(STATE, view, offset);
  }
  if (whole < length) block.set(bytes.subarray(whole));
  finish(length - whole, length);
}

/**
 * Pads a message's last bytes and takes them into {@linkcode STATE}.
 *
 * @param held How many of them stand in {@linkcode block}.
 * @param length Bytes of the whole message.
 */
function finish(held: number, length: number): void {
  const end = (held + 8 & ~(BLOCK - 1)) + BLOCK;
  block.fill(0, held, end);
  block[held] = 0x80;
  words.setUint32(end - 8, Math.floor(length / 0x2000_0000));
  words.setInt32(end - 4, length << 3);
  for (let offset = 0; offset < end; offset += BLOCK) {
    compressSha256(STATE, words, offset);
  }
}

/** Writes {@linkcode STATE} to {@linkcode HASH}, the highest byte first. */
function storeState(): void {
  for (let i = 0; i < STATE.length; i++) LAST.setInt32(4 * i, STATE[i] ?? 0);
}

/** {@linkcode STATE} in hexadecimal. */
function stateHex(): string {
  storeState();
  return WRITABLE.toHex?.() ?? hex(HASH);
}
