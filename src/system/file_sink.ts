/**
 * Files that take bytes from a stream.
 *
 * @module
 */

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
