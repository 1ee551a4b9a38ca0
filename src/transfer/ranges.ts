/**
 * Ranges of bytes.
 *
 * @module
 */

/** A range of bytes, not empty. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly start: number;
  /** Position behind the last byte. */
  readonly end: number;
}

/**
 * Cuts a length into ranges.
 *
 * @param length The length, in bytes.
 * @param rangeSize Length of a range, in bytes; the last one may be shorter.
 */
export function* rangesOf(
  length: number,
  rangeSize: number,
): Generator<ByteRange, void, void> {
  for (let start = 0; start < length; start += rangeSize) {
    yield { start, end: Math.min(start + rangeSize, length) };
  }
}

/** A range as HTTP writes it, with the position of its last byte. */
export function rangeText({ start, end }: ByteRange): string {
  return `bytes=${start}-${end - 1}`;
}
