/**
 * SHA-1 and SHA-256 that grow with the bytes they are given.
 *
 * Web Crypto hashes only what is in memory as a whole, and ten times as fast:
 * this is for streams.
 *
 * Source: FIPS 180-4, sections 4 to 6.
 *
 * @module
 */

/** Bytes that are taken at a time. */
const BLOCK = 64;

/** Bytes of a block that hold the message's length at the end. */
const LENGTH = 8;

/** Takes one block into the state. */
type Compress = (state: Int32Array, block: DataView, offset: number) => void;

/** A hash that grows. */
export class ShaStream {
  readonly #state: Int32Array;
  readonly #compress: Compress;
  readonly #rest = new Uint8Array(BLOCK);
  #length = 0;

  private constructor(initial: readonly number[], compress: Compress) {
    this.#state = Int32Array.from(initial);
    this.#compress = compress;
  }

  /** Starts a SHA-1. */
  static sha1(): ShaStream {
    return new ShaStream(SHA1_INITIAL, compressSha1);
  }

  /** Starts a SHA-256. */
  static sha256(): ShaStream {
    return new ShaStream(SHA256_INITIAL, compressSha256);
  }

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    const held = this.#length % BLOCK;
    this.#length += bytes.length;
    if (held + bytes.length < BLOCK) {
      this.#rest.set(bytes, held);
      return;
    }
    const first = held === 0 ? 0 : BLOCK - held;
    if (first > 0) {
      this.#rest.set(bytes.subarray(0, first), held);
      this.#compress(this.#state, viewOf(this.#rest), 0);
    }
    const view = viewOf(bytes);
    let offset = first;
    for (; offset + BLOCK <= bytes.length; offset += BLOCK) {
      this.#compress(this.#state, view, offset);
    }
    this.#rest.set(bytes.subarray(offset));
  }

  /** The hash of all bytes. Nothing can be added after it. */
  digest(): Uint8Array<ArrayBuffer> {
    const length = this.#length;
    const held = length % BLOCK;
    const padded = held < BLOCK - LENGTH ? BLOCK : 2 * BLOCK;
    const end = new Uint8Array(padded - held);
    end[0] = 0x80;
    viewOf(end).setBigUint64(end.length - LENGTH, BigInt(length) * 8n);
    this.update(end);

    const hash = new Uint8Array(4 * this.#state.length);
    const view = viewOf(hash);
    this.#state.forEach((word, i) => view.setInt32(4 * i, word));
    return hash;
  }
}

const SHA1_INITIAL = [
  0x67452301,
  0xefcdab89,
  0x98badcfe,
  0x10325476,
  0xc3d2e1f0,
];

/** Scratch: filled and read within one call of {@linkcode compressSha1}. */
const SHA1_SCHEDULE = new Int32Array(80);

/** Section 6.1.2. */
function compressSha1(
  state: Int32Array,
  block: DataView,
  offset: number,
): void {
  const w = SHA1_SCHEDULE;
  for (let t = 0; t < 16; t++) w[t] = block.getInt32(offset + 4 * t);
  for (let t = 16; t < 80; t++) {
    w[t] = left(
      at(w, t - 3) ^ at(w, t - 8) ^ at(w, t - 14) ^ at(w, t - 16),
      1,
    );
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let t = 0; t < 80; t++) {
    const next = left(a, 5) + sha1Round(t, b, c, d) + e + at(w, t) | 0;
    e = d;
    d = c;
    c = left(b, 30);
    b = a;
    a = next;
  }
  add(state, [a, b, c, d, e]);
}

/** The function and the constant of a round, sections 4.1.1 and 4.2.1. */
function sha1Round(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c ^ ~b & d) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return (b & c ^ b & d ^ c & d) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

const SHA256_INITIAL = [
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
];

/** Section 4.2.2. */
// deno-fmt-ignore
const SHA256_CONSTANTS = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

/** Scratch: filled and read within one call of {@linkcode compressSha256}. */
const SHA256_SCHEDULE = new Int32Array(64);

/** Section 6.2.2. */
function compressSha256(
  state: Int32Array,
  block: DataView,
  offset: number,
): void {
  const w = SHA256_SCHEDULE;
  for (let t = 0; t < 16; t++) w[t] = block.getInt32(offset + 4 * t);
  for (let t = 16; t < 64; t++) {
    const x = at(w, t - 15);
    const y = at(w, t - 2);
    w[t] = at(w, t - 16) + (left(x, 25) ^ left(x, 14) ^ x >>> 3) +
      at(w, t - 7) + (left(y, 15) ^ left(y, 13) ^ y >>> 10);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const first = h + (left(e, 26) ^ left(e, 21) ^ left(e, 7)) +
        (e & f ^ ~e & g) + at(SHA256_CONSTANTS, t) + at(w, t) | 0;
    const second = (left(a, 30) ^ left(a, 19) ^ left(a, 10)) +
        (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + first | 0;
    d = c;
    c = b;
    b = a;
    a = first + second | 0;
  }
  add(state, [a, b, c, d, e, f, g, h]);
}

function add(state: Int32Array, words: readonly number[]): void {
  words.forEach((word, i) => state[i] = at(state, i) + word);
}

/** Turns a word to the left. To the right by n is to the left by 32 - n. */
function left(word: number, bits: number): number {
  return word << bits | word >>> 32 - bits;
}

/** A word of an array; the type knows nothing of its bounds. */
function at(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
