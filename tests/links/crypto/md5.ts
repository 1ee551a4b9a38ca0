const BLOCK = 64;
const SHIFTS = ["7 12 17 22", "5 9 14 20", "4 11 16 23", "6 10 15 21"].map(
  (round) => round.split(" ").map(Number),
);

/** Rotation and added constant of each of the 64 steps. */
const TURNS = Uint8Array.from(
  { length: 64 },
  (_, step) => SHIFTS[step >> 4]?.[step & 3] ?? 0,
);
const SINES = Uint32Array.from(
  { length: 64 },
  (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32),
);

/** An MD5 sum (RFC 1321) that is fed piece by piece. */
export class Md5 {
  #state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  #words = new Uint32Array(BLOCK / 4);
  #rest = new Uint8Array(BLOCK);
  #length = 0;

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    let used = this.#length % BLOCK;
    this.#length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + BLOCK - used);
      this.#rest.set(piece, used);
      used += piece.length;
      at += piece.length;
      if (used < BLOCK) return;
      this.#mix();
      used = 0;
    }
  }

  /** Ends the sum; nothing may be added after. */
  digest(): Uint8Array<ArrayBuffer> {
    const bits = BigInt(this.#length) * 8n;
    const padding = new Uint8Array(BLOCK - (this.#length + 8) % BLOCK + 8);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits, true);
    this.update(padding);
    const result = new DataView(new ArrayBuffer(16));
    this.#state.forEach((word, i) => result.setUint32(i * 4, word, true));
    return new Uint8Array(result.buffer);
  }

  #mix(): void {
    const view = new DataView(this.#rest.buffer);
    for (let i = 0; i < BLOCK / 4; i++) {
      this.#words[i] = view.getUint32(i * 4, true);
    }
    const [a0 = 0, b0 = 0, c0 = 0, d0 = 0] = this.#state;
    let [a, b, c, d] = [a0, b0, c0, d0];
    for (let step = 0; step < 64; step++) {
      let chosen: number;
      let word: number;
      if (step < 16) {
        chosen = (b & c) | (~b & d);
        word = step;
      } else if (step < 32) {
        chosen = (d & b) | (~d & c);
        word = 5 * step + 1;
      } else if (step < 48) {
        chosen = b ^ c ^ d;
        word = 3 * step + 5;
      } else {
        chosen = c ^ (b | ~d);
        word = 7 * step;
      }
      const sum = (a + chosen + (SINES[step] ?? 0) +
        (this.#words[word % 16] ?? 0)) | 0;
      const turn = TURNS[step] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + (sum << turn | sum >>> (32 - turn))) | 0;
    }
    this.#state.set([a0 + a, b0 + b, c0 + c, d0 + d]);
  }
}
