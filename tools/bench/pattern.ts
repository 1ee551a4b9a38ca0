/**
 * Bytes that follow from their position, so that whoever has them can tell
 * whether they are right.
 *
 * @module
 */

/** Prime, so that no two parts of a transfer begin with the same bytes. */
const PERIOD = 1_048_573;

const BYTES = once();

/**
 * The bytes of a range, in pieces of up to a period.
 *
 * @param start Position of the first byte.
 * @param end Position behind the last byte.
 */
export function* pattern(
  start: number,
  end: number,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  for (let at = start; at < end;) {
    const from = at % PERIOD;
    const piece = BYTES.subarray(from, Math.min(PERIOD, from + end - at));
    yield piece;
    at += piece.length;
  }
}

/** Compares a stream with the pattern. Returns its length. */
export async function checkPattern(
  stream: ReadableStream<Uint8Array>,
  start: number,
): Promise<number> {
  let at = start;
  for await (const piece of stream) {
    let checked = 0;
    for (const expected of pattern(at, at + piece.length)) {
      for (const byte of expected) {
        if (piece[checked++] !== byte) {
          throw new Error(`the byte at ${at + checked - 1} is wrong`);
        }
      }
    }
    at += piece.length;
  }
  return at - start;
}

/** A xorshift generator, as any would do. */
function once(): Uint8Array<ArrayBuffer> {
  let state = 0x2545f491;
  return Uint8Array.from({ length: PERIOD }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
