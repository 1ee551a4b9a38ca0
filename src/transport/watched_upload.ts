/**
 * A request body that tells whose turn it is.
 *
 * @module
 */
import type { BodySource } from "../ports/http.ts";
import type { Exchange } from "./exchange.ts";

/**
 * A streamed request body under an exchange's clock: while its source is asked
 * for bytes, nobody waits for the server; while the platform sends a piece,
 * somebody does.
 */
export class WatchedUpload implements BodySource {
  /** Length in bytes, as the source has it. */
  readonly length: number | undefined;
  /** As the source has it. */
  readonly replayable: boolean;
  readonly #source: BodySource;
  readonly #exchange: Exchange;
  #released = false;

  /**
   * Wraps a body.
   *
   * @param source The body.
   * @param exchange The exchange that sends it.
   */
  constructor(source: BodySource, exchange: Exchange) {
    this.length = source.length;
    this.replayable = source.replayable;
    this.#source = source;
    this.#exchange = exchange;
  }

  open(): ReadableStream<Uint8Array> {
    this.#exchange.sent = false;
    const reader = this.#source.open().getReader();
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (this.#exchange.ended) return await stop(controller, reader);
        if (!this.#released) this.#exchange.pause();
        const { done, value } = await this.#read(reader);
        if (!this.#released) this.#exchange.resume();
        this.#exchange.sent = done;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => await reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  /** Leaves the clock alone from now on, as the answer has come. */
  release(): void {
    this.#released = true;
  }

  /** What the source throws is what the caller gets to see. */
  async #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await reader.read();
    } catch (error) {
      this.#exchange.abort(error);
      throw error;
    }
  }
}

/** The platform goes on to send after an early answer, and would do so for ever. */
async function stop(
  controller: ReadableStreamDefaultController<Uint8Array>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  const reason = new DOMException("The answer has come", "AbortError");
  controller.error(reason);
  await reader.cancel(reason);
}
