// MD5, SHA-1, SHA-256 and SHA-512 of bytes that come piece by piece, in
// AssemblyScript, for platforms that have no hash of their own that grows.
// `deno task gen:wasm` compiles it.
//
// One instance is one hash. A piece of input is written to `room()`, then
// `update(length)` takes it; `digest()` leaves the hash at 0 and returns its
// bytes.
//
// Source: RFC 1321; FIPS 180-4, sections 4 to 6.

const MD5 = 0;
const SHA1 = 1;
const SHA256 = 2;
const SHA512 = 3;

// Memory: the state, which becomes the hash, the schedule, what is held and the
// new piece. The tables lie behind the pages of the input.
const STATE: usize = 0;
const W: usize = 64;
const INPUT: usize = 1024;

let kind = 0;
let block: usize = 64;
let held: usize = 0;
let length: u64 = 0;

/** Section 4.2.3; those of SHA-256 are the upper halves of the first 64. */
const K: StaticArray<u64> = [
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
  0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
  0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
  0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
  0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
  0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
  0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
  0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
  0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
  0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
  0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
  0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
  0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
  0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
  0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
  0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
  0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
  0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
  0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
  0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
];

/** Section 5.3.5; those of SHA-256 are the upper halves. */
const INITIAL: StaticArray<u64> = [
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
  0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
];

/** Integer part of 2^32 times the sine of 1 to 64. */
const SINES: StaticArray<u32> = [
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
  0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
  0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
  0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
  0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
  0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
  0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
  0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
  0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/** How far each round of MD5 turns. */
const TURNS: StaticArray<u8> = [
  7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21,
];

export function init(which: i32): void {
  kind = which;
  block = kind == SHA512 ? 128 : 64;
  if (kind == SHA512) {
    for (let i: usize = 0; i < 8; i++) set64(STATE, i, unchecked(INITIAL[<i32> i]));
  } else if (kind == SHA256) {
    for (let i: usize = 0; i < 8; i++) {
      set32(STATE, i, <u32> (unchecked(INITIAL[<i32> i]) >> 32));
    }
  } else {
    set32(STATE, 0, 0x67452301);
    set32(STATE, 1, 0xefcdab89);
    set32(STATE, 2, 0x98badcfe);
    set32(STATE, 3, 0x10325476);
    set32(STATE, 4, 0xc3d2e1f0);
  }
}

/** Where the next piece is written. */
export function room(): usize {
  return INPUT + held;
}

/** Takes the piece that was written. */
export function update(added: usize): void {
  length += <u64> added;
  let left = held + added;
  let at = INPUT;
  for (; left >= block; left -= block, at += block) compress(at);
  memory.copy(INPUT, at, left);
  held = left;
}

/** Ends the hash. Returns its bytes. */
export function digest(): usize {
  const bits = length << 3;
  const counter: usize = kind == SHA512 ? 16 : 8;
  const end = held < block - counter ? block : 2 * block;
  memory.fill(INPUT + held, 0, end - held);
  store<u8>(INPUT + held, 0x80);
  store<u64>(INPUT + end - 8, kind == MD5 ? bits : bswap(bits));
  for (let at: usize = 0; at < end; at += block) compress(INPUT + at);
  if (kind == MD5) return 16;
  if (kind == SHA512) {
    for (let i: usize = 0; i < 8; i++) set64(STATE, i, bswap(get64(STATE, i)));
    return 64;
  }
  for (let i: usize = 0; i < 8; i++) {
    set32(STATE, i, bswap<u32>(get32(STATE, i)));
  }
  return kind == SHA1 ? 20 : 32;
}

function compress(at: usize): void {
  if (kind == SHA256) sha256(at);
  else if (kind == SHA1) sha1(at);
  else if (kind == SHA512) sha512(at);
  else md5(at);
}

function md5(at: usize): void {
  let a = get32(STATE, 0);
  let b = get32(STATE, 1);
  let c = get32(STATE, 2);
  let d = get32(STATE, 3);
  for (let t: u32 = 0; t < 64; t++) {
    let mixed: u32 = 0;
    let word: u32 = 0;
    if (t < 16) {
      mixed = b & c | ~b & d;
      word = t;
    } else if (t < 32) {
      mixed = d & b | ~d & c;
      word = 5 * t + 1 & 15;
    } else if (t < 48) {
      mixed = b ^ c ^ d;
      word = 3 * t + 5 & 15;
    } else {
      mixed = c ^ (b | ~d);
      word = 7 * t & 15;
    }
    const sum = a + mixed + unchecked(SINES[t]) + get32(at, word);
    const turn = <u32> unchecked(TURNS[(t >> 4 << 2) + (t & 3)]);
    a = d;
    d = c;
    c = b;
    b = b + rotl<u32>(sum, turn);
  }
  add32(0, a);
  add32(1, b);
  add32(2, c);
  add32(3, d);
}

function sha1(at: usize): void {
  for (let t: usize = 0; t < 16; t++) set32(W, t, bswap<u32>(get32(at, t)));
  for (let t: usize = 16; t < 80; t++) {
    const word = get32(W, t - 3) ^ get32(W, t - 8) ^ get32(W, t - 14) ^
      get32(W, t - 16);
    set32(W, t, rotl<u32>(word, 1));
  }
  let a = get32(STATE, 0);
  let b = get32(STATE, 1);
  let c = get32(STATE, 2);
  let d = get32(STATE, 3);
  let e = get32(STATE, 4);
  for (let t: usize = 0; t < 80; t++) {
    let mixed: u32 = 0;
    if (t < 20) mixed = (b & c ^ ~b & d) + 0x5a827999;
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (t < 60) mixed = (b & c ^ b & d ^ c & d) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = rotl<u32>(a, 5) + mixed + e + get32(W, t);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  add32(0, a);
  add32(1, b);
  add32(2, c);
  add32(3, d);
  add32(4, e);
}

function sha256(at: usize): void {
  for (let t: usize = 0; t < 16; t++) set32(W, t, bswap<u32>(get32(at, t)));
  for (let t: usize = 16; t < 64; t++) {
    const x = get32(W, t - 15);
    const y = get32(W, t - 2);
    set32(
      W,
      t,
      get32(W, t - 16) + get32(W, t - 7) +
        (rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ x >> 3) +
        (rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ y >> 10),
    );
  }
  let a = get32(STATE, 0);
  let b = get32(STATE, 1);
  let c = get32(STATE, 2);
  let d = get32(STATE, 3);
  let e = get32(STATE, 4);
  let f = get32(STATE, 5);
  let g = get32(STATE, 6);
  let h = get32(STATE, 7);
  for (let t: usize = 0; t < 64; t++) {
    const one = h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) +
      (g ^ e & (f ^ g)) + <u32> (unchecked(K[<i32> t]) >> 32) + get32(W, t);
    const two = (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) +
      (a & b | c & (a | b));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  add32(0, a);
  add32(1, b);
  add32(2, c);
  add32(3, d);
  add32(4, e);
  add32(5, f);
  add32(6, g);
  add32(7, h);
}

function sha512(at: usize): void {
  for (let t: usize = 0; t < 16; t++) set64(W, t, bswap(get64(at, t)));
  for (let t: usize = 16; t < 80; t++) {
    const x = get64(W, t - 15);
    const y = get64(W, t - 2);
    set64(
      W,
      t,
      get64(W, t - 16) + get64(W, t - 7) +
        (rotr(x, 1) ^ rotr(x, 8) ^ x >> 7) +
        (rotr(y, 19) ^ rotr(y, 61) ^ y >> 6),
    );
  }
  let a = get64(STATE, 0);
  let b = get64(STATE, 1);
  let c = get64(STATE, 2);
  let d = get64(STATE, 3);
  let e = get64(STATE, 4);
  let f = get64(STATE, 5);
  let g = get64(STATE, 6);
  let h = get64(STATE, 7);
  for (let t: usize = 0; t < 80; t++) {
    const one = h + (rotr(e, 14) ^ rotr(e, 18) ^ rotr(e, 41)) +
      (g ^ e & (f ^ g)) + unchecked(K[<i32> t]) + get64(W, t);
    const two = (rotr(a, 28) ^ rotr(a, 34) ^ rotr(a, 39)) +
      (a & b | c & (a | b));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  set64(STATE, 0, get64(STATE, 0) + a);
  set64(STATE, 1, get64(STATE, 1) + b);
  set64(STATE, 2, get64(STATE, 2) + c);
  set64(STATE, 3, get64(STATE, 3) + d);
  set64(STATE, 4, get64(STATE, 4) + e);
  set64(STATE, 5, get64(STATE, 5) + f);
  set64(STATE, 6, get64(STATE, 6) + g);
  set64(STATE, 7, get64(STATE, 7) + h);
}

function add32(index: usize, value: u32): void {
  set32(STATE, index, get32(STATE, index) + value);
}

function get32(at: usize, index: usize): u32 {
  return load<u32>(at + 4 * index);
}

function set32(at: usize, index: usize, value: u32): void {
  store<u32>(at + 4 * index, value);
}

function get64(at: usize, index: usize): u64 {
  return load<u64>(at + 8 * index);
}

function set64(at: usize, index: usize, value: u64): void {
  store<u64>(at + 8 * index, value);
}
