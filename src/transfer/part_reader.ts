/**
 * A stream, taken in pieces of the length that is asked for.
 *
 * @module
 */

import { concat } from "../foundation/bytes.ts";

/** Reads a stream in pieces of chosen lengths. */
export class PartReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What was read and not taken. */
  #rest: Uint8Array | undefined;

  /**
   * Locks a stream.
   *
   * @param stream The stream.
   */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /**
   * Takes the next bytes.
   *
   * @param length How many. There are fewer only where the stream ends.
   * @param signal Cancels the stream while its bytes are waited for.
   * @throws The signal's reason, once it is aborted.
   */
  async take(
    length: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const onAbort = (): void => {
      // That it ended early is told by the signal.
      this.cancel(signal?.reason).catch(() => {});
    };
    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort);
    try {
      const bytes = await this.#take(length);
      // A stream that is cancelled under a read looks as if it had ended.
      signal?.throwIfAborted();
      return bytes;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Puts bytes back that were taken last; they come again. */
  giveBack(bytes: Uint8Array): void {
    const rest = this.#rest ?? new Uint8Array();
    this.#rest = rest.length === 0 ? bytes : concat([bytes, rest]);
  }

  /** Ends the stream. One that has ended is left alone. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.#rest ?? (await this.#reader.read()).value;
      if (piece === undefined) return taken.slice(0, filled);
      const fitting = piece.subarray(0, length - filled);
      taken.set(fitting, filled);
      filled += fitting.length;
      this.#rest = fitting.length < piece.length
        ? piece.subarray(fitting.length)
        : undefined;
    }
    return taken;
  }
}
