/**
 * Open files as streams of bytes, to read and to write.
 *
 * @module
 */

/**
 * Most bytes that are read at a time. The file's own `readable` takes 64 KiB,
 * each by way of another thread: the way then costs more than the bytes.
 */
const MOST = 512 * 1_024;

/** Fewest bytes that are asked for. */
const LEAST = 16 * 1_024;

/** What is asked for of a file that does not tell how long it is: what a pipe holds. */
const UNTOLD = 64 * 1_024;

/**
 * Makes a stream that reads an open file, and closes it in the end, however it
 * ends. It reads nothing ahead.
 *
 * @param file The file, open for reading at the position of the first byte.
 * @param length How many bytes it should have from there, where that is known.
 */
export function fileSource(
  file: Deno.FsFile,
  length: number | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieceSize = Math.min(MOST, Math.max(LEAST, length ?? UNTOLD));
  let ended = false;
  const end = (): void => {
    if (!ended) file.close();
    ended = true;
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const piece = new Uint8Array(pieceSize);
      try {
        const read = await file.read(piece);
        if (ended) return;
        if (read !== null) return controller.enqueue(piece.subarray(0, read));
      } catch (error) {
        end();
        throw error;
      }
      end();
      controller.close();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/**
 * Makes a stream that writes to an open file, and closes it in the end, however
 * it ends. The file's own `writable` keeps bytes back until it is closed, so
 * that a write which has succeeded may still fail, or be lost.
 *
 * @param file The file, open for writing at the position of the first byte.
 */
export function fileSink(file: Deno.FsFile): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: async (piece) => {
      try {
        await writeAll(file, piece);
      } catch (error) {
        // A stream whose write fails closes and aborts nothing any more.
        file.close();
        throw error;
      }
    },
    close: () => file.close(),
    abort: () => file.close(),
  });
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await file.write(bytes.subarray(written));
  }
}
