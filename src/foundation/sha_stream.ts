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

import { compressSha256, SHA256_INITIAL } from "./digest.ts";

/** Bytes that are taken at a time. */
const BLOCK = 64;

/** Bytes of a block that hold the message's length at the end. */
const LENGTH = 8;

/** Takes one block into the state. */
type Compress = (
  state: Int32Array,
  block: Uint8Array,
  offset: number,
) => void;

/** A hash that grows. */
export class ShaStream {
  readonly #state: Int32Array;
  readonly #compress: Compress;
  readonly #rest = new Uint8Array(BLOCK);
  #length = 0;

  private constructor(initial: Int32Array, compress: Compress) {
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
      this.#compress(this.#state, this.#rest, 0);
    }
    let offset = first;
    for (; offset + BLOCK <= bytes.length; offset += BLOCK) {
      this.#compress(this.#state, bytes, offset);
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

const SHA1_INITIAL = Int32Array.of(
  0x67452301,
  0xefcdab89,
  0x98badcfe,
  0x10325476,
  0xc3d2e1f0,
);

/** Scratch: filled and read within one call of {@linkcode compressSha1}. */
const SHA1_SCHEDULE = new Int32Array(80);

/** Section 6.1.2. */
function compressSha1(
  state: Int32Array,
  block: Uint8Array,
  offset: number,
): void {
  const w = SHA1_SCHEDULE;
  const view = viewOf(block);
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(offset + 4 * t);
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
