/**
 * Streams that can be handed out before they can be opened.
 *
 * @module
 */

/**
 * Makes a stream whose source is opened when its first piece is asked for.
 *
 * @param open Opens the source.
 */
export function deferredStream(
  open: () => Promise<ReadableStream<Uint8Array>>,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      reader ??= (await open()).getReader();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason): Promise<void> {
      await reader?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
