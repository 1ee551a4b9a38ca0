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
  STATE.set(SHA256_INITIAL);
  const length = load(text);
  finish(length, length);
  return hexOf(STATE);
}

/**
 * SHA-256 of bytes, in hexadecimal: at once where they are few, else by Web
 * Crypto.
 */
export function sha256HexOf(
  bytes: Uint8Array<ArrayBuffer>,
): string | Promise<string> {
  if (bytes.length >= WEB_CRYPTO_FROM) return sha256(bytes).then(hex);
  absorb(SHA256_INITIAL, bytes);
  return hexOf(STATE);
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
      absorb(SHA256_INITIAL, key);
      store(STATE, pad);
    } else {
      pad.set(key);
    }
    for (let i = 0; i < BLOCK; i++) pad[i] = at(pad, i) ^ 0x36;
    compressSha256(this.#inner, pad, 0);
    for (let i = 0; i < BLOCK; i++) pad[i] = at(pad, i) ^ 0x36 ^ 0x5c;
    compressSha256(this.#outer, pad, 0);
  }

  /** The HMAC of a text. */
  sign(text: string): Uint8Array<ArrayBuffer> {
    this.#run(text);
    const hash = new Uint8Array(SIZE);
    store(STATE, hash);
    return hash;
  }

  /** The HMAC of a text, in hexadecimal. */
  signHex(text: string): string {
    this.#run(text);
    return hexOf(STATE);
  }

  #run(text: string): void {
    STATE.set(this.#inner);
    const length = load(text);
    finish(length, BLOCK + length);
    store(STATE, block);
    STATE.set(this.#outer);
    finish(SIZE, BLOCK + SIZE);
  }
}

/** Scratch, filled and read without an `await` between. */
const STATE = new Int32Array(8);
const SCHEDULE = new Int32Array(BLOCK);

/** The end of a message with its padding; grows to the longest text seen. */
let block = new Uint8Array(4_096);

/**
 * Takes one block into the state, section 6.2.2.
 *
 * @param state Eight words.
 * @param bytes What the block is read from, at `offset`.
 */
function compressSha256(
  state: Int32Array,
  bytes: Uint8Array,
  offset: number,
): void {
  const w = SCHEDULE;
  for (let t = 0; t < 16; t++, offset += 4) {
    w[t] = at(bytes, offset) << 24 | at(bytes, offset + 1) << 16 |
      at(bytes, offset + 2) << 8 | at(bytes, offset + 3);
  }
  for (let t = 16; t < 64; t++) {
    const x = at(w, t - 15);
    const y = at(w, t - 2);
    w[t] = at(w, t - 16) + at(w, t - 7) +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
  }
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  for (let t = 0; t < 64; t++) {
    const first = h +
        ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        (g ^ e & (f ^ g)) + at(CONSTANTS, t) + at(w, t) | 0;
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
  state[0] = at(state, 0) + a;
  state[1] = at(state, 1) + b;
  state[2] = at(state, 2) + c;
  state[3] = at(state, 3) + d;
  state[4] = at(state, 4) + e;
  state[5] = at(state, 5) + f;
  state[6] = at(state, 6) + g;
  state[7] = at(state, 7) + h;
}

/** Hashes bytes into {@linkcode STATE}; whole blocks are read where they lie. */
function absorb(initial: Int32Array, bytes: Uint8Array): void {
  STATE.set(initial);
  const whole = bytes.length - bytes.length % BLOCK;
  for (let offset = 0; offset < whole; offset += BLOCK) {
    compressSha256(STATE, bytes, offset);
  }
  block.set(bytes.subarray(whole));
  finish(bytes.length - whole, bytes.length);
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
  const high = Math.floor(length / 0x2000_0000);
  const low = length << 3;
  for (let i = 0; i < 4; i++) {
    block[end - 8 + i] = high >>> 24 - 8 * i;
    block[end - 4 + i] = low >>> 24 - 8 * i;
  }
  for (let offset = 0; offset < end; offset += BLOCK) {
    compressSha256(STATE, block, offset);
  }
}

/** Writes a text to {@linkcode block}. Returns its bytes. */
function load(text: string): number {
  const most = 3 * text.length + 2 * BLOCK;
  if (most > block.length) block = new Uint8Array(2 * most);
  return ENCODER.encodeInto(text, block).written;
}

/** Writes words, the highest byte first. */
function store(words: Int32Array, bytes: Uint8Array): void {
  for (let i = 0; i < words.length; i++) {
    const word = at(words, i);
    bytes[4 * i] = word >>> 24;
    bytes[4 * i + 1] = word >>> 16;
    bytes[4 * i + 2] = word >>> 8;
    bytes[4 * i + 3] = word;
  }
}

/** Character codes of a hash in hexadecimal; one string is made of them, not 32. */
const CODES = Array.from({ length: 2 * SIZE }, () => 0);

function hexOf(words: Int32Array): string {
  for (let i = 0; i < 2 * SIZE; i++) {
    const digit = at(words, i >>> 3) >>> 28 - 4 * (i & 7) & 15;
    CODES[i] = digit < 10 ? 48 + digit : 87 + digit;
  }
  return String.fromCharCode(...CODES);
}

/** An element that is there; the type knows nothing of bounds. */
function at(elements: Int32Array | Uint8Array, index: number): number {
  return elements[index] ?? 0;
}
