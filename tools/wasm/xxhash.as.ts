// XXH64, XXH3-64 and XXH3-128 with seed 0, in AssemblyScript: no number of
// JavaScript holds 64 bits. `deno task gen:wasm` compiles it.
//
// One instance is one hash. A piece of input is written to `room()`, then
// `update(length)` takes it; `digest()` leaves the canonical form at 0.
//
// Source: "xxHash fast digest algorithm" 0.2.0, doc/xxhash_spec.md of xxHash.

const PRIME32_1: u64 = 0x9e3779b1;
const PRIME32_2: u64 = 0x85ebca77;
const PRIME32_3: u64 = 0xc2b2ae3d;
const PRIME64_1: u64 = 0x9e3779b185ebca87;
const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME64_3: u64 = 0x165667b19e3779f9;
const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
const PRIME64_5: u64 = 0x27d4eb2f165667c5;
const PRIME_MX1: u64 = 0x165667919e3779f9;
const PRIME_MX2: u64 = 0x9fb21c651e98df25;

const XXH64 = 0;
const XXH3_64 = 1;

// Memory: the result, the accumulators, the secret, then the last stripe of the
// block before, what is held, and the new piece, without a gap between them.
const RESULT: usize = 0;
const ACC: usize = 64;
const SECRET: usize = 128;
const INPUT: usize = 384;
const STRIPE: usize = 64;
const BLOCK: usize = 1024;

let kind = 0;
let held: usize = 0;
let length: u64 = 0;
/** The upper half of the last product. */
let upper: u64 = 0;

export function init(which: i32): void {
  kind = which;
  if (kind == XXH64) {
    setAcc(0, PRIME64_1 + PRIME64_2);
    setAcc(1, PRIME64_2);
    setAcc(2, 0);
    setAcc(3, 0 - PRIME64_1);
    return;
  }
  setAcc(0, PRIME32_3);
  setAcc(1, PRIME64_1);
  setAcc(2, PRIME64_2);
  setAcc(3, PRIME64_3);
  setAcc(4, PRIME64_4);
  setAcc(5, PRIME32_2);
  setAcc(6, PRIME64_5);
  setAcc(7, PRIME32_1);
  // The default secret.
  setSecret(0, 0xbe4ba423396cfeb8);
  setSecret(1, 0x1cad21f72c81017c);
  setSecret(2, 0xdb979083e96dd4de);
  setSecret(3, 0x1f67b3b7a4a44072);
  setSecret(4, 0x78e5c0cc4ee679cb);
  setSecret(5, 0x2172ffcc7dd05a82);
  setSecret(6, 0x8e2443f7744608b8);
  setSecret(7, 0x4c263a81e69035e0);
  setSecret(8, 0xcb00c391bb52283c);
  setSecret(9, 0xa32e531b8b65d088);
  setSecret(10, 0x4ef90da297486471);
  setSecret(11, 0xd8acdea946ef1938);
  setSecret(12, 0x3f349ce33f76faa8);
  setSecret(13, 0x1d4f0bc7c7bbdcf9);
  setSecret(14, 0x3159b4cd4be0518a);
  setSecret(15, 0x647378d9c97e9fc8);
  setSecret(16, 0xc3ebd33483acc5ea);
  setSecret(17, 0xeb6313faffa081c5);
  setSecret(18, 0x49daf0b751dd0d17);
  setSecret(19, 0x9e68d429265516d3);
  setSecret(20, 0xfca1477d58be162b);
  setSecret(21, 0xce31d07ad1b8f88f);
  setSecret(22, 0x280416958f3acb45);
  setSecret(23, 0x7e404bbbcafbd7af);
}

/** Where the next piece is written. */
export function room(): usize {
  return INPUT + STRIPE + held;
}

/** Takes the piece that was written. */
export function update(added: usize): void {
  length += <u64> added;
  let left = held + added;
  let at = INPUT + STRIPE;
  if (kind == XXH64) {
    let a = acc(0);
    let b = acc(1);
    let c = acc(2);
    let d = acc(3);
    for (; left >= 32; left -= 32, at += 32) {
      a = round(a, word(at));
      b = round(b, word(at + 8));
      c = round(c, word(at + 16));
      d = round(d, word(at + 24));
    }
    setAcc(0, a);
    setAcc(1, b);
    setAcc(2, c);
    setAcc(3, d);
  } else {
    // A full block waits: it may be the last.
    for (; left > BLOCK; left -= BLOCK, at += BLOCK) {
      for (let n: usize = 0; n < 16; n++) accumulate(at + 64 * n, 8 * n);
      scramble();
    }
  }
  memory.copy(INPUT, at - STRIPE, STRIPE + left);
  held = left;
}

/** Writes the hash of all input, big-endian. */
export function digest(): void {
  if (kind == XXH64) return setResult(0, finish64());
  const input = INPUT + STRIPE;
  const size = <usize> length;
  if (kind == XXH3_64) {
    return setResult(0, length > 240 ? large(11, length * PRIME64_1)
      : size > 16 ? medium64(input, size)
      : small64(input, size));
  }
  if (length > 240) {
    const low = large(11, length * PRIME64_1);
    // The accumulators are as the last stripe left them.
    setResult(0, merge(117, ~(length * PRIME64_2)));
    setResult(1, low);
  } else if (size > 16) medium128(input, size);
  else small128(input, size);
}

// XXH64

function round(lane: u64, input: u64): u64 {
  return rotl(lane + input * PRIME64_2, 31) * PRIME64_1;
}

function finish64(): u64 {
  let hash = PRIME64_5;
  if (length >= 32) {
    hash = rotl(acc(0), 1) + rotl(acc(1), 7) + rotl(acc(2), 12) +
      rotl(acc(3), 18);
    for (let i: usize = 0; i < 4; i++) {
      hash = (hash ^ round(0, acc(i))) * PRIME64_1 + PRIME64_4;
    }
  }
  hash += length;
  let at = INPUT + STRIPE;
  let left = held;
  for (; left >= 8; left -= 8, at += 8) {
    hash = rotl(hash ^ round(0, word(at)), 27) * PRIME64_1 + PRIME64_4;
  }
  if (left >= 4) {
    hash = rotl(hash ^ half(at) * PRIME64_1, 23) * PRIME64_2 + PRIME64_3;
    left -= 4;
    at += 4;
  }
  for (; left > 0; left--, at++) {
    hash = rotl(hash ^ <u64> load<u8>(at) * PRIME64_5, 11) * PRIME64_1;
  }
  return avalanche64(hash);
}

// XXH3, up to 16 bytes

function small64(input: usize, size: usize): u64 {
  if (size > 8) {
    const low = secret(24) ^ secret(32) ^ word(input);
    const high = secret(40) ^ secret(48) ^ word(input + size - 8);
    return avalanche(<u64> size + bswap(low) + high + fold(low, high));
  }
  if (size >= 4) {
    const joined = half(input + size - 4) | half(input) << 32;
    let value = secret(8) ^ secret(16) ^ joined;
    value ^= rotl(value, 49) ^ rotl(value, 24);
    value *= PRIME_MX2;
    value ^= (value >> 35) + <u64> size;
    value *= PRIME_MX2;
    return value ^ value >> 28;
  }
  if (size > 0) {
    return avalanche64(
      <u64> (load<u32>(SECRET) ^ load<u32>(SECRET + 4)) ^
        <u64> few(input, size),
    );
  }
  return avalanche64(secret(56) ^ secret(64));
}

function small128(input: usize, size: usize): void {
  if (size > 8) {
    const last = word(input + size - 8);
    const one = secret(32) ^ secret(40) ^ word(input) ^ last;
    const two = secret(48) ^ secret(56) ^ last;
    let low = multiply(one, PRIME64_1) + (<u64> (size - 1) << 54);
    let high = upper + (two & 0xffffffff00000000) +
      (two & 0xffffffff) * PRIME32_2;
    low ^= bswap(high);
    const product = multiply(low, PRIME64_2);
    high = upper + high * PRIME64_2;
    return setBoth(avalanche(product), avalanche(high));
  }
  if (size >= 4) {
    const joined = half(input) | half(input + size - 4) << 32;
    const value = secret(16) ^ secret(24) ^ joined;
    let low = multiply(value, PRIME64_1 + (<u64> size << 2));
    const high = upper + (low << 1);
    low ^= high >> 3;
    low ^= low >> 35;
    low *= PRIME_MX2;
    return setBoth(low ^ low >> 28, avalanche(high));
  }
  if (size > 0) {
    const joined = few(input, size);
    const low = <u64> (load<u32>(SECRET) ^ load<u32>(SECRET + 4)) ^
      <u64> joined;
    const high = <u64> (load<u32>(SECRET + 8) ^ load<u32>(SECRET + 12)) ^
      <u64> rotl<u32>(bswap<u32>(joined), 13);
    return setBoth(avalanche64(low), avalanche64(high));
  }
  setBoth(
    avalanche64(secret(64) ^ secret(72)),
    avalanche64(secret(80) ^ secret(88)),
  );
}

/** One to three bytes and their number. */
function few(input: usize, size: usize): u32 {
  return <u32> load<u8>(input + size - 1) | <u32> size << 8 |
    <u32> load<u8>(input) << 16 | <u32> load<u8>(input + (size >> 1)) << 24;
}

// XXH3, 17 to 240 bytes

function medium64(input: usize, size: usize): u64 {
  let sum = <u64> size * PRIME64_1;
  if (size <= 128) {
    for (let i = <i32> ((size - 1) >> 5); i >= 0; i--) {
      const offset = <usize> i * 16;
      sum += mix(input + offset, 2 * offset);
      sum += mix(input + size - offset - 16, 2 * offset + 16);
    }
    return avalanche(sum);
  }
  for (let i: usize = 0; i < 8; i++) sum += mix(input + 16 * i, 16 * i);
  sum = avalanche(sum);
  for (let i: usize = 8; i < size >> 4; i++) {
    sum += mix(input + 16 * i, 16 * (i - 8) + 3);
  }
  return avalanche(sum + mix(input + size - 16, 119));
}

let first: u64 = 0;
let second: u64 = 0;

function medium128(input: usize, size: usize): void {
  first = <u64> size * PRIME64_1;
  second = 0;
  if (size <= 128) {
    for (let i = <i32> ((size - 1) >> 5); i >= 0; i--) {
      const offset = <usize> i * 16;
      mixTwo(input + offset, input + size - offset - 16, 2 * offset);
    }
  } else {
    for (let i: usize = 0; i < 4; i++) {
      mixTwo(input + 32 * i, input + 32 * i + 16, 32 * i);
    }
    first = avalanche(first);
    second = avalanche(second);
    for (let i: usize = 4; i < size >> 5; i++) {
      mixTwo(input + 32 * i, input + 32 * i + 16, 32 * (i - 4) + 3);
    }
    mixTwo(input + size - 16, input + size - 32, 103);
  }
  const high = first * PRIME64_1 + second * PRIME64_4 +
    <u64> size * PRIME64_2;
  setBoth(avalanche(first + second), 0 - avalanche(high));
}

function mix(input: usize, offset: usize): u64 {
  return fold(
    word(input) ^ secret(offset),
    word(input + 8) ^ secret(offset + 8),
  );
}

function mixTwo(one: usize, other: usize, offset: usize): void {
  first = first + mix(one, offset) ^ word(other) + word(other + 8);
  second = second + mix(other, offset + 16) ^ word(one) + word(one + 8);
}

// XXH3, more than 240 bytes

/** Takes what is held and the last stripe; merges the accumulators. */
function large(offset: usize, initial: u64): u64 {
  const input = INPUT + STRIPE;
  const stripes = (held - 1) / STRIPE;
  for (let n: usize = 0; n < stripes; n++) accumulate(input + 64 * n, 8 * n);
  accumulate(input + held - STRIPE, 121);
  return merge(offset, initial);
}

function accumulate(stripe: usize, offset: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const data = v128.load(stripe + i);
    const keyed = v128.xor(data, v128.load(SECRET + offset + i));
    const product = i64x2.extmul_low_i32x4_u(
      v128.shuffle<u32>(keyed, keyed, 0, 2, 0, 2),
      v128.shuffle<u32>(keyed, keyed, 1, 3, 1, 3),
    );
    const swapped = v128.shuffle<u64>(data, data, 1, 0);
    v128.store(
      ACC + i,
      i64x2.add(v128.load(ACC + i), i64x2.add(swapped, product)),
    );
  }
}

function scramble(): void {
  for (let i: usize = 0; i < 8; i++) {
    const lane = acc(i);
    setAcc(i, (lane ^ lane >> 47 ^ secret(128 + 8 * i)) * PRIME32_1);
  }
}

function merge(offset: usize, initial: u64): u64 {
  let sum = initial;
  for (let i: usize = 0; i < 4; i++) {
    sum += fold(
      acc(2 * i) ^ secret(offset + 16 * i),
      acc(2 * i + 1) ^ secret(offset + 16 * i + 8),
    );
  }
  return avalanche(sum);
}

// What all of them use

function avalanche(value: u64): u64 {
  value = (value ^ value >> 37) * PRIME_MX1;
  return value ^ value >> 32;
}

function avalanche64(value: u64): u64 {
  value = (value ^ value >> 33) * PRIME64_2;
  value = (value ^ value >> 29) * PRIME64_3;
  return value ^ value >> 32;
}

/** The lower half of a product; the upper one is left in `upper`. */
function multiply(a: u64, b: u64): u64 {
  const low = (a & 0xffffffff) * (b & 0xffffffff);
  const cross = (a >> 32) * (b & 0xffffffff);
  const other = (a & 0xffffffff) * (b >> 32) + (cross & 0xffffffff) +
    (low >> 32);
  upper = (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
  return other << 32 | low & 0xffffffff;
}

function fold(a: u64, b: u64): u64 {
  const low = multiply(a, b);
  return low ^ upper;
}

function word(at: usize): u64 {
  return load<u64>(at);
}

function half(at: usize): u64 {
  return <u64> load<u32>(at);
}

function secret(offset: usize): u64 {
  return load<u64>(SECRET + offset);
}

function setSecret(index: usize, value: u64): void {
  store<u64>(SECRET + 8 * index, value);
}

function acc(index: usize): u64 {
  return load<u64>(ACC + 8 * index);
}

function setAcc(index: usize, value: u64): void {
  store<u64>(ACC + 8 * index, value);
}

function setBoth(low: u64, high: u64): void {
  setResult(0, high);
  setResult(1, low);
}

function setResult(index: usize, value: u64): void {
  store<u64>(RESULT + 8 * index, bswap(value));
}
