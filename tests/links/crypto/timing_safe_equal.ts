/**
 * Compares two buffers of one length in a time that does not tell where they
 * differ.
 *
 * @throws {TypeError} If the lengths differ.
 */
export function timingSafeEqual(
  a: ArrayBufferView | ArrayBufferLike,
  b: ArrayBufferView | ArrayBufferLike,
): boolean {
  if (a.byteLength !== b.byteLength) {
    throw new TypeError(
      "Cannot compare buffers of different byte lengths " +
        `(${a.byteLength} vs ${b.byteLength})`,
    );
  }
  const [left, right] = [bytesOf(a), bytesOf(b)];
  let difference = 0;
  for (let i = 0; i < left.length; i++) {
    difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  }
  return difference === 0;
}

function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
