/**
 * A stream read into one array.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Room for a body of unknown length; it doubles when full. */
const FIRST_ROOM = 16 * 1_024;

/** Room that is made on the word of a header alone. */
const TRUSTED_ROOM = 64 * 1_024 * 1_024;

/**
 * Reads a stream to its end. Byte streams are read into room of the right
 * size, which costs half of what the platform's own pieces cost.
 *
 * @param stream The stream.
 * @param expected Its length, as far as it is known.
 * @param heard Told the length of each piece.
 */
export async function readWhole(
  stream: ReadableStream<Bytes>,
  expected: number | undefined,
  heard: (length: number) => void,
): Promise<Bytes> {
  const reader = byteReader(stream);
  if (reader === undefined) return await readPieces(stream, heard);
  let room = new Uint8Array(Math.min(expected ?? FIRST_ROOM, TRUSTED_ROOM));
  let length = 0;
  while (length !== expected) {
    const full = length === room.length;
    // Full: one more byte shows whether that was the end.
    const place = full ? new Uint8Array(1) : room.subarray(length);
    const { done, value } = await reader.read(place);
    // The platform took the room away and hands it back, at the end too.
    if (!full && value !== undefined) room = new Uint8Array(value.buffer);
    if (done) break;
    heard(value.length);
    if (full) {
      room = doubled(room);
      room.set(value, length);
    }
    length += value.length;
  }
  // Nothing can follow the last byte. Saying so is cheaper than asking.
  if (length === expected) reader.cancel().catch(() => {});
  return length === room.length ? room : room.slice(0, length);
}

async function readPieces(
  stream: ReadableStream<Bytes>,
  heard: (length: number) => void,
): Promise<Bytes> {
  const pieces: Bytes[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(pieces);
    heard(value.length);
    pieces.push(value);
  }
}

/** The only way to ask a stream whether it is one of bytes is to try. */
function byteReader(
  stream: ReadableStream<Bytes>,
): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function doubled(room: Bytes): Bytes {
  const larger = new Uint8Array(Math.max(room.length * 2, FIRST_ROOM));
  larger.set(room);
  return larger;
}
