/**
 * Bodies that go on where they break off.
 *
 * @module
 */
import { concat } from "../foundation/bytes.ts";
import { ProtocolError, TransportError } from "../foundation/errors.ts";
import type { ResponseBody } from "../ports/http.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a body needs to go on. */
export interface Continuation {
  /** Length of the whole body, where it is known. */
  readonly length?: number;
  /**
   * Asks for the rest.
   *
   * @param received The bytes that are there already.
   * @param failure How the body broke.
   * @param signal Ends the asking early.
   * @throws The failure, or a later one, if there is no going on.
   */
  readonly rest: (
    received: number,
    failure: TransportError,
    signal: AbortSignal,
  ) => Promise<ResponseBody>;
  /** Told when the body was read to its end or cancelled. */
  readonly settle: () => void;
}

/** A body that asks for the rest of itself when it breaks. */
export class ResumedBody implements ResponseBody {
  readonly #continuation: Continuation;
  #asking: AbortController | undefined;
  #cancelled = false;
  #body: ResponseBody;
  #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  #received = 0;

  /**
   * Wraps a body.
   *
   * @param body The body as it came.
   * @param continuation How it goes on.
   */
  constructor(body: ResponseBody, continuation: Continuation) {
    this.#body = body;
    this.#continuation = continuation;
  }

  open(): ReadableStream<Bytes> {
    // Now, as a body that was read before has to be refused here.
    this.#reader = this.#body.open().getReader();
    return new ReadableStream<Bytes>({
      pull: async (controller): Promise<void> => {
        const piece = await this.#next();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel: async (reason): Promise<void> => await this.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async bytes(): Promise<Bytes> {
    let bytes: Bytes | undefined;
    try {
      bytes = await this.#body.bytes();
    } catch (failure) {
      // What a body has read of itself is lost when it breaks.
      await this.#goOn(failure);
    }
    if (bytes === undefined) return await this.#pieces();
    this.#received = bytes.length;
    this.#finish();
    return bytes;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#cancelled = true;
    this.#asking?.abort(reason);
    this.#continuation.settle();
    await (this.#reader ?? this.#body).cancel(reason);
  }

  async #pieces(): Promise<Bytes> {
    const pieces: Bytes[] = [];
    while (true) {
      const piece = await this.#next();
      if (piece === undefined) return concat(pieces);
      pieces.push(piece);
    }
  }

  async #next(): Promise<Bytes | undefined> {
    while (true) {
      try {
        this.#reader ??= this.#body.open().getReader();
        const { value } = await this.#reader.read();
        if (value !== undefined) {
          this.#received += value.length;
          return value;
        }
        break;
      } catch (failure) {
        if (this.#received === this.#continuation.length) break;
        await this.#goOn(failure);
      }
    }
    this.#finish();
    return undefined;
  }

  async #goOn(failure: unknown): Promise<void> {
    if (!(failure instanceof TransportError) || this.#cancelled) throw failure;
    // A stream that broke would answer a cancellation with its failure.
    this.#reader = undefined;
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { rest } = this.#continuation;
    this.#body = await rest(this.#received, failure, signal);
    this.#asking = undefined;
    if (this.#cancelled) {
      await this.#body.cancel();
      throw failure;
    }
  }

  #finish(): void {
    const { length, settle } = this.#continuation;
    if (length !== undefined && this.#received !== length) {
      throw new ProtocolError(
        `Cannot trust the body: it has ${this.#received} bytes, the service says ${length}`,
      );
    }
    settle();
  }
}

/** A part of a body that came whole. */
export class PartOfBody implements ResponseBody {
  readonly #body: ResponseBody;
  readonly #skip: number;
  readonly #length: number;

  /**
   * Wraps a body.
   *
   * @param body The body as it came.
   * @param part Bytes before the part, and its length; without one it is the rest.
   */
  constructor(
    body: ResponseBody,
    { skip, length = Infinity }: {
      readonly skip: number;
      readonly length?: number;
    },
  ) {
    this.#body = body;
    this.#skip = skip;
    this.#length = length;
  }

  open(): ReadableStream<Bytes> {
    const reader = this.#body.open().getReader();
    let skip = this.#skip;
    let left = this.#length;
    return new ReadableStream<Bytes>({
      async pull(controller): Promise<void> {
        while (left > 0) {
          const { value } = await reader.read();
          if (value === undefined) break;
          const piece = value.subarray(Math.min(skip, value.length))
            .subarray(0, left);
          skip -= Math.min(skip, value.length);
          left -= piece.length;
          if (piece.length > 0) return controller.enqueue(piece);
        }
        if (left === 0) await reader.cancel();
        controller.close();
      },
      cancel: async (reason): Promise<void> => await reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async bytes(): Promise<Bytes> {
    return await new Response(this.open()).bytes();
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}
